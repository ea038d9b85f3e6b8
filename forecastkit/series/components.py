"""Online decomposition of series into season, level, slope and noise.

Each component at step t is a function of the values up to t, so that the inputs of a network at a
cutoff are the same in training as in prediction. All steps are estimated in one pass. Only a few
numbers per step are stored; the seasonal component at any cutoff is computed from them.

::

    z = season + level + slope * time + noise     on the transformed scale: forecastkit.series.scale

References
----------
Cleveland et al., "STL", Journal of Official Statistics 6 (1990): moving averages, cycle-subseries.
Hyndman & Athanasopoulos, *Forecasting: Principles and Practice*, 3rd ed., chapters 3 and 8.
Assimakopoulos & Nikolopoulos, "The theta model", IJF 16 (2000); Hyndman & Billah, "Unmasking the
Theta method", IJF 19 (2003): smoothing with half the slope of the trend line is the Theta method.
James & Stein (1961): shrinkage of an estimate by the share of its variance that is noise.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from forecastkit.series.panel import Panel
from forecastkit.series.recurrence import decayed_sum, smoothed
from forecastkit.series.seasonal import (
    SEASON_ARRAYS,
    Season,
    component_at_steps,
    component_sums,
    estimate_season,
)

ALPHAS = np.array([0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
LEVEL_ALPHAS = (1, 5, 8)  # positions in ALPHAS of the additional levels: alpha 0.1, 0.5, 0.8
# decay of a seasonal estimate per cycle
SEASON_DECAY = 0.8
# seasons of at least this length are estimated in two passes: with long, then with short memory
LONG_SEASON, LONG_MEMORY_DECAY, SHORT_MEMORY_DECAY = 24, 0.95, 0.5
NOISE_DECAY = 0.98  # per step
ERROR_DECAY = 0.995  # per step
# memory of the slow level, per value; loss of memory of the slow season, relative to the usual one
SLOW_LEVEL_DECAY, SLOW_SHARE, N_SLOW_LEVELS = 0.98, 0.2, 2
NOISE_FLOOR = 2e-3


@dataclass(frozen=True)
class Components:
    """Components estimated at each step of a panel; every array has shape (n_periods,).

    Attributes
    ----------
    level, alpha, error : ndarray
        Level of the deseasonalised series by simple exponential smoothing, the smoothing parameter
        with the smallest squared one-step errors so far, and the root mean square of these errors.
    levels : ndarray, shape (n_periods, 3)
        Levels by slow, medium and fast smoothing.
    slope : ndarray
        Ordinary least squares slope of the deseasonalised series per step.
    noise : ndarray
        Mean absolute difference of consecutive values, 0 while the series is constant.
    count : ndarray
        Number of values so far.
    seasons : tuple of Season
        Each estimated on the residuals of those before it; see `season_passes`.
    slow_levels : ndarray, shape (n_periods, 2) or (n_periods, 0)
        A slowly smoothed level and the mean so far, where they are estimated.
    slow_season : Season, optional
        The longest season with a longer memory, where it is estimated.
    """

    level: np.ndarray
    alpha: np.ndarray
    error: np.ndarray
    levels: np.ndarray
    slope: np.ndarray
    noise: np.ndarray
    count: np.ndarray
    seasons: tuple[Season, ...]
    slow_levels: np.ndarray
    slow_season: Season | None = None

    def season(self, cutoff: np.ndarray, step: np.ndarray, start: np.ndarray) -> np.ndarray:
        """Sum of all seasonal components at `step` as estimated at `cutoff`; see `Season.at`."""
        shape = np.broadcast_shapes(cutoff.shape, step.shape, start.shape)
        return sum((season.at(cutoff, step, start) for season in self.seasons), np.zeros(shape))

    def slow_difference(
        self, cutoff: np.ndarray, step: np.ndarray, start: np.ndarray
    ) -> np.ndarray:
        """The slow season less the usual one of the same length; 0 where there is none."""
        slow = self.slow_season
        if slow is None:
            return np.zeros(np.broadcast_shapes(cutoff.shape, step.shape, start.shape))
        usual = next(season for season in self.seasons if season.length == slow.length)
        return slow.at(cutoff, step, start) - usual.at(cutoff, step, start)

    @property
    def seasonal_strength(self) -> np.ndarray:
        """Combined strength of all seasons, from 0 to 1."""
        noise_share = np.ones_like(self.level)
        for season in self.seasons:
            noise_share = noise_share * (1.0 - season.strength)
        return 1.0 - noise_share

    @property
    def scale(self) -> np.ndarray:
        """Noise, bounded below: the unit of the inputs and outputs of networks."""
        return np.maximum(self.noise, NOISE_FLOOR)


def measure(panel: Panel, season_lengths: tuple[int, ...], slow_memory: bool = False) -> Components:
    """Estimate the components of every series at every step.

    Parameters
    ----------
    panel : Panel
        Values on the transformed scale of `forecastkit.series.scale`, NaN where missing.
    season_lengths : tuple of int
        Steps per season, shortest first; lengths below 2 are ignored.
    slow_memory : bool
        Whether to estimate the slow levels and the slow season too.

    Returns
    -------
    Components

    Examples
    --------
    >>> panel = Panel.of([np.tile([0.0, 1.0], 10) + np.arange(20) / 10])
    >>> components = measure(panel, (2,))
    >>> end, start = np.array([19]), np.array([0])
    >>> components.slope[end].round(2), components.season(end, np.array([20, 21]), start).round(2)
    (array([0.1]), array([-0.5,  0.5]))
    """
    passes = season_passes(season_lengths)
    n = len(panel.values)
    flat: dict[str, np.ndarray] = {}
    flat_seasons = [{name: np.zeros(n) for name in SEASON_ARRAYS} for _ in passes]
    if slow_memory and passes:
        flat_seasons.append({name: np.zeros(n) for name in SEASON_ARRAYS})
    for index, inside in panel.blocks():
        z = np.where(inside, panel.values[index], np.nan)  # (rows, steps)
        positions = index[inside]
        components, seasons = _measure_block(z, passes, slow_memory)
        for name, values in components.items():
            if name not in flat:
                flat[name] = np.zeros((n, *values.shape[2:]))
            flat[name][positions] = values[inside]
        for flat_season, season in zip(flat_seasons, seasons, strict=True):
            for name in SEASON_ARRAYS:
                flat_season[name][positions] = season[name][inside]
    shapes = {"levels": (n, len(LEVEL_ALPHAS)), "slow_levels": (n, N_SLOW_LEVELS * slow_memory)}
    for name in _FLAT_ARRAYS:
        flat.setdefault(name, np.zeros(shapes.get(name, n)))
    lengths = [m for m, _ in passes]
    slow = None
    if slow_memory and passes:
        slow = Season(lengths[slow_pass(passes)], **flat_seasons.pop())
    pairs = zip(lengths, flat_seasons, strict=True)
    estimates = tuple(Season(m, **arrays) for m, arrays in pairs)
    return Components(seasons=estimates, slow_season=slow, **flat)


def slow_pass(passes: tuple[tuple[int, float], ...]) -> int:
    """Return the position of the first estimate of the longest season, which has a slow twin."""
    return int(np.argmax([m for m, _ in passes]))


def season_passes(season_lengths: tuple[int, ...]) -> tuple[tuple[int, float], ...]:
    """Return the length and decay per cycle of each seasonal estimate, in order of estimation.

    Each is estimated on the residuals of those before it. If the shortest season is long, such as
    the hours of a day, it is estimated in two passes (backfitting): first with a long memory, and
    last with a short memory.

    Parameters
    ----------
    season_lengths : tuple of int
        Shortest first; lengths below 2 are ignored.

    Examples
    --------
    >>> season_passes((1,)), season_passes((12,))
    ((), ((12, 0.8),))
    >>> season_passes((24, 168))
    ((24, 0.95), (168, 0.8), (24, 0.5))
    """
    lengths = tuple(m for m in season_lengths if m >= 2)
    if not lengths or lengths[0] < LONG_SEASON:
        return tuple((m, SEASON_DECAY) for m in lengths)
    longer = tuple((m, SEASON_DECAY) for m in lengths[1:])
    return ((lengths[0], LONG_MEMORY_DECAY), *longer, (lengths[0], SHORT_MEMORY_DECAY))


_FLAT_ARRAYS = tuple(
    field.name for field in fields(Components) if field.name not in ("seasons", "slow_season")
)


def _measure_block(
    z: np.ndarray, passes: tuple[tuple[int, float], ...], slow_memory: bool
) -> tuple[dict[str, np.ndarray], list[dict[str, np.ndarray]]]:
    """Apply `measure` to a block of series, shape (rows, steps), NaN where missing."""
    observed = ~np.isnan(z)
    trend = _Trend(z, observed)
    adjusted, seasons, slow = z, [], []
    for k, (m, decay) in enumerate(passes):
        if slow_memory and k == slow_pass(passes):
            slow = [estimate_season(adjusted, m, 1 - (1 - decay) * SLOW_SHARE)]
        season = estimate_season(adjusted, m, decay)
        trend.remove(season, m)
        adjusted = adjusted - component_at_steps(season, m)
        seasons.append(season)
    flat = {**_levels(adjusted, observed), "slope": trend.slope(), "count": trend.n}
    if slow_memory:
        flat["slow_levels"] = _slow_levels(adjusted, observed)
    return flat, seasons + slow


def _slow_levels(x: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """A slowly smoothed level and the mean so far, shape (rows, steps, N_SLOW_LEVELS)."""
    filled, steps = np.where(observed, x, 0.0), observed.astype(float)
    decayed = [decayed_sum(values, SLOW_LEVEL_DECAY) for values in (filled, steps)]
    sums = [np.cumsum(values, axis=1) for values in (filled, steps)]
    pairs = (decayed, sums)
    return np.stack([total / np.maximum(weight, 1e-9) for total, weight in pairs], axis=-1)


class _Trend:
    """Expanding-window least squares slope of a block of series, seasonal components removed.

    The slope is linear in the series: the slope of the deseasonalised series is that of the series
    minus those of the seasonal components, whose sums change in one phase per step.
    """

    def __init__(self, z: np.ndarray, observed: np.ndarray) -> None:
        self.observed = observed.astype(float)
        self.time = np.arange(z.shape[1], dtype=float)
        self.n = np.cumsum(self.observed, axis=1)
        filled = np.where(observed, z, 0.0)
        sum_t = np.cumsum(self.observed * self.time, axis=1)
        self.mean_t = sum_t / np.maximum(self.n, 1)
        self.s_tt = np.cumsum(self.observed * self.time**2, axis=1) - self.n * self.mean_t**2
        self.s_tz = np.cumsum(filled * self.time, axis=1) - self.mean_t * np.cumsum(filled, axis=1)

    def remove(self, season: dict[str, np.ndarray], m: int) -> None:
        """Subtract a seasonal component, as estimated at each step, from the sums."""
        sums = component_sums(season["phase_mean"], self.observed, m)
        self.s_tz = self.s_tz - season["strength"] * (sums[1] - self.mean_t * sums[0])

    def slope(self) -> np.ndarray:
        """Slope per step, at each step; 0 with fewer than three values."""
        return np.where(self.n >= 3, self.s_tz / np.maximum(self.s_tt, 1e-9), 0.0)


def _levels(x: np.ndarray, observed: np.ndarray) -> dict[str, np.ndarray]:
    """Smoothed levels and noise of the deseasonalised series; missing values are skipped."""
    packed = Smoothing.of(x, observed)
    n = np.cumsum(observed, axis=1)
    latest = np.maximum(n - 1, 0)

    def unpacked(values: np.ndarray) -> np.ndarray:
        return np.where(n > 0, np.take_along_axis(values, latest, axis=1), 0.0)

    best = packed.squared_errors.argmin(axis=0)[None]
    mean_square = np.take_along_axis(packed.squared_errors, best, axis=0)[0] / np.clip(
        np.cumsum(packed.present, axis=1), 1, 200
    )
    noise = packed.changes[0] / np.maximum(packed.changes[1], 1.0)
    return {
        "level": unpacked(np.take_along_axis(packed.levels, best, axis=0)[0]),
        "alpha": unpacked(ALPHAS[best[0]]),
        "error": unpacked(np.sqrt(mean_square)),
        "levels": np.stack([unpacked(packed.levels[k]) for k in LEVEL_ALPHAS], axis=-1),
        "noise": unpacked(noise),
    }


@dataclass(frozen=True, eq=False)
class Smoothing:
    """Exponential smoothing with every parameter, of values without the missing ones.

    Attributes
    ----------
    values : ndarray, shape (rows, steps)
        Observed values, packed to the front.
    present : ndarray of bool, shape (rows, steps)
        Whether there is such a value.
    levels, squared_errors : ndarray, shape (n_alphas, rows, steps)
        Level after each value, and decayed sum of the squared one-step errors.
    changes : list of ndarray, shape (rows, steps)
        Decayed sums of the absolute changes, and of their number.
    """

    values: np.ndarray
    present: np.ndarray
    levels: np.ndarray
    squared_errors: np.ndarray
    changes: list[np.ndarray]

    @classmethod
    def of(cls, x: np.ndarray, observed: np.ndarray) -> Smoothing:
        """Smooth series of shape (rows, steps)."""
        order = np.argsort(~observed, axis=1, kind="stable")
        values = np.take_along_axis(np.where(observed, x, 0.0), order, axis=1)
        present = np.take_along_axis(observed, order, axis=1)
        levels = np.stack([smoothed(values, alpha) for alpha in ALPHAS])
        errors = np.zeros_like(levels)
        errors[:, :, 1:] = np.where(present[:, 1:], values[:, 1:] - levels[:, :, :-1], 0.0)
        change = np.abs(np.diff(values, axis=1, prepend=values[:, :1])) * present
        has_change = present.astype(float)
        has_change[:, 0] = 0.0
        return cls(
            values,
            present,
            levels,
            squared_errors=decayed_sum(errors**2, ERROR_DECAY),
            changes=[decayed_sum(each, NOISE_DECAY) for each in (change, has_change)],
        )
