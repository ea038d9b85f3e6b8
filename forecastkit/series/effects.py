"""Effects of future covariates on a series: taken out before a forecast, added back after it.

On the transformed scale effects add up: a promotion multiplies sales. Every series has coefficients
of its own, shrunk towards those of all series by as much as its own data are few: a linear mixed
model, estimated in `forecastkit.series.effects_fit`.

References
----------
Laird & Ware, "Random-effects models for longitudinal data", Biometrics 38 (1982).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from forecastkit.ranges import MAX_STEPS, check_number, check_whole, refuse
from forecastkit.series.covariates import Covariates
from forecastkit.series.panel import Panel
from forecastkit.series.regression import RegressionSums, column_means
from forecastkit.series.scale import Scale, measure_scale, scaled

FEATURE_CLIP = 6.0
# variance of a coefficient that is not estimated
NO_VARIANCE = 1e-12
MAX_EFFECT, MIN_EFFECT = 1e120, 1e-30


@dataclass(frozen=True, eq=False)
class Effects:
    """What is known of the covariates of any series, and of the effects of the future ones.

    Attributes
    ----------
    known_ahead : ndarray of bool, shape (n_columns,)
        Whether a column is known in advance.
    relative : ndarray of bool, shape (n_columns,)
        Whether a column counts relative to its mean in the series.
    size, low, high : ndarray, shape (n_columns,)
        Typical deviation from the mean in a series; the range, in units of that.
    pairs : ndarray of int64, shape (n_pairs, 2)
        Future columns that are multiplied with each other, or with themselves.
    mean, variance : ndarray, shape (n_terms,)
        Of the coefficients over series: of the future columns, then of the pairs.
    static_mean, static_std : ndarray, shape (n_static,)
        Mean and standard deviation over series of the static covariates.
    noise : float
        Residual variance of a typical series.
    season : int
        Length of the season that the filter removes; 1 for none.
    """

    known_ahead: np.ndarray
    relative: np.ndarray
    size: np.ndarray
    low: np.ndarray
    high: np.ndarray
    pairs: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    static_mean: np.ndarray
    static_std: np.ndarray
    noise: float
    season: int

    def __post_init__(self) -> None:
        for name in ("size", "low", "high", "mean", "variance", "static_mean", "static_std"):
            array = getattr(self, name)
            if not (np.abs(array) < MAX_EFFECT).all():
                refuse(name, array.tolist(), f"below {MAX_EFFECT:g}")
            if name in ("size", "variance", "static_std") and not (array > MIN_EFFECT).all():
                refuse(name, array.tolist(), f"above {MIN_EFFECT:g}")
        check_number("noise", self.noise, MIN_EFFECT, MAX_EFFECT)
        check_whole("season", self.season, 1, MAX_STEPS)
        n_ahead, n_pairs = int(self.known_ahead.sum()), len(self.pairs)
        if len(self.mean) != n_ahead + n_pairs:
            refuse("the number of terms", len(self.mean), f"{n_ahead} columns and {n_pairs} pairs")
        if n_pairs and not 0 <= self.pairs.min() <= self.pairs.max() < n_ahead:
            refuse("pairs", self.pairs.tolist(), f"positions below {n_ahead}")

    def zeroed(self) -> Effects:
        """Return the same columns without any effect."""
        none = np.zeros_like(self.mean)
        return replace(self, mean=none, variance=np.full_like(none, NO_VARIANCE))

    def standardised(self, rows: np.ndarray, centre: np.ndarray) -> np.ndarray:
        """Columns as standardised deviations from their means in the series.

        NaN counts as the mean; values far beyond the observed range are clipped.
        """
        off = rows - centre
        off = np.where(self.relative, off / np.where(centre == 0, 1.0, centre), off) / self.size
        return np.clip(np.nan_to_num(off), self.low, self.high)

    def terms(self, rows: np.ndarray, centre: np.ndarray) -> np.ndarray:
        """Future columns and their products, as the regression sees them.

        Parameters
        ----------
        rows, centre : ndarray, shape (..., n_columns)
            Values, and their means in the series.

        Returns
        -------
        ndarray, shape (..., n_terms)
        """
        columns = self.standardised(rows, centre)[..., self.known_ahead]
        products = columns[..., self.pairs[:, 0]] * columns[..., self.pairs[:, 1]]
        return np.concatenate([columns, products], axis=-1)

    def of_series(self, panel: Panel, scale: Scale) -> SeriesEffects:
        """Estimate the coefficients of every series of a panel from its values.

        Parameters
        ----------
        panel : Panel
            In the series' own units, with covariates; all its values count as past.
        scale : Scale
            Of that panel.
        """
        centre = column_means(panel)
        sums = RegressionSums.of(scaled(panel, scale), self.terms, self.season, centre)
        coefficients, _, _ = sums.coefficients(self.mean, self.variance, self.noise)
        return SeriesEffects(self, centre, coefficients)


@dataclass(frozen=True, eq=False)
class SeriesEffects:
    """Effects of covariates on the series of one panel.

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

    def past(self, panel: Panel) -> np.ndarray:
        """Effect on the transformed scale at every period of a panel of the same series."""
        return self._of(covariates_of(panel).before(panel.lengths), panel.owner)

    def ahead(self, panel: Panel, h: int) -> np.ndarray:
        """Effect on the transformed scale at the next `h` steps, shape (n_series, h)."""
        rows = covariates_of(panel).after(panel.lengths, h)
        return self._of(rows, np.arange(panel.n_series)[:, None].repeat(h, axis=1))

    def features(self, panel: Panel) -> CovariateFeatures:
        """Covariates of a panel of the same series as inputs of a network."""
        beside, effects = covariates_of(panel), self.effects
        rows = beside.changing
        centre = self.centre[rows.owner]
        static = np.nan_to_num((beside.static - effects.static_mean) / effects.static_std)
        return CovariateFeatures(
            future=effects.terms(rows.values, centre).astype(np.float32),
            historical=effects.standardised(rows.values, centre).astype(np.float32),
            static=np.clip(static, -FEATURE_CLIP, FEATURE_CLIP).astype(np.float32),
            offsets=rows.offsets,
        )


