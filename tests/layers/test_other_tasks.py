"""The layers on other sequence tasks than forecasting, and on several devices."""

from __future__ import annotations

import subprocess
import sys

import keras
import numpy as np
import pytest

from forecastkit.layers import LSTM, SimpleRNN

pytestmark = pytest.mark.slow


def test_sentiment_of_sentences_with_an_early_key_word(rng):
    """The third word, liked or hated, is the label; irrelevant words follow."""
    words = ["<pad>", "i", "really", "liked", "hated", "the", "movie", *"abcdefghij"]
    number = {word: k for k, word in enumerate(words)}
    n, length = 400, 20
    liked = rng.random(n) < 0.5
    x = rng.integers(7, len(words), (n, length))
    x[:, 0], x[:, 1] = number["i"], number["really"]
    x[:, 2] = np.where(liked, number["liked"], number["hated"])
    x[:, 3], x[:, 4] = number["the"], number["movie"]
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((length,), dtype="int32"),
            keras.layers.Embedding(len(words), 8, mask_zero=True),
            LSTM(16),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.02), "binary_crossentropy", metrics=["accuracy"])
    model.fit(x[:300], liked[:300], epochs=15, batch_size=50, verbose=0)
    assert model.evaluate(x[300:], liked[300:], verbose=0)[1] > 0.95


@pytest.mark.parametrize("kind", [SimpleRNN, LSTM])
def test_next_letter_prediction(kind):
    text = "the cat sat on the mat and the dog lay on the log " * 12
    letters = sorted(set(text))
    codes = np.array([letters.index(letter) for letter in text])
    length = 12
    x = np.stack([codes[k : k + length] for k in range(len(codes) - length)])
    keras.utils.set_random_seed(2)
    model = keras.Sequential(
        [
            keras.Input((length,), dtype="int32"),
            keras.layers.Embedding(len(letters), 8),
            kind(32),
            keras.layers.Dense(len(letters)),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
    model.fit(x, codes[length:], epochs=12, batch_size=64, verbose=0)
    assert model.evaluate(x, codes[length:], verbose=0)[1] > 0.95


def test_encoder_decoder_translation(rng):
    """Translate a toy language: complementary letters in reverse order."""
    n, length, size = 1500, 4, 6
    source = rng.integers(1, size, (n, length))
    target = size - source[:, ::-1]
    shifted = np.concatenate([np.zeros((n, 1), int), target[:, :-1]], axis=1)
    keras.utils.set_random_seed(3)
    encoder_input = keras.Input((length,), dtype="int32")
    decoder_input = keras.Input((length,), dtype="int32")
    embed = keras.layers.Embedding(size, 8)
    _, *state = LSTM(48, return_state=True)(embed(encoder_input))
    decoded = LSTM(48, return_sequences=True)(embed(decoder_input), initial_state=state)
    model = keras.Model([encoder_input, decoder_input], keras.layers.Dense(size)(decoded))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
    train = slice(0, 1300)
    model.fit([source[train], shifted[train]], target[train], epochs=14, batch_size=64, verbose=0)
    test = slice(1300, None)
    assert model.evaluate([source[test], shifted[test]], target[test], verbose=0)[1] > 0.95


MIRRORED = """
import sys, numpy as np, tensorflow as tf, keras
from forecastkit.layers import LSTM, SimpleRNN
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
rng = np.random.default_rng(0)
x, y = rng.normal(size=(64, 6, 2)).astype("float32"), rng.normal(size=(64, 1)).astype("float32")
x[rng.random((64, 6)) < 0.3] = 0.0  # masked
optimizer = {"sgd": lambda: keras.optimizers.SGD(0.1), "adam": lambda: keras.optimizers.Adam(0.01)}

def train(strategy):
    keras.utils.set_random_seed(4)
    with strategy.scope():
        layers = [LSTM(5, return_sequences=True), SimpleRNN(4), keras.layers.Dense(1)]
        model = keras.Sequential([keras.Input((6, 2)), keras.layers.Masking(), *layers])
        model.compile(optimizer[sys.argv[1]](), "mse")
    model.fit(x, y, epochs=4, batch_size=32, shuffle=False, verbose=0)
    return np.concatenate([w.ravel() for w in model.get_weights()])

single = train(tf.distribute.get_strategy())
mirrored = train(tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]))
print(np.abs(single - mirrored).max())
"""


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_training_on_two_devices_yields_the_weights_of_one(optimizer):
    command = [sys.executable, "-c", MIRRORED, optimizer]
    process = subprocess.run(command, capture_output=True, text=True)
    assert process.returncode == 0, process.stderr[-2000:]
    assert float(process.stdout.split()[-1]) < 1e-5
