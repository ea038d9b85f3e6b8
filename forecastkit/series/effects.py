"""Regression adjustment: effects of future covariates, subtracted before a forecast and added back.

Effects are additive on the transformed scale: a promotion multiplies sales. The coefficients of
each series are shrunk towards their mean over all series, the more the fewer data it has. This is a
linear mixed model, estimated in `forecastkit.series.effects_fit`.

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
    """Population parameters: scaling of the covariates, and coefficients of the future ones.

    Attributes
    ----------
    known_ahead : ndarray of bool, shape (n_columns,)
        Whether a column is known in advance.
    relative : ndarray of bool, shape (n_columns,)
        Whether deviations of a column are divided by its mean in the series.
    size, low, high : ndarray, shape (n_columns,)
        Root mean square of the deviations from the series mean; their range, in units of `size`.
    pairs : ndarray of int64, shape (n_pairs, 2)
        Positions of the future columns of each product term.
    mean, variance : ndarray, shape (n_terms,)
        Mean and variance of the coefficients over series: of the future columns, then of the pairs.
    static_mean, static_std : ndarray, shape (n_static,)
        Mean and standard deviation over series of the static covariates.
    noise : float
        Median residual variance of the series.
    season : int
        Length of the season that the regression filter removes; 1 for none.
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
        """Return the same columns with all coefficients zero."""
        zeros = np.zeros_like(self.mean)
        return replace(self, mean=zeros, variance=np.full_like(zeros, NO_VARIANCE))

    def standardised(self, rows: np.ndarray, centre: np.ndarray) -> np.ndarray:
        """Standardised deviations of all columns from their means in the series.

        NaN is replaced by the mean; values far outside the observed range are clipped.

        Parameters
        ----------
        rows, centre : ndarray, shape (..., n_columns)
            Values, and their means in the series.

        Returns
        -------
        ndarray, shape (..., n_columns)
        """
        deviation = rows - centre
        relative = deviation / np.where(centre == 0, 1.0, centre)
        deviation = np.where(self.relative, relative, deviation) / self.size
        return np.clip(np.nan_to_num(deviation), self.low, self.high)

    def terms(self, rows: np.ndarray, centre: np.ndarray) -> np.ndarray:
        """Regression terms: standardised future columns and their products.

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
        """Estimate the coefficients of every series of a panel.

        Parameters
        ----------
        panel : Panel
            In original units, with covariates; all values are treated as past.
        scale : Scale
            Scale of that panel.

        Returns
        -------
        SeriesEffects
        """
        centre = column_means(panel)
        sums = RegressionSums.of(scaled(panel, scale), self.terms, self.season, centre)
        coefficients, _, _ = sums.coefficients(self.mean, self.variance, self.noise)
        return SeriesEffects(self, centre, coefficients)


@dataclass(frozen=True, eq=False)
class SeriesEffects:
    """Effects of covariates on each series of a panel.

    Attributes
    ----------
    effects : Effects
    centre : ndarray, shape (n_series, n_columns)
        Means of the columns in the past of each series.
    coefficients : ndarray, shape (n_series, n_terms)
    """

    effects: Effects
    centre: np.ndarray
    coefficients: np.ndarray

    def _effect(self, rows: np.ndarray, owner: np.ndarray) -> np.ndarray:
        """Effect of rows of covariates on the series `owner`."""
        terms = self.effects.terms(rows, self.centre[owner])
        return np.einsum("...k,...k->...", terms, self.coefficients[owner])

    def past(self, panel: Panel) -> np.ndarray:
        """Effects at every period of a panel of the same series, on the transformed scale."""
        return self._effect(covariates_of(panel).before(panel.lengths), panel.owner)

    def ahead(self, panel: Panel, h: int) -> np.ndarray:
        """Effects at the next `h` steps on the transformed scale, shape (n_series, h)."""
        rows = covariates_of(panel).after(panel.lengths, h)
        return self._effect(rows, np.arange(panel.n_series)[:, None].repeat(h, axis=1))

    def features(self, panel: Panel) -> CovariateFeatures:
        """Convert the covariates of a panel of the same series to network inputs."""
        covariates, effects = covariates_of(panel), self.effects
        rows = covariates.changing
        centre = self.centre[rows.owner]
        static = np.nan_to_num((covariates.static - effects.static_mean) / effects.static_std)
        return CovariateFeatures(
            future=effects.terms(rows.values, centre).astype(np.float32),
            historical=effects.standardised(rows.values, centre).astype(np.float32),
            static=np.clip(static, -FEATURE_CLIP, FEATURE_CLIP).astype(np.float32),
            offsets=rows.offsets,
        )


@dataclass(frozen=True, eq=False)
class CovariateFeatures:
    """Standardised covariates as inputs of networks.

    Attributes
    ----------
    future : ndarray of float32, shape (n_rows, n_terms)
        Columns that are known in advance, and their products.
    historical : ndarray of float32, shape (n_rows, n_columns)
        All columns, for use at cutoffs.
    static : ndarray of float32, shape (n_series, n_static)
    offsets : ndarray of int64, shape (n_series + 1,)
        Offsets of the rows of each series, as in `Ragged`.
    """

    future: np.ndarray
    historical: np.ndarray
    static: np.ndarray
    offsets: np.ndarray


@dataclass(frozen=True, eq=False)
class Adjusted:
    """A panel on the transformed scale after regression adjustment.

    Attributes
    ----------
    scale : Scale
        Scale of the past.
    series_effects : SeriesEffects or None
        Effects estimated from the past; None without covariate effects.
    effect : ndarray, shape (n_periods,)
        Effects that were subtracted, on the transformed scale.
    panel : Panel
        Adjusted values.
    """

    scale: Scale
    series_effects: SeriesEffects | None
    effect: np.ndarray
    panel: Panel

    @classmethod
    def of(
        cls,
        panel: Panel,
        effects: Effects | None,
        past: Panel | None = None,
        scale: Scale | None = None,
    ) -> Adjusted:
        """Transform and adjust a panel.

        Parameters
        ----------
        panel : Panel
            In original units, with covariates if `effects` is given.
        effects : Effects or None
        past : Panel, optional
            The part from which scale and effects are estimated; the whole panel by default.
        scale : Scale, optional
            By default that of the past.

        Returns
        -------
        Adjusted
        """
        past = panel if past is None else past
        scale = scale or measure_scale(past)
        fitted = None if effects is None else effects.of_series(past, scale)
        effect = np.zeros(len(panel.values)) if fitted is None else fitted.past(panel)
        values = scaled(panel, scale).values - effect
        return cls(scale, fitted, effect, panel.with_values(values))

    @property
    def features(self) -> CovariateFeatures | None:
        """Covariates as inputs of networks, including their future rows; None without effects."""
        return None if self.series_effects is None else self.series_effects.features(self.panel)


def covariates_of(panel: Panel) -> Covariates:
    """Return the covariates of a panel; raise `ValueError` if it has none."""
    if panel.covariates is None:
        raise ValueError("the panel has no covariates")
    return panel.covariates
