"""From a configuration to a Keras model of our own layers, and weights in and out by name."""

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
    """Make the Keras model: inputs of every cutoff to raw outputs of every cutoff.

    The last layer starts at zero: an untrained network predicts the baseline forecast.

    Parameters
    ----------
    config : NetworkConfig
    seed : int
        Of the initial weights and of dropout.
    target_stride : int
        Outputs are given at every so many cutoffs only, the last among them.

    Returns
    -------
    keras.Model
        From (batch, time, n_inputs), with future features also (batch, time, horizon, n_future),
        to (batch, time, horizon, n_quantiles).
    """
    view, seeds = config.view, iter(np.random.SeedSequence(seed).generate_state(99).tolist())
    inputs = keras.Input((None, view.n_inputs))

    def start(kind: Any) -> Any:
        return kind(seed=next(seeds))

    x = keras.layers.Dense(
        config.units, kernel_initializer=start(keras.initializers.GlorotUniform), name="input"
    )(inputs)
    x = gelu(x, ops)
    cell = CELLS[config.cell]
    layer_kind = getattr(layers, cell.layer)
    for layer in range(config.n_layers):
        recurrent = layer_kind(
            config.units,
            return_sequences=True,
            kernel_initializer=start(keras.initializers.GlorotUniform),
            recurrent_initializer=start(keras.initializers.Orthogonal),
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
    added = _FutureLayer(n_quantiles, next(seeds), name="told")(x, future)
    return keras.Model([inputs, future], outputs + added)


class _FutureLayer(keras.layers.Layer):
    """Owns the weights of `forecastkit.network.head.future_part`; its output starts at zero."""

    def __init__(self, n_quantiles: int, seed: int, name: str) -> None:
        super().__init__(name=name)
        self.n_quantiles, self.seed = n_quantiles, seed

    def build(self, state_shape: Any, future_shape: Any) -> None:
        """Make the weights for inputs of these shapes."""
        glorot = keras.initializers.GlorotUniform
        shapes = {
            "state": ((state_shape[-1], FUTURE_UNITS), glorot(self.seed)),
            "kernel": ((future_shape[-1], FUTURE_UNITS), glorot(self.seed + 1)),
            "bias": ((FUTURE_UNITS,), "zeros"),
            "out": ((FUTURE_UNITS, self.n_quantiles), "zeros"),
        }
        self.parts = [
            self.add_weight(shape=shape, initializer=start, name=name)
            for name, (shape, start) in shapes.items()
        ]

    def call(self, state: Any, future: Any) -> Any:
        """Outputs of every step of the horizon."""
        return future_part(state, future, tuple(map(ops.convert_to_tensor, self.parts)), ops)


def named_variables(model: Any) -> dict[str, Any]:
    """Return the model's weights by the names of `NetworkConfig.weight_shapes`."""
    named = {}
    for variable in model.trainable_variables:
        layer, *_, name = variable.path.split("/")
        named[f"{layer}/{name}"] = variable
    return named


def get_weights(model: Any) -> dict[str, np.ndarray]:
    """Copy the weights out of a model."""
    return {name: variable.numpy().copy() for name, variable in named_variables(model).items()}


def set_weights(model: Any, weights: dict[str, np.ndarray]) -> None:
    """Copy weights into a model."""
    for name, variable in named_variables(model).items():
        variable.assign(weights[name])
