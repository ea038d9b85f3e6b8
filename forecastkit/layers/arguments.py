"""The arguments that the recurrent cells share with Keras: from names to objects and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any

import keras

# by the ending of the argument's name: what turns a name or a configuration into an object
_KINDS = {
    "activation": keras.activations,
    "initializer": keras.initializers,
    "regularizer": keras.regularizers,
    "constraint": keras.constraints,
}


def resolve(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Turn names and configurations into activations, initialisers, regularisers, constraints.

    Examples
    --------
    >>> resolve({"activation": "tanh", "units": 3})["activation"].__name__
    'tanh'
    """
    return {name: _apply(name, "get", value) for name, value in arguments.items()}


def set_arguments(cell: Any, arguments: Mapping[str, Any]) -> None:
    """Give a cell its arguments as attributes, checked and in range as Keras does.

    Raises
    ------
    ValueError
        If `units` is not 1 or more.
    """
    if arguments["units"] < 1:
        raise ValueError(f"units is {arguments['units']}; it must be 1 or more.")
    for name, value in resolve(arguments).items():
        share = name in ("dropout", "recurrent_dropout")
        setattr(cell, name, min(1.0, max(0.0, value)) if share else value)


def shows_cell(*names: str) -> Callable[[type], type]:
    """Let a sequence layer show arguments of its cell as attributes of its own."""

    def decorate(layer: type) -> type:
        for name in names:
            setattr(layer, name, property(attrgetter(f"cell.{name}")))
        return layer

    return decorate


def serialize(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Turn the objects back into what JSON can hold; the inverse of `resolve`."""
    return {name: _apply(name, "serialize", value) for name, value in arguments.items()}


def _apply(name: str, verb: str, value: Any) -> Any:
    kind = _KINDS.get(name.rsplit("_", 1)[-1])
    return value if kind is None else getattr(kind, verb)(value)
