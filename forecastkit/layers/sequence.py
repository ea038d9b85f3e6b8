"""Common parts of the sequence layers: step, loop, masks, dropout, direction, configuration."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import keras
import tensorflow as tf

from forecastkit.layers.cells import CELLS
from forecastkit.layers.gates import masked_product
from forecastkit.layers.loops import ops, run_sequence

_MIN_ROWS_PER_PART = 16  # minimum part of a batch that is worth a thread
_MAX_PARTS = 4


def sequence_config(
    layer: Any, config: dict[str, Any], arguments: tuple[str, ...]
) -> dict[str, Any]:
    """Return the configuration of a sequence layer: its own arguments and those of its cell."""
    cell_config = layer.cell.get_config()
    own = {
        **{name: cell_config[name] for name in arguments},
        "activity_regularizer": keras.regularizers.serialize(layer.activity_regularizer),
    }
    return {**{name: value for name, value in config.items() if name != "cell"}, **own}


def check_cudnn(use_cudnn: Any) -> None:
    """Raise ValueError if cuDNN is requested: its kernels are not the gate math of this package."""
    if use_cudnn not in ("auto", False):
        raise ValueError(
            f"use_cudnn={use_cudnn!r} is refused: the gate math of this layer is its own, on every "
            "device. Use 'auto' or False, or keras.layers.LSTM, which takes the same weights."
        )


def dropout_masks(cell: Any, x: Any, h: Any, training: bool) -> tuple[list[Any], list[Any]]:
    """Return the dropout masks of x and of h: for each none, one, or one per gate.

    As in Keras, the masks are the same for all steps of a call, and a rate of 1 drops everything in
    a simple layer but nothing in an LSTM or GRU.

    Parameters
    ----------
    cell : keras.layers.Layer
    x : tensor, shape (batch, features)
        Inputs of one step.
    h : tensor, shape (batch, units)
    training : bool
    """

    def draw(rate: float, get_mask: Callable[[Any], Any], like: Any) -> list[Any]:
        if not training or rate == 0 or (rate == 1 and not cell.rate_1_drops_all):
            return []
        masks = get_mask(like)
        masks = masks if isinstance(masks, list) else [masks]
        return [keras.ops.cast(mask, like.dtype) for mask in masks]

    input_masks = draw(cell.dropout, cell.get_dropout_mask, x)
    return input_masks, draw(cell.recurrent_dropout, cell.get_recurrent_dropout_mask, h)


def has_standard_activations(cell: Any) -> bool:
    """Whether a cell's activations are tanh and sigmoid, as the hand-written gradients assume."""
    tanh, sigmoid = keras.activations.tanh, keras.activations.sigmoid
    gate = getattr(cell, "recurrent_activation", sigmoid)
    return cell.activation is tanh and gate is sigmoid


def run_cell(cell: Any, kind: str, inputs: Any, states: Sequence[Any], training: bool) -> Any:
    """Run one step of a cell, with its weights, activations and dropout.

    Parameters
    ----------
    cell : keras.layers.Layer
        With `kernel`, `recurrent_kernel` and `bias`.
    kind : str
        Name of its equations in `CELLS`.
    inputs : tensor, shape (batch, features)
    states : sequence of tensor, shape (batch, units)
    training : bool

    Returns
    -------
    tuple of tensor, shape (batch, units)
        The states after the step, the output first.
    """
    equations, k = CELLS[kind], keras.ops
    input_masks, recurrent_masks = dropout_masks(cell, inputs, states[0], training)
    U = k.convert_to_tensor(cell.recurrent_kernel)
    bias, recurrent_bias = equations.split_bias(cell.bias)
    a = masked_product(inputs, k.convert_to_tensor(cell.kernel), input_masks, k)
    a = a if bias is None else a + bias
    product = equations.recurrent_product(U, recurrent_bias, k, recurrent_masks)
    gate = getattr(cell, "recurrent_activation", None)
    return equations.step(a, tuple(states), product, k, cell.activation, gate)[0]


def run_layer(
    layer: Any, kind: str, sequences: Any, initial_state: Any, mask: Any, training: bool
) -> tuple[Any, Any, list[Any]]:
    """Run a sequence layer on its inputs with the loops of `forecastkit.layers.loops`.

    Parameters
    ----------
    layer : keras.layers.RNN
        The activations of its cell must be tanh and sigmoid.
    kind : str
        Name of the cell's equations in `CELLS`.
    sequences : tensor, shape (batch, time, features)
    initial_state : sequence of tensor, shape (batch, units)
    mask : tensor of bool, shape (batch, time), or None
    training : bool

    Returns
    -------
    last : tensor, shape (batch, units)
    outputs : tensor, shape (batch, time, units), or (batch, 1, units) without `return_sequences`
    states : list of tensor, shape (batch, units)
    """
    x, states, mask = prepare_inputs(layer, sequences, initial_state, mask)
    dropout = dropout_masks(layer.cell, x[:, 0], states[0], training)
    run = partial(_run_part, layer, kind, bool(training))
    return run_in_parts(run, x, mask, states, *dropout)


