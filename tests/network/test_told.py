"""Covariates in a network: told of every step, noted at every cutoff, fixed in a series."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from forecastkit.network.build import build, get_weights, set_weights
from forecastkit.network.config import NetworkConfig
from forecastkit.network.introspection import input_gradient
from forecastkit.network.runtime import negated, network_outputs, network_quantiles
from forecastkit.network.shipped import fitted_to, shipped, with_room
from forecastkit.series.effects import Terms
from forecastkit.series.panel import Panel
from forecastkit.series.windows import View, Windows

VIEW = View(6, 4, (4,), 0.5, 12, 1, told=3, noted=2, fixed=2)
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
    x, told = seen(rng)
    by_keras = model([x, told]).numpy()[:, -1]
    by_numpy = network_outputs(network, weights, x, told[:, -1])
    np.testing.assert_allclose(by_numpy, by_keras, rtol=1e-5, atol=1e-5)
    alone = network_outputs(network, weights, x)
    assert np.abs(by_numpy - alone).min(axis=(1, 2)).max() > 1e-3
    np.testing.assert_allclose(
        network_outputs(network, weights, x, np.zeros_like(told[:, -1])), alone, atol=1e-6
    )


@cells
def test_the_gradient_goes_through_what_is_told(cell, rng):
    network = NetworkConfig(cell, 5, VIEW)
    weights, model = random_weights(network, rng), build(network, seed=1)
    set_weights(model, weights)
    x, told = seen(rng)
    upstream = rng.normal(size=(7, 4)).astype("float32")
    given = tf.convert_to_tensor(x)
    with tf.GradientTape() as tape:
        tape.watch(given)
        raw = model([given, tf.convert_to_tensor(told)])[:, -1, :, 0]
        loss = tf.reduce_sum(raw * upstream)
    got = input_gradient(network, weights, x, upstream, told[:, -1])
    np.testing.assert_allclose(got, tape.gradient(loss, given), rtol=1e-4, atol=1e-5)


def windows_of(rng, n=6, length=30, ahead=5):
    rows = (length + ahead) * n
    terms = Terms(
        rng.normal(size=(rows, 3)).astype("float32"),
        rng.normal(size=(rows, 2)).astype("float32"),
        rng.normal(size=(n, 2)).astype("float32"),
        np.arange(n + 1) * (length + ahead),
    )
    panel = Panel.of(list(rng.normal(size=(n, length)).cumsum(axis=1)))
    return replace(Windows.of(panel, VIEW), beside=terms)


def test_what_is_told_stands_after_the_cutoff_and_what_is_noted_at_it(rng):
    windows = windows_of(rng)
    series, ends = np.array([2, 4]), np.array([29, 20])
    cutoffs = windows.cutoffs(series, ends)
    told = windows.told(series, cutoffs)
    terms = windows.beside
    np.testing.assert_array_equal(told[0, -1], terms.told[2 * 35 + 30 : 2 * 35 + 34])
    np.testing.assert_array_equal(told[1, -1], terms.told[4 * 35 + 21 : 4 * 35 + 25])
    x = windows.inputs(series, cutoffs)[..., -4:]
    np.testing.assert_array_equal(x[1, -1, :2], terms.noted[4 * 35 + 20])
    np.testing.assert_array_equal(x[1, -1, 2:], terms.fixed[4])
    assert (x[1, 0] == 0).all() == (not windows.shown(cutoffs)[1, 0])


def test_beyond_what_is_known_nothing_is_told(rng):
    windows = windows_of(rng, ahead=2)
    told = windows.told(np.array([3]), np.array([[3 * 30 + 29]]))
    assert (told[0, 0, :2] != 0).all()
    assert (told[0, 0, 2:] == 0).all()


def test_covariates_turn_with_the_series(rng):
    x, _ = seen(rng)
    turned = negated(x, VIEW)
    noted, fixed = slice(-4, -2), slice(-2, None)
    np.testing.assert_array_equal(turned[..., noted], -x[..., noted])
    np.testing.assert_array_equal(turned[..., fixed], x[..., fixed])
    np.testing.assert_array_equal(turned[..., : VIEW.n_odd], -x[..., : VIEW.n_odd])


@cells
def test_room_for_covariates_changes_nothing(cell, rng):
    network, weights = fitted_to(*shipped(cell)[:2], (4,), 4)
    roomy, more = with_room(network, weights, 3, 2, 2)
    windows = windows_of(rng)
    series, ends = np.arange(6), np.full(6, 29)
    plain = Windows(windows.panel, windows.components, network.view)
    wide = Windows(windows.panel, windows.components, roomy.view, windows.beside)
    np.testing.assert_allclose(
        network_quantiles(roomy, more, wide, series, ends),
        network_quantiles(network, weights, plain, series, ends),
        rtol=1e-5,
        atol=1e-6,
    )
