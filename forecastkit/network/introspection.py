"""Inside a network: its gates, and the gradient of its forecast by its inputs; in NumPy.

The gradient runs through the same equations as training (`forecastkit.layers.gates`), so that a
model from a file can be inspected without TensorFlow.
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
    """Run the network and keep what every recurrent layer did.

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
    return [trace for trace, _ in hidden_layers(config, weights, x, keep=True) if trace is not None]


def gate_values(config: NetworkConfig, trace: Trace) -> dict[str, np.ndarray]:
    """Gates of a layer by their letters, shape (batch, time, units) each; none without gates."""
    letters = CELLS[config.cell].gates
    return {
        letter: np.stack([kept[k] for kept in trace.kept], axis=1)
        for k, letter in enumerate(letters)
    }


def input_gradient(
    config: NetworkConfig,
    weights: Weights,
    x: np.ndarray,
    upstream: np.ndarray,
    future: np.ndarray | None = None,
) -> np.ndarray:
    """Gradient of a loss on the medians at the last cutoff, with respect to every input.

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
    layers = list(hidden_layers(config, weights, x, keep=True))
    last = layers[-1][1][:, -1]
    raw = np.zeros((len(x), config.view.horizon, len(config.quantiles)), x.dtype)
    raw[..., 0] = upstream
    dx = np.zeros((*x.shape[:2], config.units), x.dtype)
    dx[:, -1] = raw.reshape(len(x), -1) @ weights["head/kernel"].T
    if config.view.n_future and future is not None:
        dx[:, -1] += future_gradient(last, future, future_weights(weights), raw, np)
    for layer, (trace, _) in reversed(list(enumerate(layers[1:]))):
        assert trace is not None
        own = {
            name: weights[f"recurrent_{layer}/{name}"] for name in ("kernel", "recurrent_kernel")
        }
        dx = dx + _back_through(config.cell, own, trace, dx)
    return (dx * gelu_gradient(z, np)) @ weights["input/kernel"].T


def _back_through(name: str, weights: Weights, trace: Trace, dH: np.ndarray) -> np.ndarray:
    """Gradient with respect to the inputs of a recurrent layer, from that of its outputs."""
    cell, U = CELLS[name], weights["recurrent_kernel"]
    units = len(U)

    def back(du: np.ndarray, first: int = 0, stop: int = cell.n_gates) -> np.ndarray:
        return np.asarray(du @ U[:, first * units : stop * units].T)

    dx = np.empty_like(dH)
    dstate = tuple(np.zeros_like(dH[:, 0]) for _ in cell.states)
    for t in reversed(range(dH.shape[1])):
        dstate = (dstate[0] + dH[:, t], *dstate[1:])
        h, kept = trace.states[:, t], trace.kept[t]
        da, _, dstate = cell.step_gradient(dstate, h, kept, back, numpy_ops)
        dx[:, t] = da @ weights["kernel"].T
    return dx
