"""The network in NumPy: what predicts from a model file, without TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from forecastkit.layers.gates import input_part, lstm_step, rnn_step
from forecastkit.network.config import NetworkConfig
from forecastkit.network.head import gelu, quantile_paths, told_part
from forecastkit.network.threads import map_chunks
from forecastkit.series.windows import View, Windows

Weights = dict[str, np.ndarray]
_ROWS_AT_ONCE = 512


@dataclass(frozen=True)
class Member:
    """A network of an ensemble: its shape, and its weights by the names of `weight_shapes`."""

    network: NetworkConfig
    weights: Weights


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 0.5 * (1.0 + np.tanh(0.5 * x))


numpy_ops = SimpleNamespace(
    matmul=np.matmul,
    split=np.split,
    tanh=np.tanh,
    sigmoid=_sigmoid,
    concatenate=np.concatenate,
)


def network_outputs(
    config: NetworkConfig, weights: Weights, x: np.ndarray, told: np.ndarray | None = None
) -> np.ndarray:
    """Run the network over a batch and return its raw outputs at the last cutoff.

    Parameters
    ----------
    config : NetworkConfig
    weights : dict of ndarray
        By the names of `NetworkConfig.weight_shapes`.
    x : ndarray of float32, shape (batch, time, config.view.n_inputs)
    told : ndarray of float32, shape (batch, horizon, config.view.told), optional
        Covariates of the steps after the last cutoff.

    Returns
    -------
    ndarray of float32, shape (batch, horizon, n_quantiles)
    """
    x = gelu(input_part(x, weights["input/kernel"], weights["input/bias"], np), np)
    for layer in range(config.n_layers):
        own = {name: weights[f"recurrent_{layer}/{name}"] for name in _RECURRENT}
        x = x + _unroll(config, own, x)
    last = input_part(x[:, -1], weights["head/kernel"], weights["head/bias"], np)
    outputs = last.reshape(len(x), config.view.horizon, -1)
    if config.view.told == 0 or told is None:
        return outputs
    return np.asarray(outputs + told_part(x[:, -1], told, told_weights(weights), np))


def told_weights(weights: Weights) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Weights of `told_part`, in its order."""
    return (
        weights["told/state"],
        weights["told/kernel"],
        weights["told/bias"],
        weights["told/out"],
    )


_RECURRENT = ("kernel", "recurrent_kernel", "bias")


def _unroll(config: NetworkConfig, weights: Weights, x: np.ndarray) -> np.ndarray:
    """Outputs of one recurrent layer at every step, shape (batch, time, units)."""
    a = input_part(x, weights["kernel"], weights["bias"], np)  # (batch, time, gates * units)
    U, outputs = weights["recurrent_kernel"], np.empty_like(x)
    h = c = np.zeros((len(x), config.units), x.dtype)
    for t in range(x.shape[1]):
        if config.cell == "lstm":
            h, c = lstm_step(a[:, t], h, c, U, numpy_ops)
        else:
            h = rnn_step(a[:, t], h, U, numpy_ops)
        outputs[:, t] = h
    return outputs


def network_quantiles(
    config: NetworkConfig, weights: Weights, windows: Windows, series: np.ndarray, ends: np.ndarray
) -> np.ndarray:
    """Quantiles of the deviation from the base path at one cutoff a series.

    The network sees the series and its negative: f(x) and -f(-x) are averaged, so that what it
    has learnt of the drift of other series cannot lean a forecast to one side.

    Returns
    -------
    ndarray of float32, shape (batch, horizon, n_quantiles)
        In units of the noise.
    """

    def chunk(start: int) -> np.ndarray:
        some, cutoffs = _cut(windows, series, ends, start)
        x = windows.inputs(some, cutoffs)
        spread = windows.spread(cutoffs[:, -1:])[:, 0]
        told = windows.told(some, cutoffs[:, -1:])[:, 0]
        upright, turned = (
            quantile_paths(network_outputs(config, weights, *one), spread, config.quantiles, np)
            for one in ((x, told), (negated(x, windows.view), -told))
        )
        return np.asarray(0.5 * (upright - turned[..., ::-1]))

    parts = map_chunks(chunk, range(0, len(series), _ROWS_AT_ONCE))
    shape = (0, config.view.horizon, len(config.quantiles))
    return np.concatenate(parts) if parts else np.zeros(shape, np.float32)


def _cut(
    windows: Windows, series: np.ndarray, ends: np.ndarray, start: int
) -> tuple[np.ndarray, np.ndarray]:
    some = series[start : start + _ROWS_AT_ONCE]
    return some, windows.cutoffs(some, ends[start : start + _ROWS_AT_ONCE])


def negated(x: np.ndarray, view: View) -> np.ndarray:
    """Inputs of the same series turned upside down, of the shape of `x`."""
    return x * view.signs
