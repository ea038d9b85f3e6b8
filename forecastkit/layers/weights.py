"""The weights of a cell: kernel, recurrent kernel, bias, in Keras's names, order and layout."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from forecastkit.layers.cells import Cell


def add_weights(cell: Any, kind: Cell, features: int, bias_initializer: Callable[..., Any]) -> None:
    """Give a cell its weights; all gates of a weight stand side by side along the last axis.

    Parameters
    ----------
    cell : keras.layers.Layer
        With `units`, `use_bias`, and Keras's initialisers, regularisers and constraints.
    kind : forecastkit.layers.cells.Cell
        Its equations, which imply the shapes.
    features : int
        Size of the input's last axis.
    bias_initializer : callable
        The cell's own, or one that starts the forget gate open.
    """
    shapes = kind.weight_shapes(features, cell.units)
    cell.kernel = cell.add_weight(
        name="kernel",
        shape=shapes["kernel"],
        initializer=cell.kernel_initializer,
        regularizer=cell.kernel_regularizer,
        constraint=cell.kernel_constraint,
    )
    cell.recurrent_kernel = cell.add_weight(
        name="recurrent_kernel",
        shape=shapes["recurrent_kernel"],
        initializer=cell.recurrent_initializer,
        regularizer=cell.recurrent_regularizer,
        constraint=cell.recurrent_constraint,
    )
    cell.bias = None
    if cell.use_bias:
        cell.bias = cell.add_weight(
            name="bias",
            shape=shapes["bias"],
            initializer=bias_initializer,
            regularizer=cell.bias_regularizer,
            constraint=cell.bias_constraint,
        )
