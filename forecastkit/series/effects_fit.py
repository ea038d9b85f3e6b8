"""Estimation of covariate effects: a linear mixed model by expectation-maximisation.

Level and season are removed from values and covariates by the same filter; see
`forecastkit.series.regression`. The coefficients of each series and their means and variances over
series are estimated in alternation.

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
# maximum number of columns for which all pairwise products are included
MAX_PAIRED = 5
# number of values from which the distinct values of a column are counted
MAX_DISTINCT_ROWS = 10_000
# margin around the observed range of a column before clipping, as a share of that range
RANGE_MARGIN = 0.25
PRIOR_VARIANCE = 0.1


def pairs_of(panel: Panel) -> np.ndarray:
    """Select the products of future columns for a panel, shape (n_pairs, 2).

    Squares of columns with more than two distinct values, and all pairs if there are few columns.

    Examples
    --------
    >>> from forecastkit.series.covariates import Covariates
    >>> from forecastkit.series.ragged import Ragged
    >>> y = Ragged.of([np.ones(3)])
    >>> price = Covariates.of_future(Ragged(np.array([[1.0], [2.0], [3.0]]), y.offsets))
    >>> pairs_of(Panel(y, price)).tolist()
    [[0, 0]]
    """
    covariates = covariates_of(panel)
    rows = covariates.before(panel.lengths)[:, covariates.known_ahead][:, covariates.effective]
    n = rows.shape[1]
    samples = [column[~np.isnan(column)][:MAX_DISTINCT_ROWS] for column in rows.T]
    pairs = [(k, k) for k in range(n) if len(np.unique(samples[k])) > 2]
    pairs += list(combinations(range(n), 2)) if n <= MAX_PAIRED else []
    positions = np.flatnonzero(covariates.effective)
    return positions[np.array(pairs, np.int64).reshape(-1, 2)]


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
        In original units, with covariates; all values are treated as past.
    scale : Scale
        Scale of that panel.
    season_lengths : tuple of int
        Steps per season.
    pairs : ndarray of int64, shape (n_pairs, 2), optional
        Positions of the columns of each product; the result of `pairs_of` by default.

    Returns
    -------
    Effects or None
        None if the panel has no covariates.
    """
    if panel.covariates is None:
        return None
    pairs = pairs_of(panel) if pairs is None else pairs
    if panel.n_series > MAX_SERIES:
        rows = np.arange(0, panel.n_series, -(-panel.n_series // MAX_SERIES))
        panel, scale = panel.take(rows), scale.take(rows)
    initial = _initial_effects(panel, season_lengths, pairs)
    if not len(initial.mean):
        return initial
    centre = column_means(panel)
    sums = RegressionSums.of(scaled(panel, scale), initial.terms, initial.season, centre)
    effective = np.concatenate([covariates_of(panel).effective, np.ones(len(pairs), bool)])
    return _expectation_maximisation(sums, initial, effective)


def _initial_effects(panel: Panel, season_lengths: tuple[int, ...], pairs: np.ndarray) -> Effects:
    """Scaling of the columns; the coefficients are not estimated yet."""
    covariates = covariates_of(panel)
    rows, centre = covariates.before(panel.lengths), column_means(panel)[panel.owner]
    observed = ~np.isnan(panel.values)
    rows, centre = rows[observed], centre[observed]
    with np.errstate(invalid="ignore"):
        relative = (np.nan_to_num(rows, nan=1.0) > 0).all(axis=0)
    deviation = np.nan_to_num((rows - centre) / np.where(relative, centre, 1.0))
    size = np.sqrt((deviation**2).mean(axis=0))
    size = np.where(size > 0, size, 1.0)
    low, high = (deviation / size).min(axis=0), (deviation / size).max(axis=0)
    margin = RANGE_MARGIN * (high - low)
    n_terms = int(covariates.known_ahead.sum()) + len(pairs)
    max_season = min(np.median(panel.lengths) / 4, MAX_SEASON)
    seasons = [m for m in season_lengths if 1 < m <= max_season]
    static = np.nan_to_num(covariates.static)
    static_std = static.std(axis=0)
    return Effects(
        known_ahead=covariates.known_ahead,
        relative=relative,
        size=size,
        low=low - margin,
        high=high + margin,
        pairs=pairs,
        mean=np.zeros(n_terms),
        variance=np.ones(n_terms),
        static_mean=static.mean(axis=0),
        static_std=np.where(static_std > 0, static_std, 1.0),
        noise=1.0,
        season=max(seasons, default=1),
    )


def _expectation_maximisation(
    sums: RegressionSums, initial: Effects, effective: np.ndarray
) -> Effects:
    """Estimate means and variances of the coefficients; zero means for terms without effect."""
    k, n = len(initial.mean), len(sums.n)
    noise = float(np.median(sums.zz / np.maximum(sums.n, 1)) + 1e-9)
    mean, prior = np.zeros(k), np.full(k, PRIOR_VARIANCE)
    variance = np.where(effective, PRIOR_VARIANCE, NO_VARIANCE)
    for _ in range(N_ROUNDS):
        coefficients, covariance, residual = sums.coefficients(mean, variance, noise)
        precision = n / variance + 1.0 / prior
        mean = np.where(effective, (coefficients / variance).sum(0) / precision, 0.0)
        prior = mean**2 + 1.0 / precision + 1e-8
        posterior_variance = np.einsum("nkk->nk", covariance)
        second_moment = ((coefficients - mean) ** 2 + posterior_variance).mean(0) + 1e-8
        variance = np.where(effective, second_moment, NO_VARIANCE)
        noise = float(np.median(residual) + 1e-9)
    return replace(initial, mean=mean, variance=variance, noise=noise)
