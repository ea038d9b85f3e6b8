"""Seasons of the synthetic series: patterns that evolve, swell, and follow slower envelopes."""

from __future__ import annotations

import numpy as np

from forecastkit.pretraining.draws import Rng, bernoulli, log_normal, walk
from forecastkit.pretraining.prior import Kind, Prior


def draw_seasons(rng: Rng, unit: np.ndarray, length: int, kind: Kind, prior: Prior) -> np.ndarray:
    """Sum of the seasons of a kind, in logs, shape (n, length).

    Parameters
    ----------
    rng : numpy.random.Generator
    unit : ndarray, shape (n,)
        Scale of the noise of a step.
    length : int
    kind : Kind
    prior : Prior
    """
    n, shortest = len(unit), min(kind.season_lengths)
    calm = max(prior.calm, 0.5 if kind.is_subdaily and prior.calm else 0.0)
    dominance = np.exp(rng.uniform(0.5, 3.0, n) * bernoulli(rng, n, calm))
    total, size = np.zeros((n, length)), unit
    for m in kind.season_lengths:
        if m > 1:
            size = _size(rng, unit * dominance, size, m, shortest)
            season = _season(rng, n, length, m, shortest, prior)
            total += size[:, None] * season * _envelope(rng, n, length, m, prior)
    return total


def _size(rng: Rng, unit: np.ndarray, shorter: np.ndarray, m: int, shortest: int) -> np.ndarray:
    """Standard deviation of a season of m steps; 0 in series without it.

    `shorter` is that of the next shorter season. Seasons with more steps are larger, but a weekly
    season is smaller than the daily one.
    """
    n = len(unit)
    if m > shortest and m % shortest == 0:
        return shorter * log_normal(rng, -0.9, 0.8, n) * bernoulli(rng, n, 0.7)
    mean = 0.4 if m <= 12 else (0.9 if m in (52, 365) else 1.6)
    return unit * log_normal(rng, mean, 1.1, n) * bernoulli(rng, n, 0.75 if m <= 12 else 0.9)


def _envelope(rng: Rng, n: int, length: int, m: int, prior: Prior) -> np.ndarray:
    """Amplitude of a season that follows another, slower cycle; 1 in most series.

    The slow cycle is the next longer season of the kind (the week of a daily pattern, the year of a
    weekly one), or has some length between 4 and 20 seasons. The pairs of carrier and envelope are
    those of SARIMA-2 (Oreshkin et al., "SarSim0", ICLR 2026).
    """
    usual = {24: 168, 48: 336, 288: 288 * 7, 7: 365, 5: 261}.get(m, 0)
    drawn = m * np.exp(rng.uniform(np.log(4), np.log(20), n))
    period = np.where((rng.random(n) < 0.5) & (usual > 0), usual or 1, drawn)[:, None]
    angle = 2 * np.pi * (np.arange(length) / period + rng.random((n, 1)))
    wave = np.sin(angle) + rng.normal(0, 0.5, (n, 1)) * np.sin(2 * angle + 1.0)
    weight = rng.uniform(0.1, 1.0, n) * bernoulli(rng, n, prior.envelopes)
    return 1 + weight[:, None] * wave / 1.2


def _season(rng: Rng, n: int, length: int, m: int, shortest: int, prior: Prior) -> np.ndarray:
    """A seasonal pattern of unit size that evolves from cycle to cycle, shape (n, length)."""
    if m > shortest and m % shortest == 0:
        pattern = _week(rng, n, m // shortest, shortest)
    else:
        pattern = _pattern(rng, n, m)
    pattern = pattern / (pattern.std(axis=1, keepdims=True) + 1e-9)
    cycles = length // m + 2
    season = pattern[:, None, :] * _swell(rng, n, cycles, m, prior)
    season = season + _change(rng, n, cycles, m, prior)
    start = rng.integers(0, m)
    return season.reshape(n, -1)[:, start : start + length]


def _swell(rng: Rng, n: int, cycles: int, m: int, prior: Prior) -> np.ndarray:
    """Amplitude of the season over time, shape (n, cycles, m); constant 1 in many series."""
    persistence = rng.choice([0.5, 0.9, 1.0], p=[0.2, 0.4, 0.4], size=n)
    share = prior.swells * (1.0 if m <= 12 else 2.4)
    size = log_normal(rng, -2.3, 0.7, n) * bernoulli(rng, n, share)
    bounds = walk(size[:, None] * _increments(rng, (n, cycles + 1)), persistence)
    return np.clip(1 + _interpolated(bounds[..., None], np.ones((1, m))), 0.0, 3.0)


def _change(rng: Rng, n: int, cycles: int, m: int, prior: Prior) -> np.ndarray:
    """Evolution of a seasonal pattern of unit size: independent by step, or smooth."""
    share = prior.changes * (1.0 if m <= 12 else 1.4)
    size = log_normal(rng, -2.5, 0.8, n) * bernoulli(rng, n, share) * min(1.0, (12 / m) ** 0.5)
    independent = rng.normal(size=(n, cycles, m)).cumsum(axis=1)
    n_harmonics = max(1, min(m // 2, 3))
    angle = 2 * np.pi * np.outer(np.arange(1, n_harmonics + 1), np.arange(m)) / m
    shapes = np.concatenate([np.cos(angle), np.sin(angle)])
    persistence = rng.choice([0.6, 0.9, 1.0], p=[0.2, 0.4, 0.4], size=n)
    decay = np.tile(0.7 ** np.arange(n_harmonics), 2)
    increments = _increments(rng, (n, cycles + 1, 2 * n_harmonics)) * decay
    smooth = _interpolated(walk(increments, persistence), shapes) * max(1.0, (m / 12) ** 0.5)
    is_smooth = rng.random(n) < (0.3 if m <= 12 else 0.7)
    return size[:, None, None] * np.where(is_smooth[:, None, None], smooth, independent)


def _increments(rng: Rng, shape: tuple[int, ...]) -> np.ndarray:
    """Increments of a walk along axis 1, of variance one; autocorrelated in some series."""
    autocorrelation = rng.choice([0.0, 0.8, 0.95], p=[0.6, 0.2, 0.2], size=shape[0])
    sigma = np.sqrt(1 - autocorrelation**2).reshape(-1, *[1] * (len(shape) - 1))
    return walk(sigma * rng.normal(size=shape), autocorrelation)


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
