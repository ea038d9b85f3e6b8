"""What the sequence layers share: one step, the loop, masks, directions, arguments of the cell."""

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

_MIN_ROWS = 16  # of a part of the batch that is worth a thread
_MAX_PARTS = 4


def sequence_config(
    layer: Any, config: dict[str, Any], arguments: tuple[str, ...]
) -> dict[str, Any]:
    """Return a sequence layer's configuration: its own arguments and those of its cell."""
    cell = layer.cell.get_config()
    own = {
        **{name: cell[name] for name in arguments},
        "activity_regularizer": keras.regularizers.serialize(layer.activity_regularizer),
    }
    return {**{name: value for name, value in config.items() if name != "cell"}, **own}


def check_cudnn(use_cudnn: Any) -> None:
    """Refuse to promise cuDNN, whose kernel is not the gate math of this package."""
    if use_cudnn not in ("auto", False):
        raise ValueError(
            f"use_cudnn={use_cudnn!r} is refused: the gate math of this layer is its own, on every "
            "device. Use 'auto' or False, or keras.layers.LSTM, which takes the same weights."
        )


def dropout_masks(cell: Any, x: Any, h: Any, training: bool) -> tuple[list[Any], list[Any]]:
    """Return what x and what h are multiplied by, each nothing, one mask or one a gate.

    As in Keras the masks are the same at all steps of a call; and, also as in Keras, a rate of 1
    drops everything in a simple layer and nothing in an LSTM.

    Parameters
    ----------
    cell : keras.layers.Layer
    x : tensor, shape (batch, features)
        One step of the inputs.
    h : tensor, shape (batch, units)
    training : bool
    """

    def drawn(rate: float, draw: Callable[[Any], Any], like: Any) -> list[Any]:
        if not training or rate == 0 or (rate == 1 and not cell.one_drops_all):
            return []
        masks = draw(like)
        masks = masks if isinstance(masks, list) else [masks]
        return [keras.ops.cast(mask, like.dtype) for mask in masks]

    of_x = drawn(cell.dropout, cell.get_dropout_mask, x)
    return of_x, drawn(cell.recurrent_dropout, cell.get_recurrent_dropout_mask, h)


def has_standard_activations(cell: Any) -> bool:
    """Whether a cell's activations are tanh and sigmoid, whose gradients are written by hand."""
    known = keras.activations
    gate = getattr(cell, "recurrent_activation", known.sigmoid)
    return cell.activation is known.tanh and gate is known.sigmoid


def run_cell(cell: Any, kind: str, inputs: Any, states: Sequence[Any], training: bool) -> Any:
    """Do one step of a cell, with its weights, activations and dropout.

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
    masks, recurrent_masks = dropout_masks(cell, inputs, states[0], training)
    U = k.convert_to_tensor(cell.recurrent_kernel)
    bias, recurrent_bias = equations.split_bias(cell.bias)
    a = masked_product(inputs, k.convert_to_tensor(cell.kernel), masks, k)
    a = a if bias is None else a + bias
    product = equations.recurrent_product(U, recurrent_bias, k, recurrent_masks)
    gate = getattr(cell, "recurrent_activation", None)
    return equations.step(a, tuple(states), product, k, cell.activation, gate)[0]


def run_layer(
    layer: Any, kind: str, sequences: Any, initial_state: Any, mask: Any, training: bool
) -> tuple[Any, Any, list[Any]]:
    """Run a sequence layer over its inputs by the loops of `forecastkit.layers.loops`.

    Parameters
    ----------
    layer : keras.layers.RNN
        Its cell has tanh and sigmoid as activations.
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
    sequences, states, mask = made_ready(layer, sequences, initial_state, mask)
    of_x, of_h = dropout_masks(layer.cell, sequences[:, 0], states[0], training)
    run = partial(_run_part, layer, kind, bool(training))
    return in_parts(run, sequences, mask, states, of_x, of_h)


def _run_part(
    layer: Any, kind: str, training: bool, x: Any, mask: Any, states: Any, of_x: Any, of_h: Any
) -> Any:
    cell, equations = layer.cell, CELLS[kind]
    x = tf.transpose(x, (1, 0, 2))  # (time, batch, features)
    if mask is not None:
        mask = tf.transpose(tf.cast(mask, "bool"))[..., None]  # (time, batch, 1)
    if layer.go_backwards:
        x, mask = (None if steps is None else tf.reverse(steps, [0]) for steps in (x, mask))
    kernel, U = (tf.convert_to_tensor(W) for W in (cell.kernel, cell.recurrent_kernel))
    bias = None if cell.bias is None else tf.convert_to_tensor(cell.bias)
    input_bias, recurrent_bias = equations.split_bias(bias)
    a = masked_product(x, kernel, of_x, ops)
    a = a if input_bias is None else a + input_bias
    weights = [U]
    if equations.recurrent_bias:
        weights.append(tf.zeros_like(U[0]) if recurrent_bias is None else recurrent_bias)
    H, last = run_sequence(kind, a, states, weights, mask, of_h, training)
    return *outputs_of(layer, H, mask), last


