"""Head of a network: from the hidden state to non-crossing quantiles, in Keras and NumPy."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np

# gaps between quantiles are e^-3 to e^3 times those that the standard error implies
MAX_LOG_GAP = 3.0
_GELU = 0.7978845608028654  # sqrt(2 / pi)


def gelu(x: Any, ops: Any) -> Any:
    """Gaussian error linear unit in its tanh form (Hendrycks & Gimpel 2016, section 2).

    Examples
    --------
    >>> gelu(np.array([-1.0, 0.0, 1.0]), np).round(4)
    array([-0.1588,  0.    ,  0.8412])
    """
    return 0.5 * x * (1.0 + ops.tanh(_GELU * (x + 0.044715 * x * x * x)))


def gelu_gradient(x: Any, ops: Any) -> Any:
    """Derivative of `gelu`.

    Examples
    --------
    >>> gelu_gradient(np.array([0.0]), np)
    array([0.5])
    """
    t = ops.tanh(_GELU * (x + 0.044715 * x * x * x))
    slope = _GELU * (1.0 + 3.0 * 0.044715 * x * x)
    return 0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * slope


def future_part(state: Any, future: Any, weights: tuple[Any, Any, Any, Any], ops: Any) -> Any:
    """Contribution of the future features of each step of the horizon to the outputs.

    The result is V (tanh(S h + K x + b) - tanh(S h + b)) with state h and features x.

    Parameters
    ----------
    state : array, shape (..., units)
    future : array, shape (..., horizon, n_future)
    weights : tuple of four arrays, shapes (units, k), (n_future, k), (k,), (k, n_quantiles)
        S, K, b and V.
    ops : namespace
        With `matmul` and `tanh`.

    Returns
    -------
    array, shape (..., horizon, n_quantiles)
        0 if all features are 0.
    """
    state_kernel, kernel, bias, out = weights
    z = ops.matmul(state, state_kernel)[..., None, :] + bias  # (..., 1, k)
    # without the second tanh, features of 0 would change the outputs
    return ops.matmul(ops.tanh(z + ops.matmul(future, kernel)) - ops.tanh(z), out)


def future_gradient(
    state: Any, future: Any, weights: tuple[Any, Any, Any, Any], upstream: Any, ops: Any
) -> Any:
    """Gradient of `future_part` with respect to the state, from that of its outputs."""
    state_kernel, kernel, bias, out = weights
    z = ops.matmul(state, state_kernel)[..., None, :] + bias
    with_future, without = ops.tanh(z + ops.matmul(future, kernel)), ops.tanh(z)
    slope = (1.0 - with_future * with_future) - (1.0 - without * without)
    dz = (ops.matmul(upstream, out.T) * slope).sum(axis=-2)
    return ops.matmul(dz, state_kernel.T)


def normal_steps(quantiles: tuple[float, ...]) -> np.ndarray:
    """Gaps between adjacent quantiles of the standard normal distribution.

    Examples
    --------
    >>> normal_steps((0.1, 0.5, 0.9)).round(3)
    array([1.282, 1.282], dtype=float32)
    """
    return np.diff([NormalDist().inv_cdf(q) for q in quantiles]).astype(np.float32)


def quantile_paths(raw: Any, standard_error: Any, quantiles: tuple[float, ...], ops: Any) -> Any:
    """Quantiles as the median plus or minus cumulative sums of positive gaps.

    A head of zeros yields median 0 (the baseline forecast) and the quantiles of a normal
    distribution with the standard error.

    Parameters
    ----------
    raw : array, shape (..., horizon, n_quantiles)
        Outputs of the network: the median, then the logarithm of the factor of each gap.
    standard_error : array, shape (..., horizon)
        Standard error of the baseline forecast, in units of the noise.
    quantiles : tuple of float
        Ascending, symmetric around 0.5.
    ops : namespace
        With `exp`, `clip`, `cumsum`, `flip` and `concatenate`.

    Returns
    -------
    array, shape (..., horizon, n_quantiles)
        Ascending along the last axis.

    Examples
    --------
    >>> paths = quantile_paths(np.zeros((1, 3)), np.ones(1), (0.1, 0.5, 0.9), np)
    >>> paths.round(3).tolist()
    [[-1.282, 0.0, 1.282]]
    """
    middle = len(quantiles) // 2
    median = raw[..., :1]
    factors = ops.exp(ops.clip(raw[..., 1:], -MAX_LOG_GAP, MAX_LOG_GAP))
    gaps = factors * standard_error[..., None] * normal_steps(quantiles)
    below = ops.flip(ops.cumsum(ops.flip(gaps[..., :middle], axis=-1), axis=-1), axis=-1)
    above = ops.cumsum(gaps[..., middle:], axis=-1)
    return ops.concatenate([median - below, median, median + above], axis=-1)
