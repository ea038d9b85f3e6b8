"""Recurrent layers whose gate math can be read; loaded when asked for, since Keras loads slowly."""

from typing import Any

__all__ = ["LSTM", "LSTMCell", "SimpleRNN", "SimpleRNNCell", "gate_activations"]


def __getattr__(name: str) -> Any:
    if name in ("LSTM", "LSTMCell", "SimpleRNN", "SimpleRNNCell"):
        # both, so that a saved Keras model finds all of them once one has been asked for
        from forecastkit.layers import lstm, rnn

        return getattr(lstm if name.startswith("LSTM") else rnn, name)
    if name == "gate_activations":
        from forecastkit.layers.introspection import gate_activations

        return gate_activations
    raise AttributeError(f"module 'forecastkit.layers' has no attribute '{name}'")


def __dir__() -> list[str]:
    return __all__
