"""Looking into a network: its gates, and how its forecast turns on its inputs; in NumPy.

The gradient runs through the same equations as training (`forecastkit.layers.gates`), so that a
model from a file can be looked into without TensorFlow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecastkit.layers.gates import (
    input_part,
    lstm_gates,
    lstm_step_gradient,
    lstm_update,
    rnn_step,
    rnn_step_gradient,
)
from forecastkit.network.config import NetworkConfig
from forecastkit.network.head import gelu, gelu_gradient, told_gradient
from forecastkit.network.runtime import Weights, numpy_ops, told_weights

GATES = ("input", "forget", "candidate", "output")


@dataclass(frozen=True)
class Trace:
    """What one recurrent layer did, step by step.

    Attributes
    ----------
    states : ndarray, shape (batch, time, units)
        Hidden state after each step.
    before : ndarray, shape (batch, time, units)
        What the gradient of a step needs of the state before it: h of a simple layer, c of an LSTM.
    gates : ndarray, shape (4, batch, time, units), or None
        i, f, g, o of an LSTM.
    """

    states: np.ndarray
    before: np.ndarray
    gates: np.ndarray | None


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
        One a layer, first layer first.
    """
    x = gelu(input_part(x, weights["input/kernel"], weights["input/bias"], np), np)
    found = []
    for layer in range(config.n_layers):
        found.append(_trace(config, weights, layer, x))
        x = x + found[-1].states
    return found


def _trace(config: NetworkConfig, weights: Weights, layer: int, x: np.ndarray) -> Trace:
    kernel, U, bias = (
        weights[f"recurrent_{layer}/{name}"] for name in ("kernel", "recurrent_kernel", "bias")
    )
    a = input_part(x, kernel, bias, np)
    states, before = np.empty_like(x), np.empty_like(x)
    gates = np.empty((4, *x.shape), x.dtype) if config.cell == "lstm" else None
    h = c = np.zeros((len(x), config.units), x.dtype)
    for t in range(x.shape[1]):
        if gates is None:
            before[:, t] = h
            h = rnn_step(a[:, t], h, U, numpy_ops)
        else:
            before[:, t] = c
            gates[:, :, t] = lstm_gates(a[:, t] + h @ U, numpy_ops)
            h, c = lstm_update(tuple(gates[:, :, t]), c, numpy_ops)
        states[:, t] = h
    return Trace(states, before, gates)


def input_gradient(
    config: NetworkConfig,
    weights: Weights,
    x: np.ndarray,
    upstream: np.ndarray,
    told: np.ndarray | None = None,
) -> np.ndarray:
    """Gradient of a loss on the medians at the last cutoff, with respect to every input.

    Parameters
    ----------
    config : NetworkConfig
    weights : dict of ndarray
    x : ndarray, shape (batch, time, n_inputs)
    upstream : ndarray, shape (batch, horizon)
        Gradient of the loss with respect to the medians.
    told : ndarray, shape (batch, horizon, n_told), optional
        Covariates of the steps after the last cutoff.

    Returns
    -------
    ndarray, shape (batch, time, n_inputs)

    References
    ----------
    Werbos, "Backpropagation through time", Proceedings of the IEEE 78 (1990).
    """
    z = input_part(x, weights["input/kernel"], weights["input/bias"], np)
    found = traces(config, weights, x)
    raw = np.zeros((len(x), config.view.horizon, len(config.quantiles)), x.dtype)
    raw[..., 0] = upstream
    dx = np.zeros((*x.shape[:2], config.units), x.dtype)
    dx[:, -1] = raw.reshape(len(x), -1) @ weights["head/kernel"].T
    if config.view.told and told is not None:
        last = gelu(z, np)[:, -1] + sum(trace.states[:, -1] for trace in found)
        dx[:, -1] += told_gradient(last, told, told_weights(weights), raw, np)
    for layer in reversed(range(config.n_layers)):
        dx = dx + _through(weights, layer, found[layer], dx)
    return (dx * gelu_gradient(z, np)) @ weights["input/kernel"].T


def _through(weights: Weights, layer: int, trace: Trace, dH: np.ndarray) -> np.ndarray:
    """Gradient with respect to what went into a recurrent layer, from that of its outputs."""
    kernel = weights[f"recurrent_{layer}/kernel"]
    U = weights[f"recurrent_{layer}/recurrent_kernel"]
    dx = np.empty_like(dH)
    dh = dc = np.zeros_like(dH[:, 0])
    for t in reversed(range(dH.shape[1])):
        dh = dh + dH[:, t]
        if trace.gates is None:
            dz = rnn_step_gradient(dh, trace.states[:, t])
        else:
            gates = tuple(trace.gates[:, :, t])
            dz, dc = lstm_step_gradient(dh, dc, gates, trace.before[:, t], numpy_ops)
        dx[:, t] = dz @ kernel.T
        dh = dz @ U.T
    return dx
