"""The gates that a layer is said to have had are those that made its outputs."""

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
@pytest.mark.parametrize("masked", [False, True], ids=["whole", "masked"])
def test_the_states_are_those_of_the_layer(rng, pair, backwards, masked):
    options = {"return_sequences": True, "go_backwards": backwards}
    ours, theirs = twins(*pair, rng, dtype="float64", **options)
    x = rng.normal(size=(4, 7, 3))
    mask = rng.random((4, 7)) < 0.6 if masked else None
    start = [rng.normal(size=(4, 4)) for _ in keras.tree.flatten(ours.state_size)]
    for layer in (ours, theirs):
        found = gate_activations(layer, x, start, mask)
        expected = np.asarray(theirs(x, initial_state=start, mask=mask))
        h = found["h"][:, ::-1] if backwards else found["h"]
        if masked:  # before the first step that counts Keras gives zeros, the state is the start
            order = mask[:, ::-1] if backwards else mask
            seen = np.cumsum(order, axis=1) > 0
            h, expected = h[seen], expected[seen]
        np.testing.assert_allclose(h, expected, atol=1e-11)


def test_the_gates_make_the_states(rng):
    layer = LSTM(4, dtype="float64")
    x = rng.normal(size=(2, 6, 3))
    layer(x)
    found = gate_activations(layer, x)
    before = np.concatenate([np.zeros((2, 1, 4)), found["c"][:, :-1]], axis=1)
    np.testing.assert_allclose(found["c"], found["f"] * before + found["i"] * found["g"])
    np.testing.assert_allclose(found["h"], found["o"] * np.tanh(found["c"]))
    np.testing.assert_allclose(found["h"][:, -1], np.asarray(layer(x)), atol=1e-12)


@pytest.mark.parametrize("reset_after", [True, False])
def test_the_gates_of_a_gru_make_its_state(rng, reset_after):
    layer = GRU(4, dtype="float64", reset_after=reset_after)
    x = rng.normal(size=(2, 6, 3))
    layer(x)
    seen = gate_activations(layer, x)
    assert set(seen) == {"z", "r", "g", "h"}
    before = np.concatenate([np.zeros((2, 1, 4)), seen["h"][:, :-1]], axis=1)
    np.testing.assert_allclose(seen["h"], seen["z"] * before + (1 - seen["z"]) * seen["g"])
    np.testing.assert_allclose(seen["h"][:, -1], np.asarray(layer(x)), atol=1e-12)


def test_a_step_that_does_not_count_has_no_gates(rng):
    layer = LSTM(2)
    x = rng.normal(size=(1, 4, 3)).astype("float32")
    layer(x)
    found = gate_activations(layer, x, mask=np.array([[True, False, True, True]]))
    assert np.isnan(found["i"][0, 1]).all()
    assert not np.isnan(found["i"][0, 0]).any()
    np.testing.assert_array_equal(found["c"][0, 1], found["c"][0, 0])


def test_a_stateful_layer_keeps_its_states(rng):
    layer = LSTM(2, stateful=True)
    x = rng.normal(size=(2, 4, 3)).astype("float32")
    layer(x)
    before = [np.asarray(one).copy() for one in layer.states]
    gate_activations(layer, x)
    for one, other in zip(layer.states, before, strict=True):
        np.testing.assert_array_equal(np.asarray(one), other)


@pytest.mark.parametrize(
    ("layer", "error", "said"),
    [
        (SimpleRNN(2), TypeError, "has no gates; pass a layer of kind LSTM, GRU"),
        (LSTM(2), ValueError, "not built"),
    ],
    ids=["simple", "not built"],
)
def test_what_cannot_be_looked_into_is_refused(layer, error, said):
    with pytest.raises(error, match=said):
        gate_activations(layer, np.zeros((1, 2, 3), "float32"))


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float64"])
def test_every_precision(policy, rng):
    layer = LSTM(3, dtype=policy, return_sequences=True)
    x = rng.normal(size=(2, 5, 4)).astype("float32")
    states = [np.ones((2, 3)), np.zeros((2, 3))]  # NumPy's own float64
    want = tf.cast(
        layer(x, initial_state=[tf.cast(s, layer.compute_dtype) for s in states]), "float64"
    )
    found = gate_activations(layer, x, initial_state=states)
    np.testing.assert_allclose(found["h"].astype("float64"), want, atol=2e-2)


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
def test_shapes_that_do_not_fit_are_named(x, mask):
    layer = LSTM(3)
    layer.build((None, 5, 4))
    with pytest.raises(ValueError, match="has shape"):
        gate_activations(layer, x, mask=mask)


def test_layers_of_other_kinds_are_refused():
    with pytest.raises(TypeError, match="has no gates; pass a layer of kind LSTM, GRU"):
        gate_activations(keras.layers.ConvLSTM1D(2, 3), np.zeros((1, 2, 3)))
