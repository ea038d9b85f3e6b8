"""Covariate inputs of a network: future per step, historical per cutoff, static per series."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from forecastkit.network.config import NetworkConfig
from forecastkit.network.introspection import input_gradient
from forecastkit.network.pretrained import adapt_to, add_covariate_inputs, pretrained
from forecastkit.network.runtime import negated, network_outputs, network_quantiles
from forecastkit.series.effects import CovariateFeatures
from forecastkit.series.panel import Panel
from forecastkit.series.windows import View, Windows
from forecastkit.training.build import build, get_weights, set_weights

VIEW = View(6, 4, (4,), 0.5, 12, 1, n_future=3, n_historical=2, n_static=2)
cells = pytest.mark.parametrize("cell", ["lstm", "rnn"])


def random_weights(network, rng):
    shapes = network.weight_shapes().items()
    return {name: rng.normal(0, 0.4, shape).astype("float32") for name, shape in shapes}


def seen(rng, n=7):
    x = rng.normal(size=(n, 12, VIEW.n_inputs)).astype("float32")
    return x, rng.normal(size=(n, 12, 4, 3)).astype("float32")


@cells
def test_keras_and_numpy_agree(cell, rng):
    network = NetworkConfig(cell, 5, VIEW)
    weights, model = random_weights(network, rng), build(network, seed=1)
    assert {name: one.shape for name, one in get_weights(model).items()} == network.weight_shapes()
    set_weights(model, weights)
    x, future = seen(rng)
    by_keras = model([x, future]).numpy()[:, -1]
    by_numpy = network_outputs(network, weights, x, future[:, -1])
    np.testing.assert_allclose(by_numpy, by_keras, rtol=1e-5, atol=1e-5)
    alone = network_outputs(network, weights, x)
    assert np.abs(by_numpy - alone).min(axis=(1, 2)).max() > 1e-3
    np.testing.assert_allclose(
        network_outputs(network, weights, x, np.zeros_like(future[:, -1])), alone, atol=1e-6
    )


@cells
def test_the_gradient_passes_through_future_features(cell, rng):
    network = NetworkConfig(cell, 5, VIEW)
    weights, model = random_weights(network, rng), build(network, seed=1)
    set_weights(model, weights)
    x, future = seen(rng)
    upstream = rng.normal(size=(7, 4)).astype("float32")
    given = tf.convert_to_tensor(x)
    with tf.GradientTape() as tape:
        tape.watch(given)
        raw = model([given, tf.convert_to_tensor(future)])[:, -1, :, 0]
        loss = tf.reduce_sum(raw * upstream)
    got = input_gradient(network, weights, x, upstream, future[:, -1])
    np.testing.assert_allclose(got, tape.gradient(loss, given), rtol=1e-4, atol=1e-5)


def windows_of(rng, n=6, length=30, ahead=5):
    rows = (length + ahead) * n
    terms = CovariateFeatures(
        rng.normal(size=(rows, 3)).astype("float32"),
        rng.normal(size=(rows, 2)).astype("float32"),
        rng.normal(size=(n, 2)).astype("float32"),
        np.arange(n + 1) * (length + ahead),
    )
    panel = Panel.of(list(rng.normal(size=(n, length)).cumsum(axis=1)))
    return replace(Windows.of(panel, VIEW), features=terms)


def test_future_features_lie_after_the_cutoff_and_historical_ones_at_it(rng):
    windows = windows_of(rng)
    series, ends = np.array([2, 4]), np.array([29, 20])
    cutoffs = windows.cutoffs(series, ends)
    future = windows.future(series, cutoffs)
    terms = windows.features
    np.testing.assert_array_equal(future[0, -1], terms.future[2 * 35 + 30 : 2 * 35 + 34])
    np.testing.assert_array_equal(future[1, -1], terms.future[4 * 35 + 21 : 4 * 35 + 25])
    x = windows.inputs(series, cutoffs)[..., -4:]
    np.testing.assert_array_equal(x[1, -1, :2], terms.historical[4 * 35 + 20])
    np.testing.assert_array_equal(x[1, -1, 2:], terms.static[4])
    assert (x[1, 0] == 0).all() == (not windows.is_used(cutoffs)[1, 0])


def test_beyond_known_rows_future_features_are_zero(rng):
    windows = windows_of(rng, ahead=2)
    future = windows.future(np.array([3]), np.array([[3 * 30 + 29]]))
    assert (future[0, 0, :2] != 0).all()
    assert (future[0, 0, 2:] == 0).all()


def test_covariates_turn_with_the_series(rng):
    x, _ = seen(rng)
    turned = negated(x, VIEW)
    historical, static = slice(-4, -2), slice(-2, None)
    np.testing.assert_array_equal(turned[..., historical], -x[..., historical])
    np.testing.assert_array_equal(turned[..., static], x[..., static])
    np.testing.assert_array_equal(turned[..., : VIEW.n_equivariant], -x[..., : VIEW.n_equivariant])


@cells
def test_room_for_covariates_changes_nothing(cell, rng):
    network, weights = adapt_to(*pretrained(cell)[:2], (4,), 4)
    roomy, more = add_covariate_inputs(network, weights, 3, 2, 2)
    windows = windows_of(rng)
    series, ends = np.arange(6), np.full(6, 29)
    plain = Windows(windows.panel, windows.components, network.view)
    wide = Windows(windows.panel, windows.components, roomy.view, windows.features)
    np.testing.assert_allclose(
        network_quantiles(roomy, more, wide, series, ends),
        network_quantiles(network, weights, plain, series, ends),
        rtol=1e-5,
        atol=1e-6,
    )
