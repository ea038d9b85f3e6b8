"""From a configuration to a Keras model of our own layers, and weights in and out by name."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from forecastkit.layers import LSTM, SimpleRNN
from forecastkit.network.config import NetworkConfig
from forecastkit.network.head import gelu


def build(config: NetworkConfig, seed: int, every: int = 1) -> Any:
    """Make the Keras model: inputs of every cutoff to raw outputs of every cutoff.

    The last layer starts at zero: an untrained network leaves the base path as it is.

    Parameters
    ----------
    config : NetworkConfig
    seed : int
        Of the starting weights and of dropout.
    every : int
        Give outputs at every so many cutoffs only, the last among them.

    Returns
    -------
    keras.Model
        From (batch, time, n_inputs) to (batch, time, horizon, n_quantiles).
    """
    view, seeds = config.view, iter(np.random.SeedSequence(seed).generate_state(99).tolist())
    inputs = keras.Input((None, view.n_inputs))

    def start(kind: Any) -> Any:
        return kind(seed=next(seeds))

    x = keras.layers.Dense(
        config.units, kernel_initializer=start(keras.initializers.GlorotUniform), name="input"
    )(inputs)
    x = gelu(x, ops)
    layer_kind = {"lstm": LSTM, "rnn": SimpleRNN}[config.cell]
    for layer in range(config.n_layers):
        recurrent = layer_kind(
            config.units,
            return_sequences=True,
            kernel_initializer=start(keras.initializers.GlorotUniform),
            recurrent_initializer=start(keras.initializers.Orthogonal),
            name=f"recurrent_{layer}",
        )
        x = x + keras.layers.Dropout(config.dropout, seed=next(seeds))(recurrent(x))
    n_quantiles = len(config.quantiles)
    x = x[:, (view.n_cutoffs - 1) % every :: every] if every > 1 else x
    x = keras.layers.Dense(view.horizon * n_quantiles, kernel_initializer="zeros", name="head")(x)
    return keras.Model(inputs, keras.layers.Reshape((-1, view.horizon, n_quantiles))(x))


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
