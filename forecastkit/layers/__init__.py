"""Recurrent Keras layers with readable gate math, imported lazily because Keras loads slowly."""

from typing import Any

__all__ = ["GRU", "GRUCell", "LSTM", "LSTMCell", "SimpleRNN", "SimpleRNNCell", "gate_activations"]
_LAYERS = ("GRU", "LSTM", "SimpleRNN")


def __getattr__(name: str) -> Any:
    if name.removesuffix("Cell") in _LAYERS:
        # importing any one registers all of them, so that Keras can load a saved model
        from forecastkit.layers import gru, lstm, rnn

        modules = dict(zip(_LAYERS, (gru, lstm, rnn), strict=True))
        return getattr(modules[name.removesuffix("Cell")], name)
    if name == "gate_activations":
        from forecastkit.layers.introspection import gate_activations

        return gate_activations
    raise AttributeError(f"module 'forecastkit.layers' has no attribute '{name}'")


def __dir__() -> list[str]:
    return __all__
