"""Gates of a network, and the gradient of its forecast with respect to its inputs, in NumPy.

The gradient uses the same equations as training (`forecastkit.layers.gates`), so that a model file
can be inspected without TensorFlow.
"""

from __future__ import annotations

import numpy as np

from forecastkit.layers.cells import CELLS
from forecastkit.layers.gates import input_part
from forecastkit.network.config import NetworkConfig
from forecastkit.network.head import future_gradient, gelu_gradient
from forecastkit.network.runtime import (
    Trace,
    Weights,
    future_weights,
    hidden_layers,
    numpy_ops,
)


def traces(config: NetworkConfig, weights: Weights, x: np.ndarray) -> list[Trace]:
    """Run a network and record the states and caches of its recurrent layers.

    Parameters
    ----------
    config : NetworkConfig
    weights : dict of ndarray
    x : ndarray, shape (batch, time, n_inputs)

    Returns
    -------
    list of Trace
        One per layer, first layer first.
    """
    layers = hidden_layers(config, weights, x, keep_caches=True)
    return [trace for trace, _ in layers if trace is not None]


def gate_values(config: NetworkConfig, trace: Trace) -> dict[str, np.ndarray]:
    """Gates of a layer by letter, each of shape (batch, time, units); empty without gates."""
    letters = CELLS[config.cell].gates
    return {
        letter: np.stack([cache[k] for cache in trace.caches], axis=1)
        for k, letter in enumerate(letters)
    }


def input_gradient(
    config: NetworkConfig,
    weights: Weights,
    x: np.ndarray,
    upstream: np.ndarray,
    future: np.ndarray | None = None,
) -> np.ndarray:
    """Gradient of a loss of the medians at the last cutoff with respect to all inputs.

    Parameters
    ----------
    config : NetworkConfig
    weights : dict of ndarray
    x : ndarray, shape (batch, time, n_inputs)
    upstream : ndarray, shape (batch, horizon)
        Gradient of the loss with respect to the medians.
    future : ndarray, shape (batch, horizon, n_future), optional
        Future features of the steps after the last cutoff.

    Returns
    -------
    ndarray, shape (batch, time, n_inputs)

    References
    ----------
    Werbos, "Backpropagation through time", Proceedings of the IEEE 78 (1990).
    """
    z = input_part(x, weights["input/kernel"], weights["input/bias"], np)
    layers = list(hidden_layers(config, weights, x, keep_caches=True))
    last_state = layers[-1][1][:, -1]
    raw = np.zeros((len(x), config.view.horizon, len(config.quantiles)), x.dtype)
    raw[..., 0] = upstream
    dx = np.zeros((*x.shape[:2], config.units), x.dtype)
    dx[:, -1] = raw.reshape(len(x), -1) @ weights["head/kernel"].T
    if config.view.n_future and future is not None:
        dx[:, -1] += future_gradient(last_state, future, future_weights(weights), raw, np)
    for layer, (trace, _) in reversed(list(enumerate(layers[1:]))):
        assert trace is not None
        kernels = {
            name: weights[f"recurrent_{layer}/{name}"] for name in ("kernel", "recurrent_kernel")
        }
        dx = dx + _backpropagate(config.cell, kernels, trace, dx)
    return (dx * gelu_gradient(z, np)) @ weights["input/kernel"].T


def _backpropagate(name: str, weights: Weights, trace: Trace, dH: np.ndarray) -> np.ndarray:
    """Gradient with respect to the inputs of a recurrent layer, from that of its outputs."""
    cell, U = CELLS[name], weights["recurrent_kernel"]
    units = len(U)

    def back(du: np.ndarray, first: int = 0, stop: int = cell.n_gates) -> np.ndarray:
        return np.asarray(du @ U[:, first * units : stop * units].T)

    dx = np.empty_like(dH)
    dstate = tuple(np.zeros_like(dH[:, 0]) for _ in cell.states)
    for t in reversed(range(dH.shape[1])):
        dstate = (dstate[0] + dH[:, t], *dstate[1:])
        h, cache = trace.states[:, t], trace.caches[t]
        da, _, dstate = cell.step_gradient(dstate, h, cache, back, numpy_ops)
        dx[:, t] = da @ weights["kernel"].T
    return dx
