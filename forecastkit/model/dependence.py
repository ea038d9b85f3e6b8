"""Dependence of forecast errors over steps and series, for sample paths and totals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecastkit.ranges import check_number

# assumed without hold-outs, and number of rows at which the estimate counts as much
_PRIOR, _PRIOR_ROWS = (0.3, 0.6, 0.1), 30.0
_GRID = np.linspace(0.0, 0.95, 20)


@dataclass(frozen=True)
class Dependence:
    """Correlation of the scores of forecast errors, as standard normal quantiles.

    The correlation of two steps of a series is `common + (1 - common) * decay ** distance`: a part
    that all steps share, such as a wrong level, and a part that is forgotten.

    Attributes
    ----------
    common, decay : float
        From 0 to below 1.
    across : float
        Correlation of two series at the same step, from 0 to below 1.
    """

    common: float = _PRIOR[0]
    decay: float = _PRIOR[1]
    across: float = _PRIOR[2]

    def __post_init__(self) -> None:
        for name in ("common", "decay", "across"):
            check_number(name, getattr(self, name), 0, 0.999)

    @classmethod
    def of_scores(cls, scores: np.ndarray, windows: np.ndarray) -> Dependence:
        """Estimate the correlations from hold-outs.

        Parameters
        ----------
        scores : ndarray, shape (n, h)
            A row per series and window, NaN where missing.
        windows : ndarray of int, shape (n,)
            Number of the window of each row: series of one window have the same steps.

        Examples
        --------
        >>> rng = np.random.default_rng(0)
        >>> level = rng.normal(size=(4000, 1))
        >>> scores = 0.8 * level + 0.6 * rng.normal(size=(4000, 6))
        >>> found = Dependence.of_scores(scores, np.arange(4000))
        >>> round(found.common, 1), round(found.decay, 1)
        (0.6, 0.0)
        """
        rows = scores[(~np.isnan(scores)).any(axis=1)]
        if len(rows) < 2:
            return cls()
        common, decay = _over_steps(rows)
        weight = len(rows) / (len(rows) + _PRIOR_ROWS)
        across = _across_series(scores, windows)
        estimates = (common, decay, _PRIOR[2] if across is None else across)
        pairs = zip(estimates, _PRIOR, strict=True)
        values = (weight * estimate + (1 - weight) * prior for estimate, prior in pairs)
        return cls(*(float(np.clip(value, 0.0, 0.99)) for value in values))

    def matrix(self, h: int) -> np.ndarray:
        """Correlation matrix of h steps."""
        distance = np.abs(np.arange(h)[:, None] - np.arange(h))
        shared = np.full((h, h), self.common)
        return np.asarray(shared + (1 - self.common) * self.decay**distance)

    def draw(
        self, rng: np.random.Generator, n_series: int, h: int, n_paths: int, joint: bool
    ) -> np.ndarray:
        """Draw correlated standard normal scores, shape (n_series, h, n_paths).

        Parameters
        ----------
        rng : numpy.random.Generator
        n_series, h, n_paths : int
        joint : bool
            Whether the series of a path are correlated too; otherwise they are independent.
        """
        root = np.linalg.cholesky(self.matrix(h) + 1e-9 * np.eye(h))
        own = rng.standard_normal((n_series, h, n_paths))
        share = self.across if joint else 0.0
        shocks = np.sqrt(1 - share) * own
        if joint:
            shocks = shocks + np.sqrt(share) * rng.standard_normal((1, h, n_paths))
        return np.asarray(np.einsum("ts,nsp->ntp", root, shocks))


def _over_steps(scores: np.ndarray) -> tuple[float, float]:
    """Common part and decay that fit the mean products of scores by distance best."""
    h = scores.shape[1]
    if h < 2:
        return _PRIOR[0], _PRIOR[1]
    spread = np.sqrt(np.nanmean(scores**2)) or 1.0
    z = scores / spread
    products, counts = [], []
    for distance in range(1, h):
        product = z[:, distance:] * z[:, :-distance]
        counts.append(int((~np.isnan(product)).sum()))
        products.append(float(np.nanmean(product)) if counts[-1] else 0.0)
    common, decay = np.meshgrid(_GRID, _GRID, indexing="ij")
    distances = np.arange(1, h)
    fitted = common[..., None] + (1 - common[..., None]) * decay[..., None] ** distances
    errors = ((fitted - np.array(products)) ** 2 * np.array(counts)).sum(axis=-1)
    best = np.unravel_index(errors.argmin(), errors.shape)
    return float(common[best]), float(decay[best])


def _across_series(scores: np.ndarray, windows: np.ndarray) -> float | None:
    """Mean correlation of the series of a window; None if no window has two series."""
    spread = np.nanmean(scores**2) or 1.0
    total, n_pairs = 0.0, 0.0
    for window in np.unique(windows):
        rows = scores[windows == window]
        known = ~np.isnan(rows)
        n = known.sum(axis=0)
        sums = np.nansum(rows, axis=0)
        total += float((sums**2 - np.nansum(rows**2, axis=0)).sum())
        n_pairs += float((n * (n - 1)).sum())
    return total / n_pairs / spread if n_pairs else None
