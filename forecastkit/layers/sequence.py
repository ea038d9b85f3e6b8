"""What the two sequence layers share: arguments to and from their cell, masks, directions."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from forecastkit.layers.gates import input_part
from forecastkit.layers.loops import ops


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


def time_first(layer: Any, sequences: Any, mask: Any, training: bool) -> tuple[Any, Any]:
    """Return W x + b of every step, time first, and the mask as (time, batch, 1), in order.

    Input dropout is applied, one mask for all steps; `go_backwards` turns the steps around.
    """
    cell = layer.cell
    if training and cell.dropout:
        sequences = sequences * cell.get_dropout_mask(sequences[:, 0])[:, None]
    x = tf.transpose(sequences, (1, 0, 2))
    if mask is not None:
        mask = tf.transpose(tf.cast(mask, "bool"))[..., None]
    if layer.go_backwards:
        x, mask = (None if one is None else tf.reverse(one, [0]) for one in (x, mask))
    bias = None if cell.bias is None else tf.convert_to_tensor(cell.bias)
    return input_part(x, tf.convert_to_tensor(cell.kernel), bias, ops), mask


def recurrent_dropout(layer: Any, h: Any, training: bool) -> Any:
    """Return what h is multiplied by before every step, or None."""
    cell = layer.cell
    return cell.get_recurrent_dropout_mask(h) if training and cell.recurrent_dropout else None


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
