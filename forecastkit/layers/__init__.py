"""Recurrent layers whose gate math can be read; loaded when asked for, since Keras loads slowly."""

from importlib import import_module
from typing import Any

__all__ = ["GRU", "GRUCell", "LSTM", "LSTMCell", "SimpleRNN", "SimpleRNNCell", "gate_activations"]
_MODULES = {
    "GRU": "gru",
    "GRUCell": "gru",
    "LSTM": "lstm",
    "LSTMCell": "lstm",
    "SimpleRNN": "rnn",
    "SimpleRNNCell": "rnn",
}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        # all of them, so that a saved Keras model finds each once one has been asked for
        modules = [import_module(f"forecastkit.layers.{module}") for module in _MODULES.values()]
        return getattr(modules[list(_MODULES).index(name)], name)
    if name == "gate_activations":
        from forecastkit.layers.introspection import gate_activations

        return gate_activations
    raise AttributeError(f"module 'forecastkit.layers' has no attribute '{name}'")


def __dir__() -> list[str]:
    return __all__
