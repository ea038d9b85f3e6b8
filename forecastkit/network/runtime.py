"""Inference of a network in NumPy, without TensorFlow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from forecastkit.layers.cells import CELLS, Cache, Cell, State
from forecastkit.layers.gates import input_part
from forecastkit.network.config import NetworkConfig
from forecastkit.network.head import future_part, gelu, quantile_paths
from forecastkit.network.threads import map_chunks
from forecastkit.series.view import View
from forecastkit.series.windows import Windows

Weights = dict[str, np.ndarray]
ROWS_PER_CHUNK = 512


@dataclass(frozen=True, eq=False)
class Member:
    """A network of an ensemble: its configuration and its weights.

    Attributes
    ----------
    network : NetworkConfig
    weights : dict of ndarray
        By the names of `NetworkConfig.weight_shapes`, all finite.
    """

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
    config: NetworkConfig,
    weights: Weights,
    x: np.ndarray,
    future: np.ndarray | None = None,
    padding: np.ndarray | None = None,
) -> np.ndarray:
    """Run a network on a batch and return its raw outputs at the last cutoff.

    Parameters
    ----------
    config : NetworkConfig
    weights : dict of ndarray
        By the names of `NetworkConfig.weight_shapes`.
    x : ndarray of float32, shape (batch, time, config.view.n_inputs)
    future : ndarray of float32, shape (batch, horizon, config.view.n_future), optional
        Future features of the steps after the last cutoff.
    padding : ndarray of int, shape (batch,), optional
        Steps before each sequence starts, at which the states stay zero.

    Returns
    -------
    ndarray of float32, shape (batch, horizon, n_quantiles)
    """
    *_, (_, hidden) = hidden_layers(config, weights, x, padding=padding)
    state = hidden[:, -1]
    outputs = head_outputs(config, weights, state)
    if config.view.n_future == 0 or future is None:
        return outputs
    return np.asarray(outputs + future_part(state, future, future_weights(weights), np))


def future_weights(weights: Weights) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Weights of `forecastkit.network.head.future_part`, in its order."""
    return (
        weights["told/state"],
        weights["told/kernel"],
        weights["told/bias"],
        weights["told/out"],
    )


def head_outputs(config: NetworkConfig, weights: Weights, state: np.ndarray) -> np.ndarray:
    """Outputs of the head, from states (batch, units) to (batch, horizon, n_quantiles)."""
    flat = input_part(state, weights["head/kernel"], weights["head/bias"], np)
    return np.asarray(flat.reshape(len(state), config.view.horizon, -1))


def hidden_layers(
    config: NetworkConfig,
    weights: Weights,
    x: np.ndarray,
    keep_caches: bool = False,
    padding: np.ndarray | None = None,
) -> Iterator[tuple[Trace | None, np.ndarray]]:
    """Run the input layer and the recurrent layers, one after the other.

    Yields
    ------
    trace : Trace or None
        States of the recurrent layer, and its caches with `keep_caches`; None for the input layer.
    x : ndarray, shape (batch, time, units)
        Outputs of the layer, with the residual connection.
    """
    x = gelu(input_part(x, weights["input/kernel"], weights["input/bias"], np), np)
    yield None, x
    for layer in range(config.n_layers):
        own = layer_weights(weights, layer)
        trace = unroll(CELLS[config.cell], own, x, keep_caches, padding)
        x = x + trace.states
        yield trace, x


def layer_weights(weights: Weights, layer: int) -> Weights:
    """Weights of a recurrent layer, by their names in Keras."""
    names = ("kernel", "recurrent_kernel", "bias")
    return {name: weights[f"recurrent_{layer}/{name}"] for name in names}


@dataclass(frozen=True, eq=False)
class Trace:
    """States and caches of a recurrent layer.

    Attributes
    ----------
    states : ndarray, shape (batch, time, units)
        Hidden state after each step.
    last : tuple of ndarray, shape (batch, units)
        All states after the last step.
    caches : list of tuple of ndarray, shape (batch, units)
        Cache of the cell at each step, the gates first; empty unless requested.
    """

    states: np.ndarray
    last: State
    caches: list[Cache]


