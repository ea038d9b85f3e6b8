"""The layers against scalar reference implementations and against those of Keras."""

from __future__ import annotations

from functools import partial

import keras
import numpy as np
import oracle
import pytest
import tensorflow as tf

from forecastkit.layers import GRU, LSTM, GRUCell, LSTMCell, SimpleRNN, SimpleRNNCell

CLASSES = [
    (SimpleRNN, keras.layers.SimpleRNN),
    (LSTM, keras.layers.LSTM),
    (GRU, keras.layers.GRU),
]
# by default, the reset gate of a GRU follows the recurrent product; here it precedes it
RESET_BEFORE = tuple(partial(kind, reset_after=False) for kind in CLASSES[2])
PAIRS = [*CLASSES, RESET_BEFORE]
IDS = ["rnn", "lstm", "gru", "gru-before"]
pairs = pytest.mark.parametrize(("ours", "theirs"), PAIRS, ids=IDS)
SHAPES = [(1, 1, 1, 1), (1, 6, 2, 5), (3, 1, 4, 2), (3, 6, 4, 5)]  # batch, time, features, units


def distinct(rng, shapes):
    """Random, pairwise distinct weights: constant ones would not reveal swapped gates."""
    return [rng.normal(0, 0.6, shape) for shape in shapes]


def matched_layers(ours, theirs, shape, rng, **options):
    """Our layer and that of Keras with the same random weights, and an input."""
    batch, time, features, units = shape
    x = rng.normal(size=(batch, time, features)).astype("float32")
    a, b = ours(units, **options), theirs(units, **options)
    a(x), b(x)
    weights = distinct(rng, [w.shape for w in a.weights])
    a.set_weights(weights), b.set_weights(weights)
    return a, b, x


