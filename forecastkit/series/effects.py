"""What covariates that are known ahead do to a series, so that it can be taken out and put back.

On the scale on which series are looked at, effects add up: a promotion multiplies sales. They are
found by regression on what level and season leave: values and covariates go through the same
filter, the mean of one season before and after is taken off, then that of the steps around. Every
series has coefficients of its own, drawn towards those of all series by as much as its own data are
few: a linear mixed model, whose variances are found by expectation-maximisation.

References
----------
Laird & Ware, "Random-effects models for longitudinal data", Biometrics 38 (1982); the prior of each
coefficient by its evidence: MacKay, "Bayesian interpolation", Neural Computation 4 (1992).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from forecastkit.series.covariates import Covariates
from forecastkit.series.panel import Panel
from forecastkit.series.scale import Scale, measure_scale, scaled

_ROUNDS = 20
_MOST_SERIES = 2000
# steps to each side that a mean is taken over, at the least
_AROUND = 16
_LONGEST_SEASON = 400
# so many columns are multiplied with each other too
_MOST_PAIRED = 5
# a column is trusted so far beyond what was seen of it, in shares of the range
_BEYOND = 0.25
# values that the noise of a series is known from beforehand
_NOISE_WORTH = 5.0
_CLIP = 6.0
# variance of a coefficient that is not looked for
_NONE = 1e-12


@dataclass(frozen=True)
class Effects:
    """What is known of the columns beside any series, and of the effects of those known ahead.

    Attributes
    ----------
    ahead : ndarray of bool, shape (n_columns,)
        Whether a column is known ahead.
    relative : ndarray of bool, shape (n_columns,)
        Whether a column counts in shares of its mean in the series.
    size, low, high : ndarray, shape (n_columns,)
        Typical deviation from the mean in a series; the range, in such deviations.
    pairs : ndarray of int64, shape (n_pairs, 2)
        Columns that are multiplied with each other, or with themselves; counted among those that
        are known ahead.
    mean, variance : ndarray, shape (n_terms,)
        Of the coefficients over series: of the columns known ahead, then of the pairs.
    centre, width : ndarray, shape (n_fixed,)
        Mean and standard deviation over series of what never changes in one.
    noise : float
        Variance of what is left, of a typical series.
    season : int
        Length of the season that the filter takes off; 1 for none.
    """

    ahead: np.ndarray
    relative: np.ndarray
    size: np.ndarray
    low: np.ndarray
    high: np.ndarray
    pairs: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    centre: np.ndarray
    width: np.ndarray
    noise: float
    season: int

    def idle(self) -> Effects:
        """Return the same columns, without any effect."""
        none = np.zeros_like(self.mean)
        return replace(self, mean=none, variance=np.full_like(none, _NONE))

    def off_centre(self, rows: np.ndarray, centre: np.ndarray) -> np.ndarray:
        """Columns as deviations from their means in the series, of the shape of `rows`.

        NaN counts as the mean; what is far beyond the range that was seen is cut.
        """
        off = rows - centre
        off = np.where(self.relative, off / np.where(centre == 0, 1.0, centre), off) / self.size
        return np.clip(np.nan_to_num(off), self.low, self.high)

    def response(self, panel: Panel, scale: Scale) -> Response:
        """Find the coefficients of every series of a panel from its values.

        Parameters
        ----------
        panel : Panel
            In the series' own units, with covariates; all its values count as past.
        scale : Scale
            Of that panel.
        """
        centre = _centres(panel)
        found = _Sums.of(panel, scale, self, centre)
        coefficients, _, _ = found.coefficients(self.mean, self.variance, self.noise)
        return Response(self, centre, coefficients)

    def terms(self, rows: np.ndarray, centre: np.ndarray) -> np.ndarray:
        """Columns that are known ahead and their products, as the regression sees them.

        Parameters
        ----------
        rows, centre : ndarray, shape (..., n_columns)
            Values, and their means in the series.

        Returns
        -------
        ndarray, shape (..., n_terms)
        """
        columns = self.off_centre(rows, centre)[..., self.ahead]
        products = columns[..., self.pairs[:, 0]] * columns[..., self.pairs[:, 1]]
        return np.concatenate([columns, products], axis=-1)


@dataclass(frozen=True)
class Response:
    """How the series of one panel respond to covariates.

    Attributes
    ----------
    effects : Effects
    centre : ndarray, shape (n_series, n_columns)
        Means of the columns in each series' past.
    coefficients : ndarray, shape (n_series, n_terms)
    """

    effects: Effects
    centre: np.ndarray
    coefficients: np.ndarray

    def _of(self, rows: np.ndarray, owner: np.ndarray) -> np.ndarray:
        terms = self.effects.terms(rows, self.centre[owner])
        return np.einsum("...k,...k->...", terms, self.coefficients[owner])

    def under(self, panel: Panel) -> np.ndarray:
        """Effect on the scale at every period of a panel of the same series."""
        rows = _beside(panel).before(panel.lengths)
        return self._of(rows, panel.owner)

    def ahead(self, panel: Panel, h: int) -> np.ndarray:
        """Effect on the scale at the `h` steps after every series, shape (n_series, h)."""
        rows = _beside(panel).after(panel.lengths, h)
        return self._of(rows, np.arange(panel.n_series)[:, None].repeat(h, axis=1))

    def terms(self, panel: Panel) -> Terms:
        """What networks are told of the covariates of a panel of the same series."""
        beside, effects = _beside(panel), self.effects
        centre = self.centre[beside.owner]
        fixed = np.nan_to_num((beside.constants - effects.centre) / effects.width)
        return Terms(
            effects.terms(beside.values, centre).astype(np.float32),
            effects.off_centre(beside.values, centre).astype(np.float32),
            np.clip(fixed, -_CLIP, _CLIP).astype(np.float32),
            beside.offsets,
        )


@dataclass(frozen=True)
class Terms:
    """Covariates as networks see them, without unit.

    Attributes
    ----------
    told : ndarray of float32, shape (n_rows, n_terms)
        What is known ahead, and its products.
    noted : ndarray of float32, shape (n_rows, n_columns)
        All columns, to be read at a cutoff.
    fixed : ndarray of float32, shape (n_series, n_fixed)
    offsets : ndarray of int64, shape (n_series + 1,)
        As in `Covariates`.
    """

    told: np.ndarray
    noted: np.ndarray
    fixed: np.ndarray
    offsets: np.ndarray


@dataclass(frozen=True)
class Cleaned:
    """A panel as networks see it: on its scale, without what covariates did to it.

    Attributes
    ----------
    scale : Scale
        Of the past.
    response : Response or None
        Of the past to its covariates; None where there are no effects.
    effect : ndarray, shape (n_periods,)
        What was taken off at every period, on the scale.
    panel : Panel
    """

    scale: Scale
    response: Response | None
    effect: np.ndarray
    panel: Panel

    @classmethod
    def of(cls, panel: Panel, effects: Effects | None, past: Panel | None = None) -> Cleaned:
        """Look at a panel.

        Parameters
        ----------
        panel : Panel
            In the series' own units, with covariates if there are effects.
        effects : Effects or None
        past : Panel, optional
            The part of it that may be known; all of it when left out.
        """
        past = panel if past is None else past
        scale = measure_scale(past)
        response = None if effects is None else effects.response(past, scale)
        none = np.zeros(len(panel.values))
        effect = none if response is None else response.under(panel)
        values = scaled(panel, scale).values - effect
        return cls(scale, response, effect, Panel(values, panel.offsets, panel.covariates))

    @property
    def terms(self) -> Terms | None:
        """What networks are told of the covariates, as far as rows reach."""
        return None if self.response is None else self.response.terms(self.panel)


def pairs_of(panel: Panel) -> np.ndarray:
    """Pairs of columns known ahead that are multiplied in a panel, shape (n_pairs, 2).

    Squares of columns that hold more than two values; where there are few columns, each with each.

    Examples
    --------
    >>> price = Covariates(np.array([[1.0], [2.0], [3.0]]), np.array([0, 3]), np.array([True]))
    >>> pairs_of(Panel(np.ones(3), np.array([0, 3]), price)).tolist()
    [[0, 0]]
    """
    beside = _beside(panel)
    rows = beside.before(panel.lengths)[:, beside.ahead][:, beside.telling]
    n = rows.shape[1]
    kinds = [len(np.unique(column[~np.isnan(column)][:10_000])) for column in rows.T]
    found = [(k, k) for k in range(n) if kinds[k] > 2]
    found += list(combinations(range(n), 2)) if n <= _MOST_PAIRED else []
    places = np.flatnonzero(beside.telling)
    return places[np.array(found, np.int64).reshape(-1, 2)]


def find_effects(
    panel: Panel,
    scale: Scale,
    season_lengths: tuple[int, ...],
    pairs: np.ndarray | None = None,
) -> Effects | None:
    """Find what the columns that are known ahead do to the series of a panel.

    Parameters
    ----------
    panel : Panel
        In the series' own units, with covariates; all its values count as past.
    scale : Scale
        Of that panel.
    season_lengths : tuple of int
    pairs : ndarray of int64, shape (n_pairs, 2), optional
        Columns that are multiplied; those of `pairs_of` when left out.

    Returns
    -------
    Effects or None
        None where there are no covariates.
    """
    if panel.covariates is None:
        return None
    pairs = pairs_of(panel) if pairs is None else pairs
    if panel.n_series > _MOST_SERIES:
        rows = np.arange(0, panel.n_series, -(-panel.n_series // _MOST_SERIES))
        panel, scale = panel.take(rows), scale.take(rows)
    start = _start(panel, season_lengths, pairs)
    if not len(start.mean):
        return start
    sums = _Sums.of(panel, scale, start, _centres(panel))
    telling = np.concatenate([_beside(panel).telling, np.ones(len(pairs), bool)])
    return _estimated(sums, start, telling)


def _beside(panel: Panel) -> Covariates:
    if panel.covariates is None:
        raise ValueError("the panel has no covariates")
    return panel.covariates


def _centres(panel: Panel) -> np.ndarray:
    """Mean of each column under the values of each series; of all series where it has none."""
    rows = _beside(panel).before(panel.lengths)
    seen = ~np.isnan(rows) & ~np.isnan(panel.values)[:, None]
    owner, n = panel.owner, panel.n_series
    known = np.where(seen, rows, 0.0)
    if rows.shape[1] == 0:
        return np.zeros((n, 0))
    sums = np.stack([np.bincount(owner, column, n) for column in known.T], axis=1)
    counts = np.stack([np.bincount(owner, column, n) for column in seen.T], axis=1)
    overall = sums.sum(0) / np.maximum(counts.sum(0), 1)
    return np.where(counts > 0, sums / np.maximum(counts, 1), overall)


def _start(panel: Panel, season_lengths: tuple[int, ...], pairs: np.ndarray) -> Effects:
    """Scales and ranges of the columns; coefficients not known yet."""
    beside = _beside(panel)
    rows, centre = beside.before(panel.lengths), _centres(panel)[panel.owner]
    seen = ~np.isnan(panel.values)
    rows, centre = rows[seen], centre[seen]
    with np.errstate(invalid="ignore"):
        relative = (np.nan_to_num(rows, nan=1.0) > 0).all(axis=0)
    off = np.nan_to_num((rows - centre) / np.where(relative, centre, 1.0))
    size = np.sqrt((off**2).mean(axis=0))
    size = np.where(size > 0, size, 1.0)
    low, high = (off / size).min(axis=0), (off / size).max(axis=0)
    room = _BEYOND * (high - low)
    n = int(beside.ahead.sum()) + len(pairs)
    longest = np.median(panel.lengths) / 4
    fits = [m for m in season_lengths if 1 < m <= min(longest, _LONGEST_SEASON)]
    fixed = np.nan_to_num(beside.constants)
    width = fixed.std(axis=0)
    return Effects(
        *(beside.ahead, relative, size, low - room, high + room, pairs),
        *(np.zeros(n), np.ones(n)),
        *(fixed.mean(axis=0), np.where(width > 0, width, 1.0)),
        *(1.0, max(fits, default=1)),
    )


@dataclass(frozen=True)
class _Sums:
    """Sums of the regression of each series: products of terms, with values; and counts."""

    xx: np.ndarray  # (n_series, n_terms, n_terms)
    xz: np.ndarray  # (n_series, n_terms)
    zz: np.ndarray  # (n_series,)
    n: np.ndarray  # (n_series,)

    @classmethod
    def of(cls, panel: Panel, scale: Scale, effects: Effects, centre: np.ndarray) -> _Sums:
        z = scaled(panel, scale).values
        rows = _beside(panel).before(panel.lengths)
        k = len(effects.mean)
        xx, xz = np.zeros((panel.n_series, k, k)), np.zeros((panel.n_series, k))
        zz, n = np.zeros(panel.n_series), np.zeros(panel.n_series)
        for index, inside in panel.blocks():
            owner = panel.owner[index[:, 0]]
            y = np.where(inside, z[index], np.nan)
            x = effects.terms(rows[index], centre[owner][:, None])
            x = np.where(np.isnan(y)[..., None], np.nan, x)
            both = _filtered(np.concatenate([y[..., None], x], axis=-1), effects.season)
            y, x = both[..., 0], both[..., 1:]
            counts = (~np.isnan(y)).sum(axis=1)
            y, x = np.nan_to_num(y), np.nan_to_num(x)
            limit = _CLIP * np.sqrt((y**2).sum(axis=1) / np.maximum(counts, 1) + 1e-12)
            y = np.clip(y, -limit[:, None], limit[:, None])
            xx[owner] = np.einsum("ntk,ntl->nkl", x, x)
            xz[owner] = np.einsum("ntk,nt->nk", x, y)
            zz[owner], n[owner] = (y**2).sum(axis=1), counts
        return cls(xx, xz, zz, n)

    def coefficients(
        self, mean: np.ndarray, variance: np.ndarray, noise: float, rounds: int = 3
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Coefficients of every series, their covariances, and the variances of what is left."""
        left = np.full(len(self.n), noise)
        for _ in range(rounds):
            precision = self.xx / left[:, None, None] + np.diag(1.0 / variance)
            covariance = np.linalg.inv(precision)
            drawn = self.xz / left[:, None] + mean / variance
            found = np.einsum("nkl,nl->nk", covariance, drawn)
            left = (self._squares(found, covariance) + _NOISE_WORTH * noise) / (
                self.n + _NOISE_WORTH
            )
        return found, covariance, left

    def _squares(self, found: np.ndarray, covariance: np.ndarray) -> np.ndarray:
        """Expected sum of squares of what the terms leave, of each series."""
        fitted = np.einsum("nk,nkl,nl->n", found, self.xx, found)
        spread = np.einsum("nkl,nkl->n", self.xx, covariance)
        return np.maximum(self.zz - 2 * (found * self.xz).sum(1) + fitted + spread, 1e-9)


