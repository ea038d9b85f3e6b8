"""The arguments that the recurrent cells share with Keras: from names to objects and back."""

from __future__ import annotations

from collections.abc import Mapping
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


def serialize(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Turn the objects back into what JSON can hold; the inverse of `resolve`."""
    return {name: _apply(name, "serialize", value) for name, value in arguments.items()}


def _apply(name: str, verb: str, value: Any) -> Any:
    kind = _KINDS.get(name.rsplit("_", 1)[-1])
    return value if kind is None else getattr(kind, verb)(value)
