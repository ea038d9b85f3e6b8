"""Elementary random draws of the generator."""

from __future__ import annotations

import numpy as np

Rng = np.random.Generator


def bernoulli(rng: Rng, n: int, share: float) -> np.ndarray:
    """1 with a probability, else 0, shape (n,)."""
    return (rng.random(n) < share).astype(float)


def log_normal(rng: Rng, mean: float, sigma: float, n: int) -> np.ndarray:
    """Exponentials of normal numbers, shape (n,)."""
    return np.exp(rng.normal(mean, sigma, n))


def walk(increments: np.ndarray, persistence: np.ndarray) -> np.ndarray:
    """First-order autoregression along axis 1, with coefficients of shape (n,).

    Examples
    --------
    >>> walk(np.ones((1, 3)), np.array([0.5])).tolist()
    [[1.0, 1.5, 1.75]]
    """
    path, persistence = increments.copy(), persistence.reshape(-1, *[1] * (increments.ndim - 2))
    for t in range(1, increments.shape[1]):
        path[:, t] += persistence * path[:, t - 1]
    return path


def markov(rng: Rng, n: int, length: int, stay: np.ndarray) -> np.ndarray:
    """A chain of two states, 0 and 1, that are left with probability 1 - stay, shape (n, length).

    Examples
    --------
    >>> np.ptp(markov(np.random.default_rng(0), 3, 50, np.array([1.0, 0.9, 0.0])), axis=1).tolist()
    [0, 1, 1]
    """
    switches = rng.random((n, length)) >= stay[:, None]
    return (rng.integers(0, 2, (n, 1)) + switches.cumsum(axis=1)) % 2


def piecewise_linear(rng: Rng, n: int, length: int, max_knots: int = 6) -> np.ndarray:
    """Random broken lines of zero start and unit typical excursion, shape (n, length)."""
    time = np.arange(length) / max(length - 1, 1)
    knots = np.sort(rng.random((n, max_knots)), axis=1)
    used = np.arange(max_knots) < rng.integers(1, max_knots + 1, (n, 1))
    slopes = rng.normal(size=(n, max_knots)) * used
    path = rng.normal(size=(n, 1)) * time
    for k in range(max_knots):
        path = path + slopes[:, k : k + 1] * np.maximum(time - knots[:, k : k + 1], 0.0)
    return path