def unroll(
    cell: Cell,
    weights: Weights,
    x: np.ndarray,
    keep_caches: bool = False,
    padding: np.ndarray | None = None,
) -> Trace:
    """Run a cell over a sequence: the only loop over time in NumPy.

    Parameters
    ----------
    cell : Cell
    weights : dict of ndarray
        `kernel`, `recurrent_kernel`, `bias`.
    x : ndarray, shape (batch, time, features)
    keep_caches : bool
        Whether to return the caches, for gradients and inspection.
    padding : ndarray of int, shape (batch,), optional
        Steps before each sequence starts, at which the states stay zero.
    """
    input_bias, recurrent_bias = cell.split_bias(weights["bias"])
    a = input_part(x, weights["kernel"], input_bias, np)  # (batch, time, gates * units)
    U = weights["recurrent_kernel"]
    product = cell.recurrent_product(U, recurrent_bias, np)
    state: State = tuple(np.zeros((len(x), len(U)), x.dtype) for _ in cell.states)
    outputs, caches = np.empty((*x.shape[:2], len(U)), x.dtype), []
    last_padding = 0 if padding is None else int(padding.max(initial=0))
    for t in range(x.shape[1]):
        state, cache = cell.step(a[:, t], state, product, numpy_ops)
        if padding is not None and t < last_padding:
            started = (t >= padding)[:, None]
            state = tuple(np.where(started, array, 0.0) for array in state)
        outputs[:, t] = state[0]
        if keep_caches:
            caches.append(cache)
    return Trace(outputs, state, caches)


def network_quantiles(
    config: NetworkConfig,
    weights: Weights,
    windows: Windows,
    series: np.ndarray,
    ends: np.ndarray,
    origins: np.ndarray | None = None,
) -> np.ndarray:
    """Quantiles of the deviation from the baseline forecast, for one cutoff per series.

    f(x) and -f(-x) are averaged, so that trends of the training series cannot bias the forecast.

    Parameters
    ----------
    config : NetworkConfig
    weights : dict of ndarray
    windows : Windows
    series, ends : ndarray of int, shape (batch,)
        Numbers of the series, and the step of the cutoff in each, counted from 0.
    origins : ndarray of int, shape (batch,), optional
        First cutoff of each sequence; see `Windows.cutoffs`.

    Returns
    -------
    ndarray of float32, shape (batch, horizon, n_quantiles)
        In units of the noise.
    """

    def chunk(start: int) -> np.ndarray:
        rows = slice(start, start + ROWS_PER_CHUNK)
        first = None if origins is None else origins[rows]
        cutoffs = windows.cutoffs(series[rows], ends[rows], first)
        x = windows.inputs(series[rows], cutoffs)
        padding = (cutoffs < 0).sum(axis=1) if windows.view.anchored else None
        error = windows.standard_error(cutoffs[:, -1:])[:, 0]
        future = windows.future(series[rows], cutoffs[:, -1:])[:, 0]
        original, mirrored = (
            quantile_paths(network_outputs(config, weights, *inputs), error, config.quantiles, np)
            for inputs in (
                (x, future, padding),
                (negated(x, windows.view), -future, padding),
            )
        )
        return np.asarray(0.5 * (original - mirrored[..., ::-1]))

    chunks = map_chunks(chunk, range(0, len(series), ROWS_PER_CHUNK))
    shape = (0, config.view.horizon, len(config.quantiles))
    return np.concatenate(chunks) if chunks else np.zeros(shape, np.float32)


def ensemble_paths(
    members: Sequence[Member], windows: Windows, series: np.ndarray, ends: np.ndarray
) -> np.ndarray:
    """Median over networks with the same view of their quantiles on the transformed scale.

    Parameters
    ----------
    members : sequence of Member
    windows : Windows
    series, ends : ndarray of int, shape (batch,)
        As for `network_quantiles`.

    Returns
    -------
    ndarray, shape (batch, horizon, n_quantiles)
    """
    last = windows.panel.offsets[series] + ends
    paths = []
    for member in members:
        deviations = network_quantiles(member.network, member.weights, windows, series, ends)
        paths.append(windows.paths(series, last, deviations))
    return np.asarray(np.median(paths, axis=0))


def negated(x: np.ndarray, view: View) -> np.ndarray:
    """Inputs of the negated series: the sign-equivariant ones change their sign."""
    return x * view.signs