@pytest.mark.parametrize("shape", SHAPES)
def test_simple_rnn_agrees_with_the_reference(shape, rng):
    layer, _, x = matched_layers(*PAIRS[0], shape, rng, return_sequences=True)
    W, U, b = (w.numpy() for w in layer.weights)
    for row, output in zip(x, layer(x).numpy(), strict=True):
        np.testing.assert_allclose(output, oracle.rnn(row, W, U, b), atol=2e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_lstm_agrees_with_the_reference(shape, rng):
    layer, _, x = matched_layers(*PAIRS[1], shape, rng, return_sequences=True, return_state=True)
    W, U, b = (w.numpy() for w in layer.weights)
    outputs, h, c = layer(x)
    for k, row in enumerate(x):
        expected, last_c = oracle.lstm(row, W, U, b)
        np.testing.assert_allclose(outputs[k], expected, atol=2e-6)
        np.testing.assert_allclose(h[k], expected[-1], atol=2e-6)
        np.testing.assert_allclose(c[k], last_c, atol=2e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_gru_agrees_with_the_reference(shape, rng):
    layer, _, x = matched_layers(*PAIRS[2], shape, rng, return_sequences=True)
    W, U, b = (w.numpy() for w in layer.weights)
    for row, output in zip(x, layer(x).numpy(), strict=True):
        np.testing.assert_allclose(output, oracle.gru(row, W, U, b[0], b[1]), atol=2e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_gru_with_reset_before_the_product_agrees_with_the_reference(shape, rng):
    layer, _, x = matched_layers(*PAIRS[3], shape, rng, return_sequences=True)
    W, U, b = (w.numpy() for w in layer.weights)
    for row, output in zip(x, layer(x).numpy(), strict=True):
        np.testing.assert_allclose(output, oracle.gru_reset_before(row, W, U, b), atol=2e-6)


@pairs
@pytest.mark.parametrize("shape", SHAPES)
def test_values_and_gradients_are_those_of_keras(ours, theirs, shape, rng):
    a, b, x = matched_layers(ours, theirs, shape, rng, return_sequences=True)
    upstream = rng.normal(size=(shape[0], shape[1], shape[3])).astype("float32")

    def grads(layer):
        inputs = tf.constant(x)
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            loss = tf.reduce_sum(layer(inputs) * upstream)
        return loss, tape.gradient(loss, [inputs, *layer.trainable_weights])

    (loss_a, grads_a), (loss_b, grads_b) = grads(a), grads(b)
    np.testing.assert_allclose(loss_a, loss_b, rtol=1e-5, atol=1e-5)
    for actual, expected in zip(grads_a, grads_b, strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=2e-5)


@pairs
def test_weights_have_the_names_and_shapes_of_keras(ours, theirs, rng):
    a, b, _ = matched_layers(ours, theirs, (2, 3, 4, 5), rng)
    assert [w.name for w in a.weights] == [w.name for w in b.weights]
    assert [w.shape for w in a.weights] == [w.shape for w in b.weights]


@pairs
@pytest.mark.parametrize(
    "options",
    [
        {"use_bias": False},
        {"activation": "relu"},
        {"go_backwards": True, "return_sequences": True},
        {"unroll": True},
    ],
)
def test_options_act_as_in_keras(ours, theirs, options, rng):
    a, b, x = matched_layers(ours, theirs, (3, 5, 2, 4), rng, **options)
    np.testing.assert_allclose(a(x), b(x), atol=3e-6)


@pairs
def test_masked_steps_are_skipped_as_in_keras(ours, theirs, rng):
    a, b, x = matched_layers(ours, theirs, (3, 6, 2, 4), rng, return_sequences=True)
    mask = rng.random((3, 6)) < 0.6
    np.testing.assert_allclose(a(x, mask=mask), b(x, mask=mask), atol=2e-6)


@pytest.mark.parametrize(
    "layer",
    [SimpleRNN(3, seed=4), LSTM(3, unit_forget_bias=False), GRU(3, reset_after=False)],
)
def test_round_trip_of_the_configuration(layer):
    restored = keras.layers.deserialize(keras.layers.serialize(layer))
    assert type(restored) is type(layer)
    assert restored.get_config() == layer.get_config()


@pytest.mark.parametrize(
    ("cell", "layer"),
    [
        (SimpleRNNCell(3), SimpleRNN(3)),
        (LSTMCell(3), LSTM(3)),
        (GRUCell(3), GRU(3)),
        (GRUCell(3, reset_after=False), GRU(3, reset_after=False)),
    ],
)
def test_a_cell_runs_in_the_loop_of_keras(cell, layer, rng):
    x = rng.normal(size=(2, 4, 3)).astype("float32")
    loop = keras.layers.RNN(cell)
    loop(x), layer(x)
    layer.set_weights(loop.get_weights())
    np.testing.assert_allclose(loop(x), layer(x), atol=1e-6)


def test_the_forget_bias_is_initialised_at_one():
    layer = LSTM(2)
    layer.build((None, 3, 1))
    assert layer.weights[2].numpy().tolist() == [0, 0, 1, 1, 0, 0, 0, 0]


def test_swapped_gates_are_detected(rng):
    """The comparison fails if the columns of input and output gate are swapped."""
    a, b, x = matched_layers(*PAIRS[1], (2, 5, 3, 4), rng)
    swapped = []
    for w in a.get_weights():
        i, f, g, o = np.split(w, 4, axis=-1)
        swapped.append(np.concatenate([o, f, g, i], axis=-1))
    a.set_weights(swapped)
    assert np.abs(a(x).numpy() - b(x).numpy()).max() > 0.05


def test_a_saved_model_is_loaded_in_safe_mode(tmp_path, rng):
    stack = [LSTM(3, return_sequences=True), GRU(3, return_sequences=True), SimpleRNN(2)]
    model = keras.Sequential([keras.Input((4, 2)), *stack])
    x = rng.normal(size=(2, 4, 2)).astype("float32")
    model.save(tmp_path / "model.keras")
    restored = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_array_equal(model(x), restored(x))
