"""Generator of the synthetic series on which the pretrained networks are trained.

A series is a path of log values, the sum of random components, most of them optional, ::

    z = trend + cycle + seasons + calendar + noise

from which observations are generated: on a logarithmic or a linear scale, crossing zero, capped,
rounded, as counts, intermittent, or with gaps. All parameters are drawn from wide priors; none is
estimated from data.

References
----------
Trend and seasons follow state space models (Hyndman et al., *Forecasting with Exponential
Smoothing*, 2008; Harvey, *Forecasting, Structural Time Series Models and the Kalman Filter*, 1989).
Training on samples from a prior: Mueller et al., "Transformers can do Bayesian inference", ICLR
2022; Dooley et al., "ForecastPFN", NeurIPS 2023.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecastkit.pretraining.dates import bernoulli, calendar_effects
from forecastkit.series.panel import Panel

Rng = np.random.Generator
_MAX_ABS_Z = 30.0  # keeps exp(z) finite and its logarithm exact


@dataclass(frozen=True)
class Kind:
    """Distribution of the series of one sampling frequency.

    Attributes
    ----------
    season_lengths : tuple of int
        Shortest first; (1,) for none.
    share : float
        Fraction of all series.
    lengths : tuple of int
        Minimum and maximum number of steps; lengths are log-uniform between them.
    horizon : int
        Usual forecast horizon.
    trending : float
        Probability of persistent growth.
    counted : float
        Probability of a series of counts.
    """

    season_lengths: tuple[int, ...]
    share: float
    lengths: tuple[int, int]
    horizon: int
    trending: float = 0.6
    counted: float = 0.05

    @property
    def hourly(self) -> bool:
        """Whether the series has 24 or 48 steps per day."""
        return min(self.season_lengths) in (24, 48)


KINDS = (
    Kind((1,), 0.26, (10, 120), 8, trending=0.45),
    Kind((4,), 0.16, (14, 130), 10),
    Kind((12,), 0.24, (24, 260), 20, counted=0.1),
    Kind((7,), 0.07, (30, 400), 28, trending=0.3, counted=0.2),
    Kind((7, 365), 0.05, (400, 1200), 28, trending=0.3, counted=0.1),
    Kind((5,), 0.02, (30, 300), 20, trending=0.3),
    Kind((52,), 0.07, (70, 420), 16, trending=0.4, counted=0.1),
    Kind((24,), 0.04, (80, 600), 48, trending=0.2),
    Kind((24, 168), 0.10, (360, 1100), 48, trending=0.2),
    Kind((48, 336), 0.02, (700, 1500), 48, trending=0.2),
)


def draw_panel(rng: Rng, n: int, kind: Kind) -> Panel:
    """Draw a panel of one kind.

    Parameters
    ----------
    rng : numpy.random.Generator
    n : int
        Number of series.
    kind : Kind

    Returns
    -------
    Panel
        Observations; every series has a value.

    Examples
    --------
    >>> panel = draw_panel(np.random.default_rng(0), 3, KINDS[2])
    >>> panel.n_series, bool((panel.lengths >= 24).all())
    (3, True)
    """
    shortest, longest = kind.lengths
    lengths = np.exp(rng.uniform(np.log(shortest), np.log(longest + 1), n)).astype(int)
    lengths = np.where(rng.random(n) < 0.3, longest, lengths)
    y = draw_values(rng, n, int(lengths.max()), kind)
    return Panel.of([row[-length:] for row, length in zip(y, lengths, strict=True)])


def draw_values(rng: Rng, n: int, length: int, kind: Kind) -> np.ndarray:
    """Draw series of one kind and of equal length, NaN where a value is missing.

    Returns
    -------
    ndarray, shape (n, length)
    """
    shortest, longest = min(kind.season_lengths), max(kind.season_lengths)
    # scale of the noise of a step, in logs: the unit of all other components
    unit = np.exp(rng.normal(-2.7 if longest == 1 else -3.2, 0.9, n))
    warm_up = 20
    z = _trend(rng, unit, length + warm_up, kind)[:, warm_up:]
    size = unit
    # in some series, of high frequency mostly, the seasons dominate
    dominance = np.exp(rng.uniform(0.5, 3.0, n) * bernoulli(rng, n, 0.5 if kind.hourly else 0.05))
    for m in kind.season_lengths:
        if m > 1:
            size = _size(rng, unit * dominance, size, m, shortest)
            z = z + size[:, None] * _season(rng, n, length, m, shortest)
    z = z + calendar_effects(rng, unit, length, kind.season_lengths)
    z = z + _outliers(rng, unit, z.shape)
    return _observed(rng, np.clip(z, -_MAX_ABS_Z, _MAX_ABS_Z), kind)


def _log_normal(rng: Rng, mean: float, sigma: float, n: int) -> np.ndarray:
    return np.exp(rng.normal(mean, sigma, n))


def _shocks(rng: Rng, n: int, length: int) -> np.ndarray:
    """Student t noise of variance about one; the degrees of freedom vary by series."""
    dof = rng.choice([3.0, 5.0, 20.0], size=(n, 1))
    return 0.8 * rng.standard_t(dof, size=(n, length))


def _trend(rng: Rng, unit: np.ndarray, length: int, kind: Kind) -> np.ndarray:
    """Sum of level, drift, cycle and autocorrelated noise, shape (n, length)."""
    n = len(unit)
    # growth per step is smaller for shorter steps
    pace = 0.07 if kind.hourly else min(1.0, 12.0 / max(kind.season_lengths))
    noise_sd = unit * _log_normal(rng, 0.0, 0.7, n) * bernoulli(rng, n, 0.85)
    level_sd = unit * _log_normal(rng, -0.5, 0.8, n) * bernoulli(rng, n, 0.8) * np.sqrt(pace)
    slope_sd = unit * _log_normal(rng, -2.3, 0.8, n) * bernoulli(rng, n, 0.35) * pace
    slope_ar = rng.choice([0.8, 0.9, 0.95, 0.98], size=n)
    direction = np.sign(rng.normal(0.7, 1.0, n))
    growth = unit * _log_normal(rng, -1.3, 0.9, n) * direction * pace
    growth = growth * bernoulli(rng, n, kind.trending)
    damping = np.where(rng.random(n) < 0.5, 1 - np.clip(_log_normal(rng, -3.5, 1.0, n), 0, 0.2), 1)
    level_ar = np.where(rng.random(n) < 0.25, 1 - np.clip(_log_normal(rng, -2.5, 1, n), 0, 0.9), 1)
    noise_ar = np.where(rng.random(n) < 0.3, rng.uniform(-0.5, 0.8, n), 0.0)
    shock_ar = np.zeros(n)
    if kind.hourly:  # noise persists over several steps
        persistent = 1 - np.clip(_log_normal(rng, -3.0, 1.0, n), 0.003, 0.8)
        noise_ar = np.where(rng.random(n) < 0.85, persistent, noise_ar)
        shock_ar = rng.uniform(0.3, 0.9, n) * bernoulli(rng, n, 0.5)
        level_sd = level_sd * np.where(rng.random(n) < 0.5, 0.2, 1.0)
    angle = 2 * np.pi / rng.uniform(5, 50, n) * np.where(pace < 1, pace, 1.0)
    cycle_damping = rng.uniform(0.9, 0.995, n)
    cycle_sd = unit * _log_normal(rng, -1.0, 0.8, n) * bernoulli(rng, n, 0.3)
    cosine, sine = np.cos(angle) * cycle_damping, np.sin(angle) * cycle_damping
    shocks = [_shocks(rng, n, length) for _ in range(4)]
    jumps = _rare(rng, n, length, (0.0, 0.005, 0.02)) * (6 * unit[:, None]) * pace
    level_shocks = level_sd[:, None] * shocks[0] * _unrest(rng, n, length) + jumps
    level, drift, shock, noise, cycle, conjugate = (np.zeros(n) for _ in range(6))
    slope, path = growth.copy(), np.empty((n, length))
    turn_steps, turned_growth = _turn(rng, growth, length)
    for t in range(length):
        growth = np.where(turn_steps == t, turned_growth, growth * damping)
        slope = growth + slope_ar * (slope - growth) + slope_sd * shocks[1][:, t]
        level = level_ar * level + level_shocks[:, t]
        drift = drift + slope
        shock = shock_ar * shock + noise_sd * shocks[2][:, t]
        noise = noise_ar * noise + shock
        cycle, conjugate = (
            cosine * cycle + sine * conjugate + cycle_sd * shocks[3][:, t],
            cosine * conjugate - sine * cycle,
        )
        path[:, t] = level + drift + noise + cycle
    return path


def _turn(rng: Rng, growth: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Step of a permanent change of growth (-1 for none, in most series), and the new growth."""
    n = len(growth)
    turn_steps = np.where(rng.random(n) < 0.12, rng.integers(0, length, n), -1)
    size = np.median(np.abs(growth[growth != 0])) if growth.any() else 0.0
    turned_growth = np.where(growth != 0, np.abs(growth), size) * rng.normal(size=n)
    return turn_steps, turned_growth * bernoulli(rng, n, 0.7)