def made_ready(
    layer: Any, sequences: Any, states: Sequence[Any], mask: Any
) -> tuple[Any, list[Any], Any]:
    """Return inputs, states and mask in the shapes and the type that the loops take.

    Keras takes inputs of whole numbers, masks with a third axis, and masks and states of one row
    for a batch of many; so do we.

    Raises
    ------
    ValueError
        If there are more or fewer states than the cell has, or a state or the mask has another
        shape.
    """
    dtype, units = layer.cell.compute_dtype, layer.cell.units
    sequences = tf.cast(sequences, dtype)
    batch = tf.shape(sequences)[0] if sequences.shape[0] is None else sequences.shape[0]
    wanted = len(tf.nest.flatten(layer.cell.state_size))
    if len(states) != wanted:
        raise ValueError(f"{layer.name} takes {wanted} initial states, not {len(states)}.")
    made = [tf.cast(h, dtype) for h in states]
    for h in made:
        _check_shape(layer, "an initial state", h, [(None, units), (units,)])
    made = [tf.broadcast_to(h, (batch, units)) for h in made]
    mask = mask[0] if isinstance(mask, list | tuple) else mask
    if mask is None:
        return sequences, made, None
    mask, steps = tf.cast(mask, "bool"), sequences.shape[1]
    _check_shape(layer, "the mask", mask, [(None, steps), (None, steps, 1)])
    mask = tf.squeeze(mask, 2) if mask.shape.rank == 3 else mask
    return sequences, made, tf.broadcast_to(mask, tf.shape(sequences)[:2])


def _check_shape(layer: Any, what: str, x: Any, wanted: Sequence[tuple[int | None, ...]]) -> None:
    """Refuse a shape that could only be broadcast to one of those wanted."""
    if not any(x.shape.is_compatible_with(shape) for shape in wanted):
        listed = " or ".join(str(shape).replace("None", "batch") for shape in wanted)
        raise ValueError(f"{layer.name}: {what} has shape {tuple(x.shape)}; it takes {listed}.")


def in_parts(run: Callable[..., Any], *given: Any) -> Any:
    """Run a function on parts of the batch side by side, and join what it gives.

    One small network keeps no more than one thread of a processor busy, so in a graph the parts of
    a batch run beside each other. In eager mode, for sequences of unknown length, and where there
    is a GPU the batch stays whole.

    Parameters
    ----------
    run : callable
        Takes what is given; gives a nest of tensors, batch first.
    *given : nest of tensor or None
        All of them batch first; the first is a tensor.
    """
    n = _n_parts(given[0])
    if n == 1:
        return run(*given)
    parts = zip(*(_split(x, n) for x in given), strict=True)
    return tf.nest.map_structure(lambda *x: tf.concat(x, axis=0), *(run(*part) for part in parts))


def _n_parts(x: Any) -> int:
    unknown = x.shape[1] is None
    if tf.executing_eagerly() or unknown or tf.config.list_logical_devices("GPU"):
        return 1
    threads = tf.config.threading.get_inter_op_parallelism_threads() or os.cpu_count() or 1
    n = min(threads, _MAX_PARTS)
    return n if x.shape[0] is None else max(1, min(n, x.shape[0] // _MIN_ROWS))


def _split(x: Any, n: int) -> list[Any]:
    if x is None:
        return [None] * n
    if isinstance(x, list):
        parts = [_split(one, n) for one in x]
        return [[part[k] for part in parts] for k in range(n)]
    size = tf.shape(x)[0] if x.shape[0] is None else x.shape[0]
    bounds = [size * k // n for k in range(n + 1)]
    return [x[start:stop] for start, stop in zip(bounds[:-1], bounds[1:], strict=True)]


def outputs_of(layer: Any, H: Any, mask: Any) -> tuple[Any, Any]:
    """Return the last output and all outputs, batch first, from the states of every step.

    A masked step gives the output before it, or zero: before the first step that counts, and
    everywhere with `zero_output_for_mask`.
    """
    last = H[-1]
    if mask is not None:
        begun = tf.cumsum(tf.cast(mask, "int32"), axis=0) > 0
        shown = mask if layer.zero_output_for_mask else begun
        last = tf.where(shown[-1], last, tf.zeros_like(last))
        H = tf.where(shown, H, tf.zeros_like(H))
    return last, tf.transpose(H, (1, 0, 2)) if layer.return_sequences else last[:, None]
