"""Weights of a cell: kernel, recurrent kernel and bias, with the names and layout of Keras."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from forecastkit.layers.cells import Cell


def add_weights(cell: Any, kind: Cell, features: int, bias_initializer: Callable[..., Any]) -> None:
    """Add the weights of a cell; the blocks of the gates are concatenated along the last axis.

    Parameters
    ----------
    cell : keras.layers.Layer
        With `units`, `use_bias`, and Keras's initialisers, regularisers and constraints.
    kind : forecastkit.layers.cells.Cell
        Equations of the cell, which imply the shapes of its weights.
    features : int
        Size of the last axis of the inputs.
    bias_initializer : callable
        The initialiser of the cell, or one with a forget bias of 1.
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
