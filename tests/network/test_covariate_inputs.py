"""Covariate inputs of a network: future, historical and static features."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from forecastkit.network.config import NetworkConfig
from forecastkit.network.introspection import input_gradient
from forecastkit.network.pretrained import adapt_to, add_covariate_inputs, pretrained
from forecastkit.network.runtime import negated, network_outputs, network_quantiles
from forecastkit.series.components import measure
from forecastkit.series.effects import CovariateFeatures
from forecastkit.series.panel import Panel
from forecastkit.series.view import View
from forecastkit.series.windows import Windows
from forecastkit.training.build import build, get_weights, set_weights

VIEW = View(6, 4, (4,), 0.5, 12, 1, n_future=3, n_historical=2, n_static=2)
cells = pytest.mark.parametrize("cell", ["lstm", "rnn"])


def random_weights(network, rng):
    shapes = network.weight_shapes().items()
    return {name: rng.normal(0, 0.4, shape).astype("float32") for name, shape in shapes}


def random_inputs(rng, n=7):
    x = rng.normal(size=(n, 12, VIEW.n_inputs)).astype("float32")
    return x, rng.normal(size=(n, 12, 4, 3)).astype("float32")


@cells
def test_keras_and_numpy_agree(cell, rng):
    network = NetworkConfig(cell, 5, VIEW)
    weights, model = random_weights(network, rng), build(network, seed=1)
    assert {name: w.shape for name, w in get_weights(model).items()} == network.weight_shapes()
    set_weights(model, weights)
    x, future = random_inputs(rng)
    by_keras = model([x, future]).numpy()[:, -1]
    by_numpy = network_outputs(network, weights, x, future[:, -1])
    np.testing.assert_allclose(by_numpy, by_keras, rtol=1e-5, atol=1e-5)
    without = network_outputs(network, weights, x)
    assert np.abs(by_numpy - without).min(axis=(1, 2)).max() > 1e-3
    np.testing.assert_allclose(
        network_outputs(network, weights, x, np.zeros_like(future[:, -1])), without, atol=1e-6
    )


@cells
def test_the_input_gradient_includes_the_layer_of_future_features(cell, rng):
    network = NetworkConfig(cell, 5, VIEW)
    weights, model = random_weights(network, rng), build(network, seed=1)
    set_weights(model, weights)
    x, future = random_inputs(rng)
    upstream = rng.normal(size=(7, 4)).astype("float32")
    inputs = tf.convert_to_tensor(x)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        raw = model([inputs, tf.convert_to_tensor(future)])[:, -1, :, 0]
        loss = tf.reduce_sum(raw * upstream)
    gradient = input_gradient(network, weights, x, upstream, future[:, -1])
    np.testing.assert_allclose(gradient, tape.gradient(loss, inputs), rtol=1e-4, atol=1e-5)


def random_windows(rng, n=6, length=30, n_future_rows=5):
    n_rows = (length + n_future_rows) * n
    features = CovariateFeatures(
        rng.normal(size=(n_rows, 3)).astype("float32"),
        rng.normal(size=(n_rows, 2)).astype("float32"),
        rng.normal(size=(n, 2)).astype("float32"),
        np.arange(n + 1) * (length + n_future_rows),
    )
    panel = Panel.of(list(rng.normal(size=(n, length)).cumsum(axis=1)))
    return replace(Windows.of(panel, VIEW), features=features)


def test_future_features_follow_the_cutoff_and_historical_ones_are_at_it(rng):
    windows = random_windows(rng)
    series, ends = np.array([2, 4]), np.array([29, 20])
    cutoffs = windows.cutoffs(series, ends)
    future = windows.future(series, cutoffs)
    features = windows.features
    np.testing.assert_array_equal(future[0, -1], features.future[2 * 35 + 30 : 2 * 35 + 34])
    np.testing.assert_array_equal(future[1, -1], features.future[4 * 35 + 21 : 4 * 35 + 25])
    x = windows.inputs(series, cutoffs)[..., -4:]
    np.testing.assert_array_equal(x[1, -1, :2], features.historical[4 * 35 + 20])
    np.testing.assert_array_equal(x[1, -1, 2:], features.static[4])
    assert (x[1, 0] == 0).all() == (not windows.is_used(cutoffs)[1, 0])


def test_future_features_without_rows_are_zero(rng):
    windows = random_windows(rng, n_future_rows=2)
    future = windows.future(np.array([3]), np.array([[3 * 30 + 29]]))
    assert (future[0, 0, :2] != 0).all()
    assert (future[0, 0, 2:] == 0).all()


def test_historical_features_are_negated_with_the_series_and_static_ones_are_not(rng):
    x, _ = random_inputs(rng)
    negative = negated(x, VIEW)
    historical, static = slice(-4, -2), slice(-2, None)
    np.testing.assert_array_equal(negative[..., historical], -x[..., historical])
    np.testing.assert_array_equal(negative[..., static], x[..., static])
    np.testing.assert_array_equal(
        negative[..., : VIEW.n_equivariant], -x[..., : VIEW.n_equivariant]
    )


@cells
def test_added_covariate_inputs_do_not_change_the_outputs(cell, rng):
    network, weights = adapt_to(*pretrained(cell)[:2], (4,), 4)
    extended, extended_weights = add_covariate_inputs(network, weights, 3, 2, 2)
    windows = random_windows(rng)
    series, ends = np.arange(6), np.full(6, 29)
    view = network.view
    components = measure(windows.panel, view.season_lengths, view.has_slow_memory)
    without = Windows(windows.panel, components, view)
    with_features = Windows(windows.panel, components, extended.view, windows.features)
    np.testing.assert_allclose(
        network_quantiles(extended, extended_weights, with_features, series, ends),
        network_quantiles(network, weights, without, series, ends),
        rtol=1e-5,
        atol=1e-6,
    )