def _run_part(
    layer: Any,
    kind: str,
    training: bool,
    x: Any,
    mask: Any,
    states: Any,
    input_masks: Any,
    recurrent_masks: Any,
) -> Any:
    cell, equations = layer.cell, CELLS[kind]
    x = tf.transpose(x, (1, 0, 2))  # (time, batch, features)
    if mask is not None:
        mask = tf.transpose(tf.cast(mask, "bool"))[..., None]  # (time, batch, 1)
    if layer.go_backwards:
        x, mask = (None if array is None else tf.reverse(array, [0]) for array in (x, mask))
    kernel, U = (tf.convert_to_tensor(W) for W in (cell.kernel, cell.recurrent_kernel))
    bias = None if cell.bias is None else tf.convert_to_tensor(cell.bias)
    input_bias, recurrent_bias = equations.split_bias(bias)
    a = masked_product(x, kernel, input_masks, ops)
    a = a if input_bias is None else a + input_bias
    weights = [U]
    if equations.recurrent_bias:
        weights.append(tf.zeros_like(U[0]) if recurrent_bias is None else recurrent_bias)
    H, last = run_sequence(kind, a, states, weights, mask, recurrent_masks, training)
    return *layer_outputs(layer, H, mask), last


def prepare_inputs(
    layer: Any, sequences: Any, states: Sequence[Any], mask: Any
) -> tuple[Any, list[Any], Any]:
    """Return inputs, states and mask with the shapes and types that the loops require.

    As in Keras, inputs may be integers, a mask may have a third axis, and masks and states may have
    a single row for the whole batch.

    Raises
    ------
    ValueError
        If the number of states is not that of the cell, or the shape of a state or of the mask is
        invalid.
    """
    dtype, units = layer.cell.compute_dtype, layer.cell.units
    sequences = tf.cast(sequences, dtype)
    batch = tf.shape(sequences)[0] if sequences.shape[0] is None else sequences.shape[0]
    n_states = len(tf.nest.flatten(layer.cell.state_size))
    if len(states) != n_states:
        raise ValueError(f"{layer.name} takes {n_states} initial states, not {len(states)}.")
    states = [tf.cast(h, dtype) for h in states]
    for h in states:
        _check_shape(layer, "an initial state", h, [(None, units), (units,)])
    states = [tf.broadcast_to(h, (batch, units)) for h in states]
    mask = mask[0] if isinstance(mask, list | tuple) else mask
    if mask is None:
        return sequences, states, None
    mask, steps = tf.cast(mask, "bool"), sequences.shape[1]
    _check_shape(layer, "the mask", mask, [(None, steps), (None, steps, 1)])
    mask = tf.squeeze(mask, 2) if mask.shape.rank == 3 else mask
    return sequences, states, tf.broadcast_to(mask, tf.shape(sequences)[:2])


def _check_shape(layer: Any, name: str, x: Any, valid: Sequence[tuple[int | None, ...]]) -> None:
    """Raise ValueError unless a shape is among the valid ones; broadcasting is not enough."""
    if not any(x.shape.is_compatible_with(shape) for shape in valid):
        listed = " or ".join(str(shape).replace("None", "batch") for shape in valid)
        raise ValueError(f"{layer.name}: {name} has shape {tuple(x.shape)}; it takes {listed}.")


def run_in_parts(run: Callable[..., Any], *arguments: Any) -> Any:
    """Run a function on parts of the batch in parallel, and concatenate the results.

    A small network occupies a single thread, so in a graph the batch is split into parts that run
    in parallel. It is not split in eager mode, for sequences of unknown length, or on a GPU.

    Parameters
    ----------
    run : callable
        Takes the arguments; returns a nest of tensors, batch first.
    *arguments : nest of tensor or None
        All of them batch first; the first is a tensor.
    """
    n = _n_parts(arguments[0])
    if n == 1:
        return run(*arguments)
    parts = zip(*(_split(x, n) for x in arguments), strict=True)
    return tf.nest.map_structure(lambda *x: tf.concat(x, axis=0), *(run(*part) for part in parts))


def _n_parts(x: Any) -> int:
    unknown_length = x.shape[1] is None
    if tf.executing_eagerly() or unknown_length or tf.config.list_logical_devices("GPU"):
        return 1
    n_threads = tf.config.threading.get_inter_op_parallelism_threads() or os.cpu_count() or 1
    n = min(n_threads, _MAX_PARTS)
    return n if x.shape[0] is None else max(1, min(n, x.shape[0] // _MIN_ROWS_PER_PART))


def _split(x: Any, n: int) -> list[Any]:
    """Split a tensor, or each tensor of a list, into n parts along the first axis."""
    if x is None:
        return [None] * n
    if isinstance(x, list):
        parts = [_split(tensor, n) for tensor in x]
        return [[part[k] for part in parts] for k in range(n)]
    size = tf.shape(x)[0] if x.shape[0] is None else x.shape[0]
    bounds = [size * k // n for k in range(n + 1)]
    return [x[start:stop] for start, stop in zip(bounds[:-1], bounds[1:], strict=True)]


def layer_outputs(layer: Any, H: Any, mask: Any) -> tuple[Any, Any]:
    """Return the last output and all outputs, batch first, from the states of every step.

    The output of a masked step is the previous one. It is zero before the first unmasked step, and
    at all masked steps with `zero_output_for_mask`.
    """
    last = H[-1]
    if mask is not None:
        has_started = tf.cumsum(tf.cast(mask, "int32"), axis=0) > 0
        is_nonzero = mask if layer.zero_output_for_mask else has_started
        last = tf.where(is_nonzero[-1], last, tf.zeros_like(last))
        H = tf.where(is_nonzero, H, tf.zeros_like(H))
    return last, tf.transpose(H, (1, 0, 2)) if layer.return_sequences else last[:, None]
