"""TensorFlow, loaded without what its C++ part writes past Python's standard error."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from forecastkit.errors import MissingPackageError


def load_tensorflow(threads: int | None = None) -> None:
    """Load TensorFlow and Keras; an import that fails still raises, only notes are dropped.

    Parameters
    ----------
    threads : int, optional
        Threads within and between operations; TensorFlow chooses when left out.

    Raises
    ------
    MissingPackageError
        If they are not installed, or Keras is set to another backend.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        with _silent_standard_error():
            import keras
            import tensorflow as tf

            if threads:
                tf.config.threading.set_intra_op_parallelism_threads(threads)
                tf.config.threading.set_inter_op_parallelism_threads(threads)
            tf.zeros(1)  # the devices report themselves at the first operation
    except ImportError as error:
        raise MissingPackageError(
            f"Training needs TensorFlow and Keras: {error}.", fix="pip install tensorflow keras"
        ) from error
    backend = keras.backend.backend()
    if backend != "tensorflow":
        raise MissingPackageError(
            f"Keras is set to the backend '{backend}'; forecastkit trains with TensorFlow.",
            value=backend,
            fix="Unset KERAS_BACKEND, or set it to tensorflow.",
        )


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
