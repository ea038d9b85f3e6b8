"""AdamW against Keras's optimizer, and what a rate of zero leaves alone."""

from __future__ import annotations

import keras
import numpy as np

from forecastkit.training.adamw import adamw, clipped


def test_steps_are_those_of_keras(rng):
    start = [rng.normal(size=shape).astype("float32") for shape in ((3, 4), (4,))]
    optimizer = keras.optimizers.AdamW(0.03, weight_decay=0.02, global_clipnorm=1.0)
    variables = [keras.Variable(one) for one in start]
    mine, moments = start, ([np.zeros_like(one) for one in start],) * 2
    for step in range(1, 8):
        size = 10.0 ** rng.integers(-2, 3)
        gradients = [(size * rng.normal(size=one.shape)).astype("float32") for one in start]
        optimizer.apply([keras.ops.convert_to_tensor(one) for one in gradients], variables)
        cut = clipped(gradients, 1.0, np)
        mine, moments = adamw(mine, cut, moments, step, np.full(2, 0.03), 0.02, np)
    for variable, one in zip(variables, mine, strict=True):
        np.testing.assert_allclose(variable.numpy(), one, rtol=2e-5, atol=1e-6)


def test_a_rate_of_zero_leaves_weights_alone(rng):
    weights = [rng.normal(size=3), rng.normal(size=2)]
    none = [np.zeros(3), np.zeros(2)]
    after, _ = adamw(weights, [np.ones(3), np.ones(2)], (none, none), 1, [0.0, 0.1], 0.1, np)
    assert (after[0] == weights[0]).all()
    assert (after[1] != weights[1]).all()
