"""Arguments that the recurrent cells share with Keras: from names to objects and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any

import keras

# by suffix of the argument's name: the Keras module that resolves and serialises its values
_MODULES = {
    "activation": keras.activations,
    "initializer": keras.initializers,
    "regularizer": keras.regularizers,
    "constraint": keras.constraints,
}


def resolve(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Turn names and configurations into activations, initialisers, regularisers and constraints.

    Examples
    --------
    >>> resolve({"activation": "tanh", "units": 3})["activation"].__name__
    'tanh'
    """
    return {name: _apply(name, "get", value) for name, value in arguments.items()}


def set_arguments(cell: Any, arguments: Mapping[str, Any]) -> None:
    """Set the arguments of a cell as attributes; dropout rates are clipped to 0 to 1, as in Keras.

    Raises
    ------
    ValueError
        If `units` is below 1.
    """
    if arguments["units"] < 1:
        raise ValueError(f"units is {arguments['units']}; it must be 1 or more.")
    for name, value in resolve(arguments).items():
        is_rate = name in ("dropout", "recurrent_dropout")
        setattr(cell, name, min(1.0, max(0.0, value)) if is_rate else value)


def expose_cell_arguments(*names: str) -> Callable[[type], type]:
    """Class decorator: expose arguments of a sequence layer's cell as properties of the layer."""

    def decorate(layer: type) -> type:
        for name in names:
            setattr(layer, name, property(attrgetter(f"cell.{name}")))
        return layer

    return decorate


def serialize(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Turn objects into values that JSON can hold; the inverse of `resolve`."""
    return {name: _apply(name, "serialize", value) for name, value in arguments.items()}


def _apply(name: str, function: str, value: Any) -> Any:
    module = _MODULES.get(name.rsplit("_", 1)[-1])
    return value if module is None else getattr(module, function)(value)
