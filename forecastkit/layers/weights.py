"""What both cells own: kernel, recurrent kernel, bias, in Keras's names, order and layout."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def add_weights(cell: Any, features: int, gates: int, bias_initializer: Callable[..., Any]) -> None:
    """Give a cell its weights; all gates of a weight stand side by side along the last axis.

    Parameters
    ----------
    cell : keras.layers.Layer
        With `units`, `use_bias`, and Keras's initialisers, regularisers and constraints.
    features : int
        Size of the input's last axis.
    gates : int
        1 for a simple recurrent cell, 4 (i, f, g, o) for an LSTM.
    bias_initializer : callable
        The cell's own, or one that knows of the forget gate.
    """
    cell.kernel = cell.add_weight(
        name="kernel",
        shape=(features, gates * cell.units),
        initializer=cell.kernel_initializer,
        regularizer=cell.kernel_regularizer,
        constraint=cell.kernel_constraint,
    )
    cell.recurrent_kernel = cell.add_weight(
        name="recurrent_kernel",
        shape=(cell.units, gates * cell.units),
        initializer=cell.recurrent_initializer,
        regularizer=cell.recurrent_regularizer,
        constraint=cell.recurrent_constraint,
    )
    cell.bias = None
    if cell.use_bias:
        cell.bias = cell.add_weight(
            name="bias",
            shape=(gates * cell.units,),
            initializer=bias_initializer,
            regularizer=cell.bias_regularizer,
            constraint=cell.bias_constraint,
        )
