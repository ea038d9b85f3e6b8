"""Estimation of covariate effects: a linear mixed model by expectation-maximisation.

Effects are estimated by regression on what level and season leave: values and covariates pass the
same filter (`forecastkit.series.regression`). The means and variances of the coefficients over
series are estimated in turn with the coefficients.

References
----------
Laird & Ware, "Random-effects models for longitudinal data", Biometrics 38 (1982); the prior of each
coefficient by its evidence: MacKay, "Bayesian interpolation", Neural Computation 4 (1992).
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np

from forecastkit.series.effects import NO_VARIANCE, Effects, covariates_of
from forecastkit.series.panel import Panel
from forecastkit.series.regression import RegressionSums, column_means
from forecastkit.series.scale import Scale, scaled

N_ROUNDS = 20
MAX_SERIES = 2000
MAX_SEASON = 400
# columns up to which all pairs are multiplied
MAX_PAIRED = 5
# values that tell whether a column has more than two
MAX_DISTINCT_ROWS = 10_000
# share of the observed range by which a column may exceed it before it is clipped
RANGE_MARGIN = 0.25
PRIOR_VARIANCE = 0.1


def pairs_of(panel: Panel) -> np.ndarray:
    """Pairs of future columns that are multiplied in a panel, shape (n_pairs, 2).

    Squares of columns with more than two values; where there are few columns, all pairs.

    Examples
    --------
    >>> from forecastkit.series.covariates import Covariates
    >>> from forecastkit.series.ragged import Ragged
    >>> y = Ragged.of([np.ones(3)])
    >>> price = Covariates.of_future(Ragged(np.array([[1.0], [2.0], [3.0]]), y.offsets))
    >>> pairs_of(Panel(y, price)).tolist()
    [[0, 0]]
    """
    beside = covariates_of(panel)
    rows = beside.before(panel.lengths)[:, beside.known_ahead][:, beside.effective]
    n = rows.shape[1]
    distinct = [len(np.unique(column[~np.isnan(column)][:MAX_DISTINCT_ROWS])) for column in rows.T]
    pairs = [(k, k) for k in range(n) if distinct[k] > 2]
    pairs += list(combinations(range(n), 2)) if n <= MAX_PAIRED else []
    places = np.flatnonzero(beside.effective)
    return places[np.array(pairs, np.int64).reshape(-1, 2)]


def estimate_effects(
    panel: Panel,
    scale: Scale,
    season_lengths: tuple[int, ...],
    pairs: np.ndarray | None = None,
) -> Effects | None:
    """Estimate the effects of the future covariates of a panel.

    Parameters
    ----------
    panel : Panel
        In the series' own units, with covariates; all its values count as past.
    scale : Scale
        Of that panel.
    season_lengths : tuple of int
    pairs : ndarray of int64, shape (n_pairs, 2), optional
        Columns that are multiplied; those of `pairs_of` by default.

    Returns
    -------
    Effects or None
        None where there are no covariates.
    """
    if panel.covariates is None:
        return None
    pairs = pairs_of(panel) if pairs is None else pairs
    if panel.n_series > MAX_SERIES:
        rows = np.arange(0, panel.n_series, -(-panel.n_series // MAX_SERIES))
        panel, scale = panel.take(rows), scale.take(rows)
    start = _start(panel, season_lengths, pairs)
    if not len(start.mean):
        return start
    sums = RegressionSums.of(scaled(panel, scale), start.terms, start.season, column_means(panel))
    effective = np.concatenate([covariates_of(panel).effective, np.ones(len(pairs), bool)])
    return _expectation_maximisation(sums, start, effective)


def _start(panel: Panel, season_lengths: tuple[int, ...], pairs: np.ndarray) -> Effects:
    """Sizes and ranges of the columns; coefficients not estimated yet."""
    beside = covariates_of(panel)
    rows, centre = beside.before(panel.lengths), column_means(panel)[panel.owner]
    seen = ~np.isnan(panel.values)
    rows, centre = rows[seen], centre[seen]
    with np.errstate(invalid="ignore"):
        relative = (np.nan_to_num(rows, nan=1.0) > 0).all(axis=0)
    off = np.nan_to_num((rows - centre) / np.where(relative, centre, 1.0))
    size = np.sqrt((off**2).mean(axis=0))
    size = np.where(size > 0, size, 1.0)
    low, high = (off / size).min(axis=0), (off / size).max(axis=0)
    margin = RANGE_MARGIN * (high - low)
    n_terms = int(beside.known_ahead.sum()) + len(pairs)
    longest = np.median(panel.lengths) / 4
    fits = [m for m in season_lengths if 1 < m <= min(longest, MAX_SEASON)]
    static = np.nan_to_num(beside.static)
    spread = static.std(axis=0)
    return Effects(
        known_ahead=beside.known_ahead,
        relative=relative,
        size=size,
        low=low - margin,
        high=high + margin,
        pairs=pairs,
        mean=np.zeros(n_terms),
        variance=np.ones(n_terms),
        static_mean=static.mean(axis=0),
        static_std=np.where(spread > 0, spread, 1.0),
        noise=1.0,
        season=max(fits, default=1),
    )


def _expectation_maximisation(
    sums: RegressionSums, start: Effects, effective: np.ndarray
) -> Effects:
    """Means and variances of the coefficients; 0 for terms without effect."""
    k, n = len(start.mean), len(sums.n)
    noise = float(np.median(sums.zz / np.maximum(sums.n, 1)) + 1e-9)
    mean, prior = np.zeros(k), np.full(k, PRIOR_VARIANCE)
    variance = np.where(effective, PRIOR_VARIANCE, NO_VARIANCE)
    for _ in range(N_ROUNDS):
        coefficients, covariance, residual = sums.coefficients(mean, variance, noise)
        precision = n / variance + 1.0 / prior
        mean = np.where(effective, (coefficients / variance).sum(0) / precision, 0.0)
        prior = mean**2 + 1.0 / precision + 1e-8
        spread = np.einsum("nkk->nk", covariance)
        moment = ((coefficients - mean) ** 2 + spread).mean(0) + 1e-8
        variance = np.where(effective, moment, NO_VARIANCE)
        noise = float(np.median(residual) + 1e-9)
    return replace(start, mean=mean, variance=variance, noise=noise)
