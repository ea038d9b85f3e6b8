"""Import of TensorFlow without the messages that its C++ code writes to standard error."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from forecastkit.errors import MissingPackageError


def load_tensorflow(threads: int | None = None) -> None:
    """Load TensorFlow and Keras, suppressing the messages of their import.

    Parameters
    ----------
    threads : int, optional
        Intra-op and inter-op threads; chosen by TensorFlow by default.

    Raises
    ------
    MissingPackageError
        If they are not installed, or Keras is configured for another backend.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        with _silent_standard_error():
            import keras
            import tensorflow as tf

            if threads:
                tf.config.threading.set_intra_op_parallelism_threads(threads)
                tf.config.threading.set_inter_op_parallelism_threads(threads)
            tf.zeros(1)  # the first operation logs the devices
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
    original, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    try:
        yield
    finally:
        os.dup2(original, 2)
        os.close(original)
        os.close(null)