def _estimated(sums: _Sums, start: Effects, telling: np.ndarray) -> Effects:
    """Means and variances of the coefficients by expectation-maximisation; 0 for silent terms."""
    k, n = len(start.mean), len(sums.n)
    noise = float(np.median(sums.zz / np.maximum(sums.n, 1)) + 1e-9)
    mean, prior = np.zeros(k), np.full(k, 0.1)
    variance = np.where(telling, 0.1, _NONE)
    for _ in range(_ROUNDS):
        found, covariance, left = sums.coefficients(mean, variance, noise)
        precision = n / variance + 1.0 / prior
        mean = np.where(telling, (found / variance).sum(0) / precision, 0.0)
        prior = mean**2 + 1.0 / precision + 1e-8
        spread = np.einsum("nkk->nk", covariance)
        variance = np.where(telling, ((found - mean) ** 2 + spread).mean(0) + 1e-8, _NONE)
        noise = float(np.median(left) + 1e-9)
    return replace(start, mean=mean, variance=variance, noise=noise)


def _filtered(values: np.ndarray, season: int) -> np.ndarray:
    """Take off the season around, then the level around; of (n, time, columns), NaN-aware."""
    if season > 1:
        before = np.full_like(values, np.nan)
        after = before.copy()
        before[:, season:], after[:, :-season] = values[:, :-season], values[:, season:]
        known = (~np.isnan(before)).astype(float) + ~np.isnan(after)
        around = np.nan_to_num(before) + np.nan_to_num(after)
        values = np.where(known > 0, values - around / np.maximum(known, 1), np.nan)
    half = max(_AROUND, 2 * season)
    known = ~np.isnan(values)
    pad = ((0, 0), (1, 0), (0, 0))
    sums = np.cumsum(np.pad(np.nan_to_num(values), pad), axis=1)
    counts = np.cumsum(np.pad(known.astype(float), pad), axis=1)
    steps = np.arange(values.shape[1])
    low, high = np.maximum(steps - half, 0), np.minimum(steps + half + 1, len(steps))
    level = (sums[:, high] - sums[:, low]) / np.maximum(counts[:, high] - counts[:, low], 1)
    return np.where(known, values - level, np.nan)