def _rare(rng: Rng, n: int, length: int, shares: tuple[float, float, float]) -> np.ndarray:
    """Standard normal values at random steps, else 0; their share varies by series."""
    share = rng.choice(shares, p=[0.6, 0.25, 0.15], size=(n, 1))
    occurs = rng.random((n, length)) < share
    return np.where(occurs, rng.normal(size=(n, length)), 0.0)


def _unrest(rng: Rng, n: int, length: int) -> np.ndarray:
    """Volatility of shocks: in some series it changes every 20 steps, else it is 1."""
    n_regimes = 1 + length // 20
    size = np.exp(rng.normal(0, 0.8, (n, n_regimes))) * bernoulli(rng, n, 0.2)[:, None]
    size = np.where(size > 0, size, 1.0)
    return np.repeat(size, 20, axis=1)[:, :length]


def _size(rng: Rng, unit: np.ndarray, shorter: np.ndarray, m: int, shortest: int) -> np.ndarray:
    """Standard deviation of a season of m steps; 0 in series without it.

    `shorter` is that of the next shorter season. Seasons with more steps are larger, but a weekly
    season is smaller than the daily one.
    """
    n = len(unit)
    if m > shortest and m % shortest == 0:
        return shorter * _log_normal(rng, -0.9, 0.8, n) * bernoulli(rng, n, 0.7)
    mean = 0.4 if m <= 12 else (0.9 if m in (52, 365) else 1.6)
    return unit * _log_normal(rng, mean, 1.1, n) * bernoulli(rng, n, 0.75 if m <= 12 else 0.9)


