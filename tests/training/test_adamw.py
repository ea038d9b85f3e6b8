"""AdamW: agreement with Keras's optimizer, and learning rates of zero."""

from __future__ import annotations

import keras
import numpy as np

from forecastkit.training.adamw import adamw, clip_by_global_norm


def test_steps_agree_with_keras(rng):
    start = [rng.normal(size=shape).astype("float32") for shape in ((3, 4), (4,))]
    optimizer = keras.optimizers.AdamW(0.03, weight_decay=0.02, global_clipnorm=1.0)
    variables = [keras.Variable(array) for array in start]
    weights, moments = start, ([np.zeros_like(array) for array in start],) * 2
    for step in range(1, 8):
        scale = 10.0 ** rng.integers(-2, 3)
        gradients = [(scale * rng.normal(size=array.shape)).astype("float32") for array in start]
        optimizer.apply([keras.ops.convert_to_tensor(array) for array in gradients], variables)
        clipped = clip_by_global_norm(gradients, 1.0, np)
        weights, moments = adamw(weights, clipped, moments, step, np.full(2, 0.03), 0.02, np)
    for variable, array in zip(variables, weights, strict=True):
        np.testing.assert_allclose(variable.numpy(), array, rtol=2e-5, atol=1e-6)


def test_weights_with_zero_learning_rate_are_not_updated(rng):
    weights = [rng.normal(size=3), rng.normal(size=2)]
    zeros = [np.zeros(3), np.zeros(2)]
    updated, _ = adamw(weights, [np.ones(3), np.ones(2)], (zeros, zeros), 1, [0.0, 0.1], 0.1, np)
    assert (updated[0] == weights[0]).all()
    assert (updated[1] != weights[1]).all()
