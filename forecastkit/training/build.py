"""Construction of the Keras model of a network, and access to its weights by name."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from forecastkit import layers
from forecastkit.layers.cells import CELLS
from forecastkit.network.config import FUTURE_UNITS, NetworkConfig
from forecastkit.network.head import future_part, gelu


def build(config: NetworkConfig, seed: int, target_stride: int = 1) -> Any:
    """Build the Keras model, from the inputs to the raw outputs of every cutoff.

    The last layer is initialised to zero: an untrained network predicts the baseline forecast.

    Parameters
    ----------
    config : NetworkConfig
    seed : int
        Of the initial weights and of dropout.
    target_stride : int
        Number of cutoffs from one with outputs to the next; the last one has outputs.

    Returns
    -------
    keras.Model
        From (batch, time, n_inputs), with future features also (batch, time, horizon, n_future),
        to (batch, time, horizon, n_quantiles).
    """
    view, seeds = config.view, iter(np.random.SeedSequence(seed).generate_state(99).tolist())
    inputs = keras.Input((None, view.n_inputs))

    def initializer(kind: Any) -> Any:
        return kind(seed=next(seeds))

    x = keras.layers.Dense(
        config.units, kernel_initializer=initializer(keras.initializers.GlorotUniform), name="input"
    )(inputs)
    x = gelu(x, ops)
    cell = CELLS[config.cell]
    recurrent_class = getattr(layers, cell.layer)
    for layer in range(config.n_layers):
        recurrent = recurrent_class(
            config.units,
            return_sequences=True,
            kernel_initializer=initializer(keras.initializers.GlorotUniform),
            recurrent_initializer=initializer(keras.initializers.Orthogonal),
            name=f"recurrent_{layer}",
            **cell.options,
        )
        x = x + keras.layers.Dropout(config.dropout, seed=next(seeds))(recurrent(x))
    n_quantiles = len(config.quantiles)
    first = (view.sequence_length - 1) % target_stride
    x = x[:, first::target_stride] if target_stride > 1 else x
    head = keras.layers.Dense(view.horizon * n_quantiles, kernel_initializer="zeros", name="head")
    outputs = keras.layers.Reshape((-1, view.horizon, n_quantiles))(head(x))
    if not view.n_future:
        return keras.Model(inputs, outputs)
    future = keras.Input((None, view.horizon, view.n_future))
    # weights of this layer are named told/... in model files
    correction = _FutureLayer(n_quantiles, next(seeds), name="told")(x, future)
    return keras.Model([inputs, future], outputs + correction)


class _FutureLayer(keras.layers.Layer):
    """Layer of `forecastkit.network.head.future_part`; its outputs are initially zero."""

    def __init__(self, n_quantiles: int, seed: int, name: str) -> None:
        super().__init__(name=name)
        self.n_quantiles, self.seed = n_quantiles, seed

    def build(self, state_shape: Any, future_shape: Any) -> None:
        """Create the weights for inputs of these shapes."""
        glorot = keras.initializers.GlorotUniform
        shapes = {
            "state": ((state_shape[-1], FUTURE_UNITS), glorot(self.seed)),
            "kernel": ((future_shape[-1], FUTURE_UNITS), glorot(self.seed + 1)),
            "bias": ((FUTURE_UNITS,), "zeros"),
            "out": ((FUTURE_UNITS, self.n_quantiles), "zeros"),
        }
        self.future_weights = [
            self.add_weight(shape=shape, initializer=initializer, name=name)
            for name, (shape, initializer) in shapes.items()
        ]

    def call(self, state: Any, future: Any) -> Any:
        """Compute the outputs of every step of the horizon."""
        return future_part(
            state, future, tuple(map(ops.convert_to_tensor, self.future_weights)), ops
        )


def named_variables(model: Any) -> dict[str, Any]:
    """Return the trainable variables by the names of `NetworkConfig.weight_shapes`."""
    variables = {}
    for variable in model.trainable_variables:
        layer, *_, name = variable.path.split("/")
        variables[f"{layer}/{name}"] = variable
    return variables


def get_weights(model: Any) -> dict[str, np.ndarray]:
    """Return a copy of the weights of a model, by name."""
    return {name: variable.numpy().copy() for name, variable in named_variables(model).items()}


def set_weights(model: Any, weights: dict[str, np.ndarray]) -> None:
    """Assign weights to a model, by name."""
    for name, variable in named_variables(model).items():
        variable.assign(weights[name])
