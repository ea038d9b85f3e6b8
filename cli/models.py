"""From options of the command line to a forecaster."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def make_forecaster(
    table: Any,
    freq: str | None,
    horizon: int | None,
    input_size: int | None,
    season_length: tuple[int, ...],
    model: str,
    preset: str,
    seed: int,
) -> Any:
    """Make the forecaster that the options describe; the horizon is the usual one if not given."""
    import forecastkit as fk

    kind = {"lstm": fk.LSTMForecaster, "rnn": fk.RNNForecaster}[model]
    return kind(
        h=horizon or fk.usual_horizon(table, freq),
        input_size=input_size,
        season_length=list(season_length) or None,
        freq=freq,
        preset=preset,
        seed=seed,
    )


def load_tensorflow() -> None:
    """Load TensorFlow without the notes that its C++ part writes past Python's standard error.

    An import that fails still raises; only what is printed is dropped.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    with _silent_standard_error():
        import keras
        import tensorflow as tf

        tf.zeros(1)  # the devices report themselves at the first operation
        assert keras.backend.backend() == "tensorflow"


@contextmanager
def _silent_standard_error() -> Iterator[None]:
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
