"""Deterministic paths of the synthetic series: growth curves, broken lines, regimes, spikes."""

from __future__ import annotations

import numpy as np

from forecastkit.pretraining.draws import Rng, bernoulli, log_normal, markov, piecewise_linear
from forecastkit.pretraining.prior import Prior


def draw_curves(rng: Rng, n: int, length: int) -> np.ndarray:
    """Logarithms of growth curves, each of one of six shapes, shape (n, length).

    Logistic and Gompertz curves (Gompertz 1825; Verhulst 1838), exponential growth that turns or
    fades, straight lines with bends, steps.
    """
    time = np.arange(length)[None] / length
    middle, width = rng.uniform(-0.2, 1.2, (n, 1)), np.exp(rng.uniform(-4, -0.7, (n, 1)))
    floor = np.exp(rng.uniform(-6, -0.5, (n, 1)))
    s = np.clip((time - middle) / width, -50, 50)
    logistic = np.log(floor + 1 / (1 + np.exp(-s)))
    gompertz = np.log(floor + np.exp(-np.exp(-np.clip(s, -6, 50))))
    rate, fade = rng.normal(0.5, 2.0, (n, 1)), np.exp(rng.uniform(-1, 2, (n, 1)))
    exponential = rate * (1 - np.exp(-fade * time)) / fade
    turning = exponential + np.where(time > middle, rng.normal(0, 2.0, (n, 1)), 0.0) * (
        time - middle
    )
    line = 1 + rng.uniform(0.2, 2.0, (n, 1)) * piecewise_linear(rng, n, length)
    lines = np.log(np.maximum(line - np.minimum(line.min(axis=1, keepdims=True), 0.0), 0.02))
    changes = rng.random((n, length)) < np.exp(rng.uniform(-5, -2, (n, 1)))
    steps = np.cumsum(changes * rng.normal(0, 0.3, (n, length)), axis=1)
    shapes = np.stack([logistic, gompertz, exponential, turning, lines, steps])
    curve = shapes[rng.integers(0, len(shapes), n), np.arange(n)]
    # declines as well: a curve read backwards
    return np.where(rng.random((n, 1)) < 0.25, curve[:, ::-1], curve)


def draw_bends(rng: Rng, n: int, length: int, prior: Prior) -> np.ndarray:
    """Broken lines in logs, of a total excursion that does not depend on the length."""
    size = log_normal(rng, -1.5, 0.8, n) * bernoulli(rng, n, prior.bends)
    return size[:, None] * piecewise_linear(rng, n, length)


def draw_regimes(rng: Rng, unit: np.ndarray, length: int, prior: Prior) -> np.ndarray:
    """A level that alternates between two values, shape (n, length)."""
    n = len(unit)
    stay = 1 - log_normal(rng, -3.5, 0.7, n).clip(0.001, 0.2)
    size = unit * rng.normal(0, 6.0, n) * bernoulli(rng, n, prior.regimes)
    return size[:, None] * markov(rng, n, length, stay)


def draw_spikes(rng: Rng, unit: np.ndarray, length: int, prior: Prior) -> np.ndarray:
    """Spikes at a regular interval of 3 to 60 steps, shape (n, length)."""
    n = len(unit)
    interval = np.exp(rng.uniform(np.log(3), np.log(60), n)).astype(int)[:, None]
    phase = (np.arange(length) + rng.integers(0, 60, (n, 1))) % interval
    size = 6 * unit * rng.normal(0.5, 1.0, n) * bernoulli(rng, n, prior.spikes)
    return size[:, None] * (phase == 0) * np.exp(rng.normal(0, 0.3, (n, length)))


def draw_held(rng: Rng, n: int, length: int, prior: Prior) -> np.ndarray:
    """Steps at which the value of the step before is held, shape (n, length)."""
    stay = 1 - log_normal(rng, -2.0, 0.7, n).clip(0.02, 0.5)
    held = markov(rng, n, length, stay) > 0
    some = held & (rng.random((n, length)) < rng.choice([0.7, 1.0], size=(n, 1)))
    return some & (bernoulli(rng, n, prior.held)[:, None] > 0)
