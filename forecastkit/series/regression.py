"""Regression of each series on its covariates after removal of season and level.

Values and terms are filtered alike: the mean of the values one season before and after is
subtracted, then a centred moving average.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from forecastkit.series.panel import Panel

# minimum half-width of the moving average that estimates the level, in steps
MIN_LEVEL_STEPS = 16
# prior sample size of the noise variance of a series
NOISE_PRIOR_SIZE = 5.0
# limit of the filtered values, in standard deviations
RESIDUAL_CLIP = 6.0

Terms = Callable[[np.ndarray, np.ndarray], np.ndarray]


def column_means(panel: Panel) -> np.ndarray:
    """Mean of each column over the observed periods of a series, or over all series if none."""
    assert panel.covariates is not None
    rows = panel.covariates.before(panel.lengths)
    observed = ~np.isnan(rows) & ~np.isnan(panel.values)[:, None]
    owner, n = panel.owner, panel.n_series
    filled = np.where(observed, rows, 0.0)
    if rows.shape[1] == 0:
        return np.zeros((n, 0))
    sums = np.stack([np.bincount(owner, column, n) for column in filled.T], axis=1)
    counts = np.stack([np.bincount(owner, column, n) for column in observed.T], axis=1)
    overall = sums.sum(0) / np.maximum(counts.sum(0), 1)
    return np.where(counts > 0, sums / np.maximum(counts, 1), overall)


@dataclass(frozen=True, eq=False)
class RegressionSums:
    """Sufficient statistics of the regressions of all series.

    Attributes
    ----------
    xx : ndarray, shape (n_series, n_terms, n_terms)
        Sums of products of the filtered terms.
    xz : ndarray, shape (n_series, n_terms)
        Sums of products of the filtered terms and values.
    zz, n : ndarray, shape (n_series,)
        Sum of squares and number of the filtered values.
    """

    xx: np.ndarray
    xz: np.ndarray
    zz: np.ndarray
    n: np.ndarray

    @classmethod
    def of(cls, panel: Panel, terms: Terms, season: int, centre: np.ndarray) -> RegressionSums:
        """Compute the statistics of a panel on the transformed scale.

        Parameters
        ----------
        panel : Panel
        terms : callable
            Maps rows of covariates and their means to regression terms.
        season : int
            Length of the season that the filter removes; 1 for none.
        centre : ndarray, shape (n_series, n_columns)
            From `column_means`.

        Returns
        -------
        RegressionSums
        """
        assert panel.covariates is not None
        rows, z = panel.covariates.before(panel.lengths), panel.values
        k = terms(rows[:0], centre[:0]).shape[-1]
        n_series = panel.n_series
        xx, xz = np.zeros((n_series, k, k)), np.zeros((n_series, k))
        zz, n = np.zeros(n_series), np.zeros(n_series)
        for index, inside in panel.blocks():
            owner = panel.owner[index[:, 0]]
            y = np.where(inside, z[index], np.nan)
            x = terms(rows[index], centre[owner][:, None])
            x = np.where(np.isnan(y)[..., None], np.nan, x)
            filtered = _filtered(np.concatenate([y[..., None], x], axis=-1), season)
            y, x = filtered[..., 0], filtered[..., 1:]
            counts = (~np.isnan(y)).sum(axis=1)
            y, x = np.nan_to_num(y), np.nan_to_num(x)
            limit = RESIDUAL_CLIP * np.sqrt((y**2).sum(axis=1) / np.maximum(counts, 1) + 1e-12)
            y = np.clip(y, -limit[:, None], limit[:, None])
            xx[owner] = np.einsum("ntk,ntl->nkl", x, x)
            xz[owner] = np.einsum("ntk,nt->nk", x, y)
            zz[owner], n[owner] = (y**2).sum(axis=1), counts
        return cls(xx, xz, zz, n)

    def coefficients(
        self, mean: np.ndarray, variance: np.ndarray, noise: float, rounds: int = 3
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Estimate the coefficients of every series given their distribution over series.

        Parameters
        ----------
        mean, variance : ndarray, shape (n_terms,)
            Prior mean and variance of the coefficients.
        noise : float
            Prior residual variance.
        rounds : int
            Number of alternating updates of coefficients and residual variances.

        Returns
        -------
        coefficients : ndarray, shape (n_series, n_terms)
        covariance : ndarray, shape (n_series, n_terms, n_terms)
        residual : ndarray, shape (n_series,)
            Residual variance of each series.
        """
        residual = np.full(len(self.n), noise)
        for _ in range(rounds):
            precision = self.xx / residual[:, None, None] + np.diag(1.0 / variance)
            covariance = np.linalg.inv(precision)
            weighted = self.xz / residual[:, None] + mean / variance
            estimate = np.einsum("nkl,nl->nk", covariance, weighted)
            residual = (self._residual_squares(estimate, covariance) + NOISE_PRIOR_SIZE * noise) / (
                self.n + NOISE_PRIOR_SIZE
            )
        return estimate, covariance, residual

    def _residual_squares(self, estimate: np.ndarray, covariance: np.ndarray) -> np.ndarray:
        """Expected residual sum of squares of each series."""
        fitted = np.einsum("nk,nkl,nl->n", estimate, self.xx, estimate)
        uncertainty = np.einsum("nkl,nkl->n", self.xx, covariance)
        return np.maximum(self.zz - 2 * (estimate * self.xz).sum(1) + fitted + uncertainty, 1e-9)


def _filtered(values: np.ndarray, season: int) -> np.ndarray:
    """Subtract neighbouring seasons, then a moving average; shape (n, time, columns), with NaN."""
    if season > 1:
        before = np.full_like(values, np.nan)
        after = before.copy()
        before[:, season:], after[:, :-season] = values[:, :-season], values[:, season:]
        n_neighbours = (~np.isnan(before)).astype(float) + ~np.isnan(after)
        total = np.nan_to_num(before) + np.nan_to_num(after)
        values = np.where(n_neighbours > 0, values - total / np.maximum(n_neighbours, 1), np.nan)
    half = max(MIN_LEVEL_STEPS, 2 * season)
    observed = ~np.isnan(values)
    pad = ((0, 0), (1, 0), (0, 0))
    sums = np.cumsum(np.pad(np.nan_to_num(values), pad), axis=1)
    counts = np.cumsum(np.pad(observed.astype(float), pad), axis=1)
    steps = np.arange(values.shape[1])
    low, high = np.maximum(steps - half, 0), np.minimum(steps + half + 1, len(steps))
    level = (sums[:, high] - sums[:, low]) / np.maximum(counts[:, high] - counts[:, low], 1)
    return np.where(observed, values - level, np.nan)
