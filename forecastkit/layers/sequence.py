"""What the two sequence layers share: arguments to and from their cell, masks, directions."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from forecastkit.layers.gates import input_part
from forecastkit.layers.loops import ops

_FEWEST_ROWS = 16  # of a part of the batch that is worth a thread
_MOST_PARTS = 4


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


def dropped(layer: Any, sequences: Any, h: Any, training: bool) -> tuple[Any, Any]:
    """Return the inputs with dropout, and what h is multiplied by before every step, or None.

    Either mask is one for all steps of a call.
    """
    cell = layer.cell
    if training and cell.dropout:
        sequences = sequences * cell.get_dropout_mask(sequences[:, 0])[:, None]
    recurrent = training and cell.recurrent_dropout
    return sequences, cell.get_recurrent_dropout_mask(h) if recurrent else None


def in_parts(run: Callable[..., Any], *given: Any) -> Any:
    """Run a function on parts of the batch side by side, and join what it gives.

    One small network keeps no more than one thread of a processor busy, so in a graph the parts of
    a batch run beside each other. On a GPU and in eager mode the batch stays whole.

    Parameters
    ----------
    run : callable
        Takes tensors, batch first, or None; gives a nest of tensors, batch first.
    *given : tensor or None
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
    n = min(threads, _MOST_PARTS)
    return n if x.shape[0] is None else max(1, min(n, x.shape[0] // _FEWEST_ROWS))


def _split(x: Any, n: int) -> list[Any]:
    if x is None:
        return [None] * n
    size = tf.shape(x)[0] if x.shape[0] is None else x.shape[0]
    bounds = [size * k // n for k in range(n + 1)]
    return [x[start:stop] for start, stop in zip(bounds[:-1], bounds[1:], strict=True)]


def time_first(layer: Any, sequences: Any, mask: Any) -> tuple[Any, Any]:
    """Return W x + b of every step, time first, and the mask as (time, batch, 1), in order.

    `go_backwards` turns the steps around.
    """
    cell = layer.cell
    x = tf.transpose(sequences, (1, 0, 2))
    if mask is not None:
        mask = tf.transpose(tf.cast(mask, "bool"))[..., None]
    if layer.go_backwards:
        x, mask = (None if one is None else tf.reverse(one, [0]) for one in (x, mask))
    bias = None if cell.bias is None else tf.convert_to_tensor(cell.bias)
    return input_part(x, tf.convert_to_tensor(cell.kernel), bias, ops), mask


def outputs_of(layer: Any, H: Any, mask: Any) -> tuple[Any, Any]:
    """Return the last output and all outputs, batch first, from the states of every step.

    A masked step gives the output before it, or zero: before the first step that counts, and
    everywhere with `zero_output_for_mask`.
    """
    last = H[-1]
    if mask is not None:
        begun = tf.cumsum(tf.cast(mask, "int32"), axis=0) > 0
        last = tf.where(begun[-1], last, tf.zeros_like(last))
        shown = mask if layer.zero_output_for_mask else begun
        H = tf.where(shown, H, tf.zeros_like(H))
    return last, tf.transpose(H, (1, 0, 2)) if layer.return_sequences else last[:, None]
