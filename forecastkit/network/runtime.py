"""The network in NumPy: prediction from a model file without TensorFlow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from forecastkit.layers.cells import CELLS, Cell, Kept, State
from forecastkit.layers.gates import input_part
from forecastkit.network.config import NetworkConfig
from forecastkit.network.head import future_part, gelu, quantile_paths
from forecastkit.network.threads import map_chunks
from forecastkit.series.windows import View, Windows

Weights = dict[str, np.ndarray]
ROWS_PER_CHUNK = 512


@dataclass(frozen=True, eq=False)
class Member:
    """A network of an ensemble: its shape, and its weights by the names of `weight_shapes`."""

    network: NetworkConfig
    weights: Weights

    def __post_init__(self) -> None:
        shapes = {name: weight.shape for name, weight in self.weights.items()}
        if shapes != self.network.weight_shapes():
            raise ValueError("weights do not have the names and shapes of the network")
        for name, weight in self.weights.items():
            if not np.isfinite(weight).all():
                raise ValueError(f"array '{name}' holds values that are not finite")


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
    config: NetworkConfig, weights: Weights, x: np.ndarray, future: np.ndarray | None = None
) -> np.ndarray:
    """Run the network over a batch and return its raw outputs at the last cutoff.

    Parameters
    ----------
    config : NetworkConfig
    weights : dict of ndarray
        By the names of `NetworkConfig.weight_shapes`.
    x : ndarray of float32, shape (batch, time, config.view.n_inputs)
    future : ndarray of float32, shape (batch, horizon, config.view.n_future), optional
        Future features of the steps after the last cutoff.

    Returns
    -------
    ndarray of float32, shape (batch, horizon, n_quantiles)
    """
    *_, (_, hidden) = hidden_layers(config, weights, x)
    state = hidden[:, -1]
    last = input_part(state, weights["head/kernel"], weights["head/bias"], np)
    outputs = last.reshape(len(x), config.view.horizon, -1)
    if config.view.n_future == 0 or future is None:
        return outputs
    return np.asarray(outputs + future_part(state, future, future_weights(weights), np))


def future_weights(weights: Weights) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Weights of `future_part`, in its order."""
    return (
        weights["told/state"],
        weights["told/kernel"],
        weights["told/bias"],
        weights["told/out"],
    )


def hidden_layers(
    config: NetworkConfig, weights: Weights, x: np.ndarray, keep: bool = False
) -> Iterator[tuple[Trace | None, np.ndarray]]:
    """Run the input layer and the recurrent layers, one after the other.

    Yields
    ------
    trace : Trace or None
        What the recurrent layer did, with `keep`; None for the input layer.
    x : ndarray, shape (batch, time, units)
        What the layer passes on.
    """
    x = gelu(input_part(x, weights["input/kernel"], weights["input/bias"], np), np)
    yield None, x
    for layer in range(config.n_layers):
        trace = unroll(CELLS[config.cell], layer_weights(weights, layer), x, keep)
        x = x + trace.states
        yield trace, x


def layer_weights(weights: Weights, layer: int) -> Weights:
    """Weights of one recurrent layer, by the names that Keras gives them."""
    names = ("kernel", "recurrent_kernel", "bias")
    return {name: weights[f"recurrent_{layer}/{name}"] for name in names}


@dataclass(frozen=True, eq=False)
class Trace:
    """What one recurrent layer did.

    Attributes
    ----------
    states : ndarray, shape (batch, time, units)
        Hidden state after each step.
    kept : list of tuple of ndarray, shape (batch, units)
        What the cell keeps of each step, the gates first; empty unless asked for.
    """

    states: np.ndarray
    kept: list[Kept]


def unroll(cell: Cell, weights: Weights, x: np.ndarray, keep: bool = False) -> Trace:
    """Run a cell over a sequence: the one loop over time in NumPy.

    Parameters
    ----------
    cell : Cell
    weights : dict of ndarray
        `kernel`, `recurrent_kernel`, `bias`.
    x : ndarray, shape (batch, time, features)
    keep : bool
        Whether to keep what the gradient and an inspection need.
    """
    input_bias, recurrent_bias = cell.split_bias(weights["bias"])
    a = input_part(x, weights["kernel"], input_bias, np)  # (batch, time, gates * units)
    U = weights["recurrent_kernel"]
    product = cell.recurrent_product(U, recurrent_bias, np)
    state: State = tuple(np.zeros((len(x), len(U)), x.dtype) for _ in cell.states)
    outputs, seen = np.empty((*x.shape[:2], len(U)), x.dtype), []
    for t in range(x.shape[1]):
        state, kept = cell.step(a[:, t], state, product, numpy_ops)
        outputs[:, t] = state[0]
        if keep:
            seen.append(kept)
    return Trace(outputs, seen)


def network_quantiles(
    config: NetworkConfig, weights: Weights, windows: Windows, series: np.ndarray, ends: np.ndarray
) -> np.ndarray:
    """Quantiles of the deviation from the baseline forecast at one cutoff per series.

    f(x) and -f(-x) are averaged, so that trends of the training series cannot bias a forecast.

    Returns
    -------
    ndarray of float32, shape (batch, horizon, n_quantiles)
        In units of the noise.
    """

    def chunk(start: int) -> np.ndarray:
        some, cutoffs = _cut(windows, series, ends, start)
        x = windows.inputs(some, cutoffs)
        error = windows.standard_error(cutoffs[:, -1:])[:, 0]
        future = windows.future(some, cutoffs[:, -1:])[:, 0]
        upright, negative = (
            quantile_paths(network_outputs(config, weights, *one), error, config.quantiles, np)
            for one in ((x, future), (negated(x, windows.view), -future))
        )
        return np.asarray(0.5 * (upright - negative[..., ::-1]))

    parts = map_chunks(chunk, range(0, len(series), ROWS_PER_CHUNK))
    shape = (0, config.view.horizon, len(config.quantiles))
    return np.concatenate(parts) if parts else np.zeros(shape, np.float32)


def _cut(
    windows: Windows, series: np.ndarray, ends: np.ndarray, start: int
) -> tuple[np.ndarray, np.ndarray]:
    some = series[start : start + ROWS_PER_CHUNK]
    return some, windows.cutoffs(some, ends[start : start + ROWS_PER_CHUNK])


def negated(x: np.ndarray, view: View) -> np.ndarray:
    """Inputs of the negated series, of the shape of `x`."""
    return x * view.signs
