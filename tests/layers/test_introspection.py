"""Gates and states from `gate_activations` reproduce the outputs of the layer."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from test_drop_in import twins
from test_layers import IDS, PAIRS

from forecastkit.layers import GRU, LSTM, SimpleRNN, gate_activations


@pytest.fixture
def rng():
    return np.random.default_rng(4)


@pytest.mark.parametrize("pair", PAIRS[1:], ids=IDS[1:])
@pytest.mark.parametrize("backwards", [False, True], ids=["forwards", "backwards"])
@pytest.mark.parametrize("masked", [False, True], ids=["unmasked", "masked"])
def test_the_states_are_those_of_the_layer(rng, pair, backwards, masked):
    options = {"return_sequences": True, "go_backwards": backwards}
    ours, theirs = twins(*pair, rng, dtype="float64", **options)
    x = rng.normal(size=(4, 7, 3))
    mask = rng.random((4, 7)) < 0.6 if masked else None
    initial_state = [rng.normal(size=(4, 4)) for _ in keras.tree.flatten(ours.state_size)]
    for layer in (ours, theirs):
        gates = gate_activations(layer, x, initial_state, mask)
        expected = np.asarray(theirs(x, initial_state=initial_state, mask=mask))
        h = gates["h"][:, ::-1] if backwards else gates["h"]
        if masked:  # before the first unmasked step, Keras returns zeros, not the initial state
            order = mask[:, ::-1] if backwards else mask
            has_started = np.cumsum(order, axis=1) > 0
            h, expected = h[has_started], expected[has_started]
        np.testing.assert_allclose(h, expected, atol=1e-11)


def test_lstm_states_follow_from_the_gates(rng):
    layer = LSTM(4, dtype="float64")
    x = rng.normal(size=(2, 6, 3))
    layer(x)
    gates = gate_activations(layer, x)
    before = np.concatenate([np.zeros((2, 1, 4)), gates["c"][:, :-1]], axis=1)
    np.testing.assert_allclose(gates["c"], gates["f"] * before + gates["i"] * gates["g"])
    np.testing.assert_allclose(gates["h"], gates["o"] * np.tanh(gates["c"]))
    np.testing.assert_allclose(gates["h"][:, -1], np.asarray(layer(x)), atol=1e-12)


@pytest.mark.parametrize("reset_after", [True, False])
def test_gru_states_follow_from_the_gates(rng, reset_after):
    layer = GRU(4, dtype="float64", reset_after=reset_after)
    x = rng.normal(size=(2, 6, 3))
    layer(x)
    gates = gate_activations(layer, x)
    assert set(gates) == {"z", "r", "g", "h"}
    before = np.concatenate([np.zeros((2, 1, 4)), gates["h"][:, :-1]], axis=1)
    np.testing.assert_allclose(gates["h"], gates["z"] * before + (1 - gates["z"]) * gates["g"])
    np.testing.assert_allclose(gates["h"][:, -1], np.asarray(layer(x)), atol=1e-12)


def test_gates_of_masked_steps_are_nan(rng):
    layer = LSTM(2)
    x = rng.normal(size=(1, 4, 3)).astype("float32")
    layer(x)
    gates = gate_activations(layer, x, mask=np.array([[True, False, True, True]]))
    assert np.isnan(gates["i"][0, 1]).all()
    assert not np.isnan(gates["i"][0, 0]).any()
    np.testing.assert_array_equal(gates["c"][0, 1], gates["c"][0, 0])


def test_states_of_a_stateful_layer_do_not_change(rng):
    layer = LSTM(2, stateful=True)
    x = rng.normal(size=(2, 4, 3)).astype("float32")
    layer(x)
    before = [np.asarray(state).copy() for state in layer.states]
    gate_activations(layer, x)
    for state, expected in zip(layer.states, before, strict=True):
        np.testing.assert_array_equal(np.asarray(state), expected)


@pytest.mark.parametrize(
    ("layer", "error", "message"),
    [
        (SimpleRNN(2), TypeError, "has no gates; pass a layer of kind LSTM, GRU"),
        (LSTM(2), ValueError, "not built"),
    ],
    ids=["simple", "not built"],
)
def test_layers_without_gates_or_weights_are_refused(layer, error, message):
    with pytest.raises(error, match=message):
        gate_activations(layer, np.zeros((1, 2, 3), "float32"))


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float64"])
def test_gates_in_any_precision(policy, rng):
    layer = LSTM(3, dtype=policy, return_sequences=True)
    x = rng.normal(size=(2, 5, 4)).astype("float32")
    states = [np.ones((2, 3)), np.zeros((2, 3))]  # float64, NumPy's default
    expected = tf.cast(
        layer(x, initial_state=[tf.cast(s, layer.compute_dtype) for s in states]), "float64"
    )
    gates = gate_activations(layer, x, initial_state=states)
    np.testing.assert_allclose(gates["h"].astype("float64"), expected, atol=2e-2)


@pytest.mark.parametrize(
    ("x", "mask"),
    [
        (np.zeros((2, 5)), None),
        (np.zeros((2, 0, 4)), None),
        (np.zeros((2, 5, 3)), None),
        (np.zeros((2, 5, 4)), np.ones((2, 4), bool)),
        (np.zeros((2, 5, 4)), np.ones((2, 5, 1), bool)),
    ],
    ids=["no features", "no time", "other features", "short mask", "mask of three axes"],
)
def test_the_error_names_an_invalid_shape(x, mask):
    layer = LSTM(3)
    layer.build((None, 5, 4))
    with pytest.raises(ValueError, match="has shape"):
        gate_activations(layer, x, mask=mask)


def test_other_keras_layers_are_refused():
    with pytest.raises(TypeError, match="has no gates; pass a layer of kind LSTM, GRU"):
        gate_activations(keras.layers.ConvLSTM1D(2, 3), np.zeros((1, 2, 3)))
