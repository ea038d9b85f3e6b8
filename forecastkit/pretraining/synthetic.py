"""Series that nobody measured, of as many kinds as people measure: what the shipped weights saw.

A series is a path of log values, ::

    z = trend + cycle + seasons + calendar + noise    each drawn anew, most not always there

which is then observed in one of several ways: as it is, on a linear scale, crossing zero, capped,
rounded, counted, now and then, or with gaps. Every number is drawn from a prior with wide tails;
nothing is taken from a series that exists.

References
----------
The kinds of trend and season are those of state space models (Hyndman et al., *Forecasting with
Exponential Smoothing*, 2008; Harvey, *Forecasting, Structural Time Series Models and the Kalman
Filter*, 1989). Training on draws from a prior instead of on data: Mueller et al., "Transformers
can do Bayesian inference", ICLR 2022; Dooley et al., "ForecastPFN", NeurIPS 2023.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecastkit.pretraining.dates import calendar_effects, some
from forecastkit.series.panel import Panel

Rng = np.random.Generator
_MAX_ABS_Z = 30.0  # of |z|: keeps exp(z) finite and its logarithm exact


@dataclass(frozen=True)
class Kind:
    """What series of one frequency are like.

    Attributes
    ----------
    season_lengths : tuple of int
        Shortest first; (1,) for none.
    share : float
        Of all series.
    lengths : tuple of int
        Fewest and most steps; lengths between are drawn log-uniformly.
    horizon : int
        Steps that people usually foretell.
    trending : float
        Probability of a growth that lasts.
    counted : float
        Probability that the series is one of counts.
    """

    season_lengths: tuple[int, ...]
    share: float
    lengths: tuple[int, int]
    horizon: int
    trending: float = 0.6
    counted: float = 0.05

    @property
    def hourly(self) -> bool:
        """Whether there are many steps in a day."""
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
    """Draw series of one kind.

    Parameters
    ----------
    rng : numpy.random.Generator
    n : int
        How many.
    kind : Kind

    Returns
    -------
    Panel
        In the series' own units; every series has a value.

    Examples
    --------
    >>> panel = draw_panel(np.random.default_rng(0), 3, KINDS[2])
    >>> panel.n_series, bool((panel.lengths >= 24).all())
    (3, True)
    """
    fewest, most = kind.lengths
    lengths = np.exp(rng.uniform(np.log(fewest), np.log(most + 1), n)).astype(int)
    lengths = np.where(rng.random(n) < 0.3, most, lengths)
    y = draw_values(rng, n, int(lengths.max()), kind)
    return Panel.of([row[-length:] for row, length in zip(y, lengths, strict=True)])


def draw_values(rng: Rng, n: int, length: int, kind: Kind) -> np.ndarray:
    """Draw series of one kind and of one length, NaN where a value is missing.

    Returns
    -------
    ndarray, shape (n, length)
    """
    longest = max(kind.season_lengths)
    # the noise of a step, in logs: what all else is measured in
    unit = np.exp(rng.normal(-2.7 if longest == 1 else -3.2, 0.9, n))
    warm_up = 20
    z = _trend(rng, unit, length + warm_up, kind)[:, warm_up:]
    size = unit
    # in some fast series the seasons are nearly all there is
    calm = np.exp(rng.uniform(0.5, 3.0, n) * some(rng, n, 0.5 if kind.hourly else 0.05))
    for m in kind.season_lengths:
        if m > 1:
            size = _size(rng, unit * calm, size, m, min(kind.season_lengths))
            z = z + size[:, None] * _season(rng, n, length, m, min(kind.season_lengths))
    z = z + calendar_effects(rng, unit, length, kind.season_lengths)
    z = z + _events(rng, unit, z.shape)
    return _observed(rng, np.clip(z, -_MAX_ABS_Z, _MAX_ABS_Z), kind)


def _log_normal(rng: Rng, mean: float, spread: float, n: int) -> np.ndarray:
    return np.exp(rng.normal(mean, spread, n))


def _shocks(rng: Rng, n: int, length: int) -> np.ndarray:
    """Noise with a tail of its own in every series, of variance about one."""
    freedom = rng.choice([3.0, 5.0, 20.0], size=(n, 1))
    return 0.8 * rng.standard_t(freedom, size=(n, length))


def _trend(rng: Rng, unit: np.ndarray, length: int, kind: Kind) -> np.ndarray:
    """Level, growth, cycle and autocorrelated noise, shape (n, length)."""
    n = len(unit)
    # a step of an hour brings less growth than one of a month
    slow = 0.07 if kind.hourly else min(1.0, 12.0 / max(kind.season_lengths))
    noise = unit * _log_normal(rng, 0.0, 0.7, n) * some(rng, n, 0.85)
    wander = unit * _log_normal(rng, -0.5, 0.8, n) * some(rng, n, 0.8) * np.sqrt(slow)
    bend = unit * _log_normal(rng, -2.3, 0.8, n) * some(rng, n, 0.35) * slow
    stays = rng.choice([0.8, 0.9, 0.95, 0.98], size=n)
    upwards = np.sign(rng.normal(0.7, 1.0, n))
    growth = unit * _log_normal(rng, -1.3, 0.9, n) * upwards * slow
    growth = growth * some(rng, n, kind.trending)
    fades = np.where(rng.random(n) < 0.5, 1 - np.clip(_log_normal(rng, -3.5, 1.0, n), 0, 0.2), 1)
    returns = np.where(rng.random(n) < 0.25, 1 - np.clip(_log_normal(rng, -2.5, 1, n), 0, 0.9), 1)
    memory = np.where(rng.random(n) < 0.3, rng.uniform(-0.5, 0.8, n), 0.0)
    inertia = np.zeros(n)
    if kind.hourly:  # what an hour brings is still there in the next ones
        lasts = 1 - np.clip(_log_normal(rng, -3.0, 1.0, n), 0.003, 0.8)
        memory = np.where(rng.random(n) < 0.85, lasts, memory)
        inertia = rng.uniform(0.3, 0.9, n) * some(rng, n, 0.5)
        wander = wander * np.where(rng.random(n) < 0.5, 0.2, 1.0)
    turn = 2 * np.pi / rng.uniform(5, 50, n) * np.where(slow < 1, slow, 1.0)
    lasting = rng.uniform(0.9, 0.995, n)
    swing = unit * _log_normal(rng, -1.0, 0.8, n) * some(rng, n, 0.3)
    cosine, sine = np.cos(turn) * lasting, np.sin(turn) * lasting
    shocks = [_shocks(rng, n, length) for _ in range(4)]
    jumps = _rare(rng, n, length, (0.0, 0.005, 0.02)) * (6 * unit[:, None]) * slow
    wander_now = wander[:, None] * shocks[0] * _unrest(rng, n, length) + jumps
    level, drift, push, rest, a, b = (np.zeros(n) for _ in range(6))
    slope, path = growth.copy(), np.empty((n, length))
    turns, turned = _turn(rng, growth, length)
    for t in range(length):
        growth = np.where(turns == t, turned, growth * fades)
        slope = growth + stays * (slope - growth) + bend * shocks[1][:, t]
        level = returns * level + wander_now[:, t]
        drift = drift + slope
        push = inertia * push + noise * shocks[2][:, t]
        rest = memory * rest + push
        a, b = cosine * a + sine * b + swing * shocks[3][:, t], cosine * b - sine * a
        path[:, t] = level + drift + rest + a
    return path


def _turn(rng: Rng, growth: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray]:
    """When growth becomes another for good, and which; never in most series."""
    n = len(growth)
    turns = np.where(rng.random(n) < 0.12, rng.integers(0, length, n), -1)
    size = np.median(np.abs(growth[growth != 0])) if growth.any() else 0.0
    fresh = np.where(growth != 0, np.abs(growth), size) * rng.normal(size=n)
    return turns, fresh * some(rng, n, 0.7)


def _rare(rng: Rng, n: int, length: int, shares: tuple[float, float, float]) -> np.ndarray:
    """Now and then a normal number, else 0; how often differs by series."""
    share = rng.choice(shares, p=[0.6, 0.25, 0.15], size=(n, 1))
    happens = rng.random((n, length)) < share
    return np.where(happens, rng.normal(size=(n, length)), 0.0)


def _unrest(rng: Rng, n: int, length: int) -> np.ndarray:
    """Size of shocks over time: in some series calm and unrest take turns."""
    parts = 1 + length // 20
    size = np.exp(rng.normal(0, 0.8, (n, parts))) * some(rng, n, 0.2)[:, None]
    size = np.where(size > 0, size, 1.0)
    return np.repeat(size, 20, axis=1)[:, :length]


def _size(rng: Rng, unit: np.ndarray, shorter: np.ndarray, m: int, shortest: int) -> np.ndarray:
    """Standard deviation of a season, 0 in series without it; `shorter` is that of the one before.

    The faster the series, the more its seasons stand out; weeks stand out less than their days.
    """
    n = len(unit)
    if m > shortest and m % shortest == 0:
        return shorter * _log_normal(rng, -0.9, 0.8, n) * some(rng, n, 0.7)
    mean = 0.4 if m <= 12 else (0.9 if m in (52, 365) else 1.6)
    return unit * _log_normal(rng, mean, 1.1, n) * some(rng, n, 0.75 if m <= 12 else 0.9)


def _season(rng: Rng, n: int, length: int, m: int, shortest: int) -> np.ndarray:
    """A pattern of m steps and of size one that repeats and drifts, shape (n, length)."""
    if m > shortest and m % shortest == 0:
        pattern = _week(rng, n, m // shortest, shortest)
    else:
        pattern = _pattern(rng, n, m)
    pattern = pattern / (pattern.std(axis=1, keepdims=True) + 1e-9)
    cycles = length // m + 2
    whole = pattern[:, None, :] * _swell(rng, n, cycles, m) + _change(rng, n, cycles, m)
    start = rng.integers(0, m)
    return whole.reshape(n, -1)[:, start : start + length]


def _swell(rng: Rng, n: int, cycles: int, m: int) -> np.ndarray:
    """How large the season is over time, shape (n, cycles, m); 1 in most slow series."""
    stays = rng.choice([0.5, 0.9, 1.0], p=[0.2, 0.4, 0.4], size=n)
    size = _log_normal(rng, -2.3, 0.7, n) * some(rng, n, 0.25 if m <= 12 else 0.6)
    ends = _walk(size[:, None] * _paces(rng, (n, cycles + 1)), stays)
    return np.clip(1 + _between(ends[..., None], np.ones((1, m))), 0.0, 3.0)


def _change(rng: Rng, n: int, cycles: int, m: int) -> np.ndarray:
    """What is added to a season of size one over time: every step by itself, or in waves."""
    share = 0.5 if m <= 12 else 0.7
    size = _log_normal(rng, -2.5, 0.8, n) * some(rng, n, share) * min(1.0, (12 / m) ** 0.5)
    apart = rng.normal(size=(n, cycles, m)).cumsum(axis=1)
    waves = max(1, min(m // 2, 3))
    angle = 2 * np.pi * np.outer(np.arange(1, waves + 1), np.arange(m)) / m
    shapes = np.concatenate([np.cos(angle), np.sin(angle)])
    stays = rng.choice([0.6, 0.9, 1.0], p=[0.2, 0.4, 0.4], size=n)
    steps = _paces(rng, (n, cycles + 1, 2 * waves)) * np.tile(0.7 ** np.arange(waves), 2)
    in_waves = _between(_walk(steps, stays), shapes) * max(1.0, (m / 12) ** 0.5)
    smooth = rng.random(n) < (0.3 if m <= 12 else 0.7)
    return size[:, None, None] * np.where(smooth[:, None, None], in_waves, apart)


def _paces(rng: Rng, shape: tuple[int, ...]) -> np.ndarray:
    """Steps of a walk along axis 1, of variance one; in some series each is much like the last."""
    alike = rng.choice([0.0, 0.8, 0.95], p=[0.6, 0.2, 0.2], size=shape[0])
    fresh = np.sqrt(1 - alike**2).reshape(-1, *[1] * (len(shape) - 1))
    return _walk(fresh * rng.normal(size=shape), alike)


def _walk(steps: np.ndarray, stays: np.ndarray) -> np.ndarray:
    """Sum steps along axis 1, of which a share stays each time; `stays` has shape (n,)."""
    out, stays = steps.copy(), stays.reshape(-1, *[1] * (steps.ndim - 2))
    for t in range(1, steps.shape[1]):
        out[:, t] += stays * out[:, t - 1]
    return out


def _between(ends: np.ndarray, shapes: np.ndarray) -> np.ndarray:
    """Sum of shapes whose sizes go straight from cycle to cycle.

    From sizes (n, cycles + 1, shapes) and shapes (shapes, m) to (n, cycles, m).
    """
    part = np.arange(shapes.shape[1]) / shapes.shape[1]
    return ends[:, :-1] @ (shapes * (1 - part)) + ends[:, 1:] @ (shapes * part)


def _pattern(rng: Rng, n: int, m: int) -> np.ndarray:
    """One season: waves, in some series spikes, in some no shape at all; shape (n, m)."""
    waves = max(1, min(m // 2, 12))
    smooth = (0.0, 1.2) if m <= 12 else (0.2, 1.5)
    fall = np.exp(-rng.uniform(*smooth, (n, 1)) * np.arange(waves))
    angle = 2 * np.pi * np.outer(np.arange(1, waves + 1), np.arange(m)) / m
    parts = rng.normal(size=(2, n, waves)) * fall
    pattern = parts[0] @ np.cos(angle) + parts[1] @ np.sin(angle)
    spikes = (rng.random((n, m)) < 1.5 / m) * rng.normal(size=(n, m)) * 3
    pattern = pattern + spikes * some(rng, n, 0.3)[:, None]
    steps = rng.normal(size=(n, m)) * (rng.random((n, m)) < 0.5)  # days, shops, shifts
    return np.where(rng.random((n, 1)) < (0.5 if m in (5, 7) else 0.1), steps, pattern)


def _week(rng: Rng, n: int, days: int, hours: int) -> np.ndarray:
    """What the days of a week are apart from the mean day: higher, flatter, of another shape."""
    free = rng.random((n, 1)) < 0.3
    weekend = np.where(np.arange(days) >= days - 2, rng.normal(size=(n, 1)), 0.0)
    height = np.where(free, rng.normal(size=(n, days)), weekend)
    shape = _pattern(rng, n, hours)
    other = _pattern(rng, n, hours)
    shape = shape / (shape.std(axis=1, keepdims=True) + 1e-9)
    other = other / (other.std(axis=1, keepdims=True) + 1e-9)
    share = rng.uniform(0, 1, (n, 1))
    week = height[..., None] * (1 + share[..., None] * shape[:, None, :])
    week = week + rng.uniform(0, 1, (n, 1, 1)) * weekend[..., None] * other[:, None, :]
    return week.reshape(n, days * hours)


def _events(rng: Rng, unit: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Single values that are out of line."""
    return _rare(rng, *shape, (0.0, 0.01, 0.03)) * 8 * unit[:, None]