def _season(rng: Rng, n: int, length: int, m: int, shortest: int) -> np.ndarray:
    """A seasonal pattern of unit size that evolves from cycle to cycle, shape (n, length)."""
    if m > shortest and m % shortest == 0:
        pattern = _week(rng, n, m // shortest, shortest)
    else:
        pattern = _pattern(rng, n, m)
    pattern = pattern / (pattern.std(axis=1, keepdims=True) + 1e-9)
    cycles = length // m + 2
    season = pattern[:, None, :] * _swell(rng, n, cycles, m) + _change(rng, n, cycles, m)
    start = rng.integers(0, m)
    return season.reshape(n, -1)[:, start : start + length]


def _swell(rng: Rng, n: int, cycles: int, m: int) -> np.ndarray:
    """Amplitude of the season over time, shape (n, cycles, m); constant 1 in many series."""
    persistence = rng.choice([0.5, 0.9, 1.0], p=[0.2, 0.4, 0.4], size=n)
    size = _log_normal(rng, -2.3, 0.7, n) * bernoulli(rng, n, 0.25 if m <= 12 else 0.6)
    bounds = _walk(size[:, None] * _increments(rng, (n, cycles + 1)), persistence)
    return np.clip(1 + _interpolated(bounds[..., None], np.ones((1, m))), 0.0, 3.0)


def _change(rng: Rng, n: int, cycles: int, m: int) -> np.ndarray:
    """Evolution of a seasonal pattern of unit size: independent by step, or smooth."""
    share = 0.5 if m <= 12 else 0.7
    size = _log_normal(rng, -2.5, 0.8, n) * bernoulli(rng, n, share) * min(1.0, (12 / m) ** 0.5)
    independent = rng.normal(size=(n, cycles, m)).cumsum(axis=1)
    n_harmonics = max(1, min(m // 2, 3))
    angle = 2 * np.pi * np.outer(np.arange(1, n_harmonics + 1), np.arange(m)) / m
    shapes = np.concatenate([np.cos(angle), np.sin(angle)])
    persistence = rng.choice([0.6, 0.9, 1.0], p=[0.2, 0.4, 0.4], size=n)
    decay = np.tile(0.7 ** np.arange(n_harmonics), 2)
    increments = _increments(rng, (n, cycles + 1, 2 * n_harmonics)) * decay
    smooth = _interpolated(_walk(increments, persistence), shapes) * max(1.0, (m / 12) ** 0.5)
    is_smooth = rng.random(n) < (0.3 if m <= 12 else 0.7)
    return size[:, None, None] * np.where(is_smooth[:, None, None], smooth, independent)


def _increments(rng: Rng, shape: tuple[int, ...]) -> np.ndarray:
    """Increments of a walk along axis 1, of variance one; autocorrelated in some series."""
    autocorrelation = rng.choice([0.0, 0.8, 0.95], p=[0.6, 0.2, 0.2], size=shape[0])
    sigma = np.sqrt(1 - autocorrelation**2).reshape(-1, *[1] * (len(shape) - 1))
    return _walk(sigma * rng.normal(size=shape), autocorrelation)


def _walk(increments: np.ndarray, persistence: np.ndarray) -> np.ndarray:
    """First-order autoregression along axis 1, with coefficients `persistence` of shape (n,)."""
    walk, persistence = increments.copy(), persistence.reshape(-1, *[1] * (increments.ndim - 2))
    for t in range(1, increments.shape[1]):
        walk[:, t] += persistence * walk[:, t - 1]
    return walk


def _interpolated(sizes: np.ndarray, shapes: np.ndarray) -> np.ndarray:
    """Sum of shapes whose sizes are interpolated linearly between the bounds of the cycles.

    From sizes (n, cycles + 1, n_shapes) and shapes (n_shapes, m) to (n, cycles, m).
    """
    phase = np.arange(shapes.shape[1]) / shapes.shape[1]
    return sizes[:, :-1] @ (shapes * (1 - phase)) + sizes[:, 1:] @ (shapes * phase)


def _pattern(rng: Rng, n: int, m: int) -> np.ndarray:
    """One season, shape (n, m): harmonics, with spikes in some series, or independent steps."""
    n_harmonics = max(1, min(m // 2, 12))
    decay_rates = (0.0, 1.2) if m <= 12 else (0.2, 1.5)
    decay = np.exp(-rng.uniform(*decay_rates, (n, 1)) * np.arange(n_harmonics))
    angle = 2 * np.pi * np.outer(np.arange(1, n_harmonics + 1), np.arange(m)) / m
    coefficients = rng.normal(size=(2, n, n_harmonics)) * decay
    pattern = coefficients[0] @ np.cos(angle) + coefficients[1] @ np.sin(angle)
    spikes = (rng.random((n, m)) < 1.5 / m) * rng.normal(size=(n, m)) * 3
    pattern = pattern + spikes * bernoulli(rng, n, 0.3)[:, None]
    steps = rng.normal(size=(n, m)) * (rng.random((n, m)) < 0.5)  # opening days, shifts
    return np.where(rng.random((n, 1)) < (0.5 if m in (5, 7) else 0.1), steps, pattern)


def _week(rng: Rng, n: int, days: int, hours: int) -> np.ndarray:
    """Deviations of the days of a week from the mean day, in level, amplitude and shape."""
    is_irregular = rng.random((n, 1)) < 0.3
    weekend = np.where(np.arange(days) >= days - 2, rng.normal(size=(n, 1)), 0.0)
    level = np.where(is_irregular, rng.normal(size=(n, days)), weekend)
    shape = _pattern(rng, n, hours)
    weekend_shape = _pattern(rng, n, hours)
    shape = shape / (shape.std(axis=1, keepdims=True) + 1e-9)
    weekend_shape = weekend_shape / (weekend_shape.std(axis=1, keepdims=True) + 1e-9)
    share = rng.uniform(0, 1, (n, 1))
    week = level[..., None] * (1 + share[..., None] * shape[:, None, :])
    week = week + rng.uniform(0, 1, (n, 1, 1)) * weekend[..., None] * weekend_shape[:, None, :]
    return week.reshape(n, days * hours)


def _outliers(rng: Rng, unit: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Additive outliers."""
    return _rare(rng, *shape, (0.0, 0.01, 0.03)) * 8 * unit[:, None]


def _observed(rng: Rng, z: np.ndarray, kind: Kind) -> np.ndarray:
    """Convert log values to observations, of the shape of `z`; the scale varies by series."""
    n, length = z.shape
    centred = z - z.mean(axis=1, keepdims=True)
    y = np.exp(z)
    scale = rng.random((n, 1))  # selects the scale, by the thresholds below
    linear = np.maximum(1 + centred * rng.uniform(0.5, 1.0, (n, 1)), 0.05)
    y = np.where(scale < 0.3, linear, y)
    around_zero = centred + rng.normal(0, 1.0, (n, 1)) * centred.std(axis=1, keepdims=True)
    y = np.where((scale >= 0.3) & (scale < 0.36), around_zero, y)
    is_capped = (scale >= 0.36) & (scale < 0.39)
    y = np.where(is_capped, np.minimum(y, np.quantile(y, rng.uniform(0.5, 1), axis=1)[:, None]), y)
    is_clipped = (scale >= 0.39) & (scale < 0.42)
    y = np.where(is_clipped, np.maximum(centred, 0.0), y)
    is_count = rng.random((n, 1)) < kind.counted
    y = np.where(is_count, _counts(rng, centred), y)
    is_rounded = (rng.random((n, 1)) < 0.1) & ~is_count & (scale >= 0.36)
    mean = _log_normal(rng, 3.5, 1.2, n)[:, None]
    factor = mean / np.maximum(y.mean(axis=1, keepdims=True), 1e-9)
    y = np.where(is_rounded, np.round(y * factor), y)
    return _with_gaps(rng, y)


def _counts(rng: Rng, centred: np.ndarray) -> np.ndarray:
    """Poisson counts, overdispersed in some series, with excess zeros in some."""
    n, length = centred.shape
    rate = _log_normal(rng, 0.7, 1.2, n)[:, None] * np.exp(np.clip(1.5 * centred, -4, 3))
    overdispersion = rng.gamma(2.0, 0.5, (n, length)) ** bernoulli(rng, n, 0.5)[:, None]
    is_active = rng.random((n, length)) < rng.choice([1.0, 0.6, 0.3], size=(n, 1))
    return rng.poisson(rate * overdispersion * is_active).astype(float)


def _with_gaps(rng: Rng, y: np.ndarray) -> np.ndarray:
    """Remove single values and runs of values in some series; never the last value."""
    n, length = y.shape
    single = rng.random((n, length)) < rng.choice([0.02, 0.15], size=(n, 1))
    start = rng.integers(0, length, (n, 1))
    steps = np.arange(length)
    stop = start + rng.integers(1, 1 + max(1, length // 5), (n, 1))
    run = (steps >= start) & (steps < stop)
    is_missing = (
        single * bernoulli(rng, n, 0.05)[:, None] + run * bernoulli(rng, n, 0.04)[:, None] > 0
    )
    is_missing[:, -1] = False
    return np.where(is_missing, np.nan, y)