@dataclass(frozen=True, eq=False)
class CovariateFeatures:
    """Covariates as inputs of networks, without unit.

    Attributes
    ----------
    future : ndarray of float32, shape (n_rows, n_terms)
        Columns known in advance, and their products.
    historical : ndarray of float32, shape (n_rows, n_columns)
        All columns, to be read at a cutoff.
    static : ndarray of float32, shape (n_series, n_static)
    offsets : ndarray of int64, shape (n_series + 1,)
        Rows of each series, as in `Covariates`.
    """

    future: np.ndarray
    historical: np.ndarray
    static: np.ndarray
    offsets: np.ndarray


@dataclass(frozen=True, eq=False)
class Adjusted:
    """A panel on its transformed scale, without the effects of covariates: what networks see.

    Attributes
    ----------
    scale : Scale
        Of the past.
    series_effects : SeriesEffects or None
        Of the past; None where there are no effects.
    effect : ndarray, shape (n_periods,)
        What was subtracted at every period, on the transformed scale.
    panel : Panel
    """

    scale: Scale
    series_effects: SeriesEffects | None
    effect: np.ndarray
    panel: Panel

    @classmethod
    def of(cls, panel: Panel, effects: Effects | None, past: Panel | None = None) -> Adjusted:
        """Transform and adjust a panel.

        Parameters
        ----------
        panel : Panel
            In the series' own units, with covariates if there are effects.
        effects : Effects or None
        past : Panel, optional
            The part of it that may be known; all of it by default.
        """
        past = panel if past is None else past
        scale = measure_scale(past)
        own = None if effects is None else effects.of_series(past, scale)
        effect = np.zeros(len(panel.values)) if own is None else own.past(panel)
        values = scaled(panel, scale).values - effect
        return cls(scale, own, effect, panel.with_values(values))

    @property
    def features(self) -> CovariateFeatures | None:
        """Covariates as inputs of networks, as far as rows reach."""
        return None if self.series_effects is None else self.series_effects.features(self.panel)


def covariates_of(panel: Panel) -> Covariates:
    """Return the covariates of a panel that must have some."""
    if panel.covariates is None:
        raise ValueError("the panel has no covariates")
    return panel.covariates