def _observed(rng: Rng, z: np.ndarray, kind: Kind) -> np.ndarray:
    """From log values to what a file would hold, shape of `z`."""
    n, length = z.shape
    centre = z - z.mean(axis=1, keepdims=True)
    y = np.exp(z)
    way = rng.random((n, 1))
    linear = np.maximum(1 + centre * rng.uniform(0.5, 1.0, (n, 1)), 0.05)
    y = np.where(way < 0.3, linear, y)
    about_zero = centre + rng.normal(0, 1.0, (n, 1)) * centre.std(axis=1, keepdims=True)
    y = np.where((way >= 0.3) & (way < 0.36), about_zero, y)
    capped = (way >= 0.36) & (way < 0.39)
    y = np.where(capped, np.minimum(y, np.quantile(y, rng.uniform(0.5, 1), axis=1)[:, None]), y)
    at_zero = (way >= 0.39) & (way < 0.42)
    y = np.where(at_zero, np.maximum(centre, 0.0), y)
    counted = rng.random((n, 1)) < kind.counted
    y = np.where(counted, _counts(rng, centre), y)
    whole = (rng.random((n, 1)) < 0.1) & ~counted & (way >= 0.36)
    steps = _log_normal(rng, 3.5, 1.2, n)[:, None] / np.maximum(y.mean(axis=1, keepdims=True), 1e-9)
    y = np.where(whole, np.round(y * steps), y)
    return _with_gaps(rng, y)


