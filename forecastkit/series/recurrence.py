"""Exponentially decayed sums and exponential smoothing, vectorised over time."""

from __future__ import annotations

import numpy as np

_BLOCK = 64


def decayed_sum(x: np.ndarray, decay: float, axis: int = -1) -> np.ndarray:
    """Return s with s_t = decay * s_{t-1} + x_t and s_{-1} = 0.

    Computed in blocks: by a triangular matrix product within a block, and a carry from block to
    block. The cost is linear in the length, without a Python loop over single steps.

    Parameters
    ----------
    x : ndarray, shape (..., n, ...)
        Without NaN.
    decay : float
        From 0 (no memory) to 1 (cumulative sum).
    axis : int
        Time axis.

    Returns
    -------
    ndarray
        With the shape of `x`.

    Examples
    --------
    >>> decayed_sum(np.array([1.0, 1.0, 1.0]), decay=0.5)
    array([1.  , 1.5 , 1.75])
    """
    if decay == 1.0:
        return np.cumsum(x, axis=axis)
    x = np.moveaxis(x, axis, -1)
    n = x.shape[-1]
    size = min(_BLOCK, max(n, 1))
    n_blocks = -(-n // size)
    padded = np.zeros((*x.shape[:-1], n_blocks * size))
    padded[..., :n] = x
    blocks = padded.reshape(*x.shape[:-1], n_blocks, size)
    power = np.subtract.outer(np.arange(size), np.arange(size))
    triangle = np.where(power >= 0, float(decay) ** np.maximum(power, 0), 0.0)
    sums = blocks @ triangle.T  # (..., n_blocks, size)
    carry = float(decay) ** np.arange(1, size + 1)
    for block in range(1, n_blocks):
        sums[..., block, :] += sums[..., block - 1, -1:] * carry
    return np.moveaxis(sums.reshape(padded.shape)[..., :n], -1, axis)


def smoothed(x: np.ndarray, alpha: float) -> np.ndarray:
    """Return simple exponential smoothing l_t = (1 - alpha) l_{t-1} + alpha x_t, l_0 = x_0.

    Parameters
    ----------
    x : ndarray, shape (..., n)
        Without NaN.
    alpha : float
        Smoothing parameter, from 0 to 1.

    Returns
    -------
    ndarray, shape (..., n)

    References
    ----------
    Hyndman & Athanasopoulos, *Forecasting: Principles and Practice*, 3rd ed., section 8.1.

    Examples
    --------
    >>> smoothed(np.array([1.0, 2.0, 3.0]), alpha=0.5)
    array([1.  , 1.5 , 2.25])
    """
    weighted = alpha * x
    weighted[..., 0] = x[..., 0]
    return decayed_sum(weighted, 1.0 - alpha)
