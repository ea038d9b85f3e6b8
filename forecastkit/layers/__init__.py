"""Recurrent layers whose gate math can be read; loaded when asked for, since Keras loads slowly."""

from typing import Any

__all__ = ["LSTM", "LSTMCell", "SimpleRNN", "SimpleRNNCell", "gate_activations"]


def __getattr__(name: str) -> Any:
    if name in ("LSTM", "LSTMCell"):
        from forecastkit.layers import lstm

        return getattr(lstm, name)
    if name in ("SimpleRNN", "SimpleRNNCell"):
        from forecastkit.layers import rnn

        return getattr(rnn, name)
    if name == "gate_activations":
        from forecastkit.layers.inside import gate_activations

        return gate_activations
    raise AttributeError(f"module 'forecastkit.layers' has no attribute '{name}'")


def __dir__() -> list[str]:
    return __all__