def _counts(rng: Rng, centre: np.ndarray) -> np.ndarray:
    """Counts whose rate follows the path, more of them than Poisson's at zero; in some, rarely."""
    n, length = centre.shape
    rate = _log_normal(rng, 0.7, 1.2, n)[:, None] * np.exp(np.clip(1.5 * centre, -4, 3))
    burst = rng.gamma(2.0, 0.5, (n, length)) ** some(rng, n, 0.5)[:, None]
    sold = rng.random((n, length)) < rng.choice([1.0, 0.6, 0.3], size=(n, 1))
    return rng.poisson(rate * burst * sold).astype(float)


def _with_gaps(rng: Rng, y: np.ndarray) -> np.ndarray:
    """Single values and runs of them gone in some series; the last value always stays."""
    n, length = y.shape
    single = rng.random((n, length)) < rng.choice([0.02, 0.15], size=(n, 1))
    start = rng.integers(0, length, (n, 1))
    steps = np.arange(length)
    stop = start + rng.integers(1, 1 + max(1, length // 5), (n, 1))
    run = (steps >= start) & (steps < stop)
    gone = single * some(rng, n, 0.05)[:, None] + run * some(rng, n, 0.04)[:, None] > 0
    gone[:, -1] = False
    return np.where(gone, np.nan, y)
