"""Drop-in compatibility with Keras: masks, states, wrappers, precision, files, training."""

from __future__ import annotations

import inspect
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from test_layers import CLASSES, IDS, PAIRS, distinct, pairs

from forecastkit.layers import GRU, LSTM, GRUCell, LSTMCell, SimpleRNN, SimpleRNNCell
from forecastkit.layers.loops import LOOPS

classes = pytest.mark.parametrize(("ours", "theirs"), CLASSES, ids=IDS[:3])
gated = pytest.mark.parametrize(("ours", "theirs"), PAIRS[1:], ids=IDS[1:])
CELLS = [
    (SimpleRNNCell, keras.layers.SimpleRNNCell),
    (LSTMCell, keras.layers.LSTMCell),
    (GRUCell, keras.layers.GRUCell),
]
MASKS = {
    "right": lambda rng, b, t: np.arange(t) < rng.integers(1, t + 1, (b, 1)),
    "left": lambda rng, b, t: np.arange(t) >= rng.integers(0, t, (b, 1)),
    "holes": lambda rng, b, t: rng.random((b, t)) < 0.5,
    "all": lambda rng, b, t: np.zeros((b, t), bool),
}


def twins(ours, theirs, rng, units=4, features=3, dtype="float32", **options):
    """Our layer and that of Keras with the same random, pairwise distinct weights."""
    layers = [kind(units, dtype=dtype, **options) for kind in (ours, theirs)]
    for layer in layers:
        layer.build((2 if options.get("stateful") else None, 5, features))
    weights = distinct(rng, [w.shape for w in layers[0].weights if "seed" not in w.path][:3])
    for layer in layers:
        layer.cell.kernel.assign(weights[0])
        layer.cell.recurrent_kernel.assign(weights[1])
        if layer.cell.use_bias:
            layer.cell.bias.assign(weights[2])
    return layers


def assert_same(actual, expected, atol):
    actual, expected = (keras.tree.flatten(x) for x in (actual, expected))
    assert len(actual) == len(expected)
    for a, b in zip(actual, expected, strict=True):
        a, b = (np.asarray(tf.cast(x, "float64")) for x in (a, b))
        np.testing.assert_allclose(a, b, atol=atol, rtol=atol)


def run(layer, graph, *args, **options):
    """Outputs and gradients w.r.t. inputs, states and weights, in eager mode or in a graph."""
    rng = np.random.default_rng(5)

    def step(args):
        with tf.GradientTape() as tape:
            tape.watch(args)
            outputs = keras.tree.flatten(layer(args[0], initial_state=args[1:] or None, **options))
            loss = sum(
                tf.reduce_sum(y * tf.constant(rng.normal(size=y.shape), y.dtype)) for y in outputs
            )
        return outputs, tape.gradient(loss, [*args, *layer.trainable_weights])

    args = [tf.convert_to_tensor(x) for x in args]
    return (tf.function(step) if graph else step)(args)


@pairs
@pytest.mark.parametrize("graph", [False, True])
@pytest.mark.parametrize("mask", [None, *MASKS])
@pytest.mark.parametrize(
    "options",
    [
        {"return_sequences": True, "return_state": True},
        {},
        {"return_sequences": True, "go_backwards": True, "return_state": True},
        {"return_sequences": True, "zero_output_for_mask": True},
        {"zero_output_for_mask": True, "return_state": True},
        {"zero_output_for_mask": True, "go_backwards": True},
        {"use_bias": False, "return_state": True},
        {"unroll": True, "return_sequences": True, "return_state": True},
    ],
    ids=str,
)
def test_values_and_gradients_in_float64(ours, theirs, graph, mask, options, rng):
    batch, time = 3, 5
    a, b = twins(ours, theirs, rng, dtype="float64", **options)
    x = rng.normal(size=(batch, time, 3))
    states = [rng.normal(size=(batch, 4)) for _ in keras.tree.flatten(a.state_size)]
    masked = {} if mask is None else {"mask": tf.constant(MASKS[mask](rng, batch, time))}
    assert_same(run(a, graph, x, *states, **masked), run(b, graph, x, *states, **masked), 1e-11)


@pairs
@pytest.mark.parametrize("batch", [1, 31, 32, 65])
def test_values_and_gradients_of_a_split_batch(ours, theirs, batch, rng):
    """In a graph, the batch is processed in parts, which must be joined correctly."""
    a, b = twins(ours, theirs, rng, dtype="float64", return_sequences=True)
    x, mask = rng.normal(size=(batch, 6, 3)), tf.constant(rng.random((batch, 6)) < 0.7)
    assert_same(run(a, True, x, mask=mask), run(b, True, x, mask=mask), 1e-10)


@pairs
def test_gradients_are_nonzero_at_every_step(ours, theirs, rng):
    a, _ = twins(ours, theirs, rng, dtype="float64")
    _, grads = run(a, True, rng.normal(size=(2, 5, 3)))
    assert (np.abs(grads[0].numpy()) > 1e-6).all(axis=(0, 2)).all()


@pairs
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float16"])
def test_lower_precision(ours, theirs, policy, rng):
    a, b = twins(ours, theirs, rng, dtype=policy, return_sequences=True)
    x = rng.normal(size=(2, 5, 3)).astype("float32")
    assert a(x).dtype == b(x).dtype
    assert_same(a(x), b(x), 2e-2)


@pairs
def test_masks_and_states_in_keras_models(ours, theirs, rng):
    """Embedding with a mask, encoder and decoder; the weights are copied from ours to theirs."""

    def encoder_decoder(kind):
        words = keras.Input((None,), dtype="int32")
        x = keras.layers.Embedding(7, 3, mask_zero=True)(words)
        _, *state = kind(4, return_state=True)(x)
        y = kind(4, return_sequences=True)(x, initial_state=state)
        return keras.Model(words, keras.layers.Dense(2)(y))

    a, b = encoder_decoder(ours), encoder_decoder(theirs)
    a.set_weights(distinct(rng, [w.shape for w in b.weights]))
    b.set_weights(a.get_weights())
    words = np.array([[1, 2, 3, 0, 0], [4, 5, 6, 1, 0], [2, 0, 0, 0, 0]])
    assert_same(a(words), b(words), 1e-5)
    assert_same(a.predict(words, verbose=0), b.predict(words, verbose=0), 1e-5)


@pairs
@pytest.mark.parametrize("merge", ["sum", "mul", "concat", "ave", None])
def test_bidirectional(ours, theirs, merge, rng):
    x = rng.normal(size=(3, 5, 2)).astype("float32")
    a, b = (
        keras.layers.Bidirectional(kind(4, return_sequences=True), merge_mode=merge)
        for kind in (ours, theirs)
    )
    mask = tf.constant(MASKS["right"](rng, 3, 5))
    a(x), b(x)
    a.set_weights(distinct(rng, [w.shape for w in b.weights]))
    b.set_weights(a.get_weights())
    assert_same(a(x, mask=mask), b(x, mask=mask), 1e-5)


@pairs
def test_time_distributed(ours, theirs, rng):
    x = rng.normal(size=(2, 3, 5, 4)).astype("float32")
    a, b = (keras.layers.TimeDistributed(kind(2)) for kind in (ours, theirs))
    a(x), b(x)
    b.set_weights(a.get_weights())
    assert_same(a(x), b(x), 1e-6)


@pytest.mark.parametrize("pair", CELLS, ids=IDS[:3])
def test_stacked_cells_in_the_loop_of_keras(pair, rng):
    x = rng.normal(size=(2, 5, 3)).astype("float32")
    stacks = [[kind(4), kind(2)] for kind in pair]
    a, b = (keras.layers.RNN(cells) for cells in stacks)
    a(x), b(x)
    b.set_weights(a.get_weights())
    assert_same(a(x), b(x), 1e-6)


@pairs
def test_stateful(ours, theirs, rng):
    a, b = twins(ours, theirs, rng, stateful=True)
    x = rng.normal(size=(2, 5, 3)).astype("float32")
    first = a(x)
    assert_same(first, b(x), 1e-6)
    assert_same(a(x), b(x), 1e-6)
    assert np.abs(np.asarray(a(x) - first)).max() > 1e-4
    a.reset_state()
    assert_same(a(x), first, 1e-6)
    for layer in (a, b):
        with pytest.raises(ValueError, match="batch size"):
            layer(x[:1])


@pairs
def test_one_trace_serves_any_length(ours, theirs, rng):
    a, b = twins(ours, theirs, rng)
    traces = []

    @tf.function(input_signature=[tf.TensorSpec((None, None, 3))])
    def call(x):
        traces.append(1)
        return a(x)

    for batch, time in ((2, 3), (1, 9), (4, 1)):
        x = rng.normal(size=(batch, time, 3)).astype("float32")
        assert_same(call(x), b(x), 1e-6)
    assert len(traces) == 1


@pairs
@pytest.mark.parametrize("graph", [False, True])
def test_an_empty_batch(ours, theirs, graph, rng):
    a, _ = twins(ours, theirs, rng, return_sequences=True)
    call = tf.function(a) if graph else a
    assert call(tf.zeros((0, 5, 3))).shape == (0, 5, 4)


@pairs
def test_under_xla(ours, theirs, rng):
    a, b = twins(ours, theirs, rng, return_sequences=True)
    x = tf.constant(rng.normal(size=(40, 5, 3)), "float32")
    assert_same(tf.function(a, jit_compile=True)(x), b(x), 1e-6)


@pairs
def test_second_derivatives(ours, theirs, rng):
    a, b = twins(ours, theirs, rng, dtype="float64")
    x = tf.constant(rng.normal(size=(2, 5, 3)))

    def penalty_gradient(layer):
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = tf.reduce_sum(layer(x) ** 2)
            norm = tf.reduce_sum(inner.gradient(y, x) ** 2)
        return outer.gradient(norm, layer.trainable_weights)

    assert_same(tf.function(penalty_gradient)(a), tf.function(penalty_gradient)(b), 1e-9)


@pairs
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_training_yields_the_same_weights(ours, theirs, optimizer, rng):
    def compiled_model(kind):
        layers = [
            keras.Input((8, 3)),
            kind(5, return_sequences=True),
            kind(4),
            keras.layers.Dense(1),
        ]
        model = keras.Sequential(layers)
        model.compile(optimizer=keras.optimizers.get(optimizer), loss="mse")
        return model

    a, b = compiled_model(ours), compiled_model(theirs)
    b.set_weights(a.get_weights())
    x, y = rng.normal(size=(32, 8, 3)), rng.normal(size=(32, 1))
    for model in (a, b):
        model.fit(x, y, epochs=20, batch_size=16, shuffle=False, verbose=0)
    assert_same(a.get_weights(), b.get_weights(), 1e-5)


@pairs
def test_regularisers_and_constraints(ours, theirs, rng):
    options = {
        **{"kernel_regularizer": "l2", "recurrent_regularizer": "l1", "bias_regularizer": "l2"},
        "kernel_constraint": "max_norm",
    }
    if ours is not SimpleRNN:  # Keras's SimpleRNN accepts an activity regulariser and ignores it
        options["activity_regularizer"] = "l2"
    a, b = twins(ours, theirs, rng, **options)
    x = rng.normal(size=(2, 5, 3)).astype("float32")
    a(x), b(x)
    assert float(sum(a.losses)) == pytest.approx(float(sum(b.losses)), rel=1e-5)
    assert isinstance(a.cell.kernel.constraint, keras.constraints.MaxNorm)


def test_the_activity_regulariser_of_the_simple_layer_is_applied():
    layer = SimpleRNN(2, activity_regularizer="l2")
    layer(np.ones((1, 3, 2), "float32"))
    assert float(sum(layer.losses)) > 0


@pairs
def test_dropout_is_one_mask_for_all_steps(ours, theirs, rng):
    """With input dropout, a constant sequence stays constant: the mask is the same at all steps."""
    kernel = {"kernel_initializer": "ones", "recurrent_initializer": "zeros"}
    layer = ours(6, dropout=0.5, seed=3, return_sequences=True, **kernel)
    outputs = layer(np.full((8, 5, 1), 0.1, "float32"), training=True).numpy()
    if ours is SimpleRNN:
        assert (outputs == outputs[:, :1]).all()
    assert len(np.unique(outputs[:, 0, 0].round(5))) == 2  # dropped, or doubled
    assert not (layer(np.ones((8, 5, 1), "float32"), training=False).numpy() == 0).any()


@pairs
def test_recurrent_dropout_is_one_mask_for_all_steps(ours, theirs, rng):
    layer = ours(50, recurrent_dropout=0.5, seed=3, return_sequences=True)
    x = rng.normal(size=(1, 4, 3)).astype("float32")
    layer(x)
    first, second = (layer(x, training=True).numpy() for _ in range(2))
    np.testing.assert_array_equal(first[:, 0], second[:, 0])  # initially there is no state to drop
    assert np.abs(first[:, 1] - second[:, 1]).max() > 1e-3  # each call draws a new mask


@pairs
@pytest.mark.parametrize("graph", [False, True])
@pytest.mark.parametrize(
    "options",
    [
        {"dropout": 0.4},
        {"recurrent_dropout": 0.4},
        {"dropout": 0.3, "recurrent_dropout": 0.3, "return_sequences": True},
        {"dropout": 1.0, "recurrent_dropout": 1.0},
    ],
    ids=str,
)
def test_dropout_masks_are_those_of_keras(ours, theirs, graph, options, rng):
    """The same seed drops the same entries, in values and gradients, also with masks per gate."""
    a, b = twins(ours, theirs, rng, units=6, dtype="float64", seed=11, **options)
    x = rng.normal(size=(4, 5, 3))
    actual, expected = (run(layer, graph, x, training=True) for layer in (a, b))
    assert_same(actual, expected, 1e-11)


@pytest.mark.parametrize("pair", CELLS[1:], ids=IDS[1:3])
@pytest.mark.parametrize("graph", [False, True])
def test_dropout_masks_of_cells_are_those_of_keras(pair, graph, rng):
    options = {"dropout": 0.3, "recurrent_dropout": 0.3, "seed": 5}
    stacks = [keras.layers.RNN([kind(4, **options), kind(3, **options)]) for kind in pair]
    x = rng.normal(size=(2, 5, 3)).astype("float32")
    for stack in stacks:
        stack.build((None, 5, 3))
    weights = distinct(rng, [w.shape for w in stacks[0].trainable_weights])
    for stack in stacks:
        for variable, value in zip(stack.trainable_weights, weights, strict=True):
            variable.assign(value)
    assert_same(*(run(stack, graph, x, training=True) for stack in stacks), 1e-5)


@pairs
@pytest.mark.parametrize("graph", [False, True])
def test_inputs_that_keras_accepts(ours, theirs, graph, rng):
    """Integers, masks with a third axis, masks and states with a single row for the batch."""
    a, b = twins(ours, theirs, rng, return_sequences=True)
    batch = rng.normal(size=(40, 5, 3)).astype("float32")
    call = [tf.function(layer) if graph else layer for layer in (a, b)]
    integers = rng.integers(-2, 3, (40, 5, 3))
    for x in (integers, integers > 0):
        assert_same(a(x), b(x.astype("float32")), 1e-5)
    symbolic = keras.Input((5, 3), dtype="int32")
    assert_same(keras.Model(symbolic, a(symbolic))(integers), b(integers.astype("float32")), 1e-5)
    mask = tf.constant(rng.random((40, 5)) < 0.6)
    actual = call[0](batch, mask=mask[..., None])
    assert_same(actual, call[1](batch, mask=mask), 1e-5)
    assert_same(call[0](batch, mask=mask[:1]), b(batch, mask=tf.repeat(mask[:1], 40, 0)), 1e-5)
    states = [rng.normal(size=(1, 4)).astype("float32") for _ in keras.tree.flatten(a.state_size)]
    rows = [np.repeat(h, 40, axis=0) for h in states]
    assert_same(call[0](batch, initial_state=states), b(batch, initial_state=rows), 1e-5)


@pairs
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_gradients_in_lower_precision(ours, theirs, policy, rng):
    a, b = twins(ours, theirs, rng, dtype=policy, return_sequences=True)
    x = rng.normal(size=(2, 5, 3)).astype("float32")
    for actual, expected in zip(run(a, True, x)[1], run(b, True, x)[1], strict=True):
        assert actual.dtype == expected.dtype
        assert_same(actual, expected, 0.1)


@pairs
def test_a_masking_layer_under_xla(ours, theirs, rng):
    a, b = twins(ours, theirs, rng, dtype="float64", return_sequences=True)
    x = rng.normal(size=(4, 5, 3))
    x[1, 3:], x[2, :2] = 0.0, 0.0
    results = []
    for layer in (a, b):
        inputs = keras.Input((5, 3), dtype="float64")
        model = keras.Model(inputs, layer(keras.layers.Masking(dtype="float64")(inputs)))

        @tf.function(jit_compile=True)
        def step(x, model=model):
            with tf.GradientTape() as tape:
                y = tf.reduce_sum(model(x) ** 2)
            return y, tape.gradient(y, model.trainable_weights)

        results.append(step(tf.constant(x)))
    assert_same(*results, 1e-10)


@pytest.mark.parametrize(
    ("ours", "theirs", "kind"),
    [(*pair, kind) for pair, kind in zip(PAIRS, LOOPS, strict=True)],
    ids=IDS,
)
def test_inference_on_batches_of_any_size_is_not_compiled(ours, theirs, kind, rng):
    a, b = twins(ours, theirs, rng)
    functions = []
    loop, _ = LOOPS[kind]
    call = tf.function(a, input_signature=[tf.TensorSpec((None, 5, 3))])
    for size in (1, 7, 40):
        x = rng.normal(size=(size, 5, 3)).astype("float32")
        assert_same(call(tf.constant(x)), b(x), 1e-5)
    for operation in call.get_concrete_function().graph.get_operations():
        if operation.type == "StatefulPartitionedCall" or operation.type == "PartitionedCall":
            functions.append(operation.get_attr("f").name)
    assert not [name for name in functions if loop.__name__ in name]


@pairs
def test_weights_files_are_interchangeable(ours, theirs, tmp_path, rng):
    models = [keras.Sequential([keras.Input((5, 3)), kind(4)]) for kind in (ours, theirs)]
    x = rng.normal(size=(2, 5, 3)).astype("float32")
    for source, target in (models, models[::-1]):
        source.layers[0].set_weights(distinct(rng, [w.shape for w in source.weights]))
        source.save_weights(tmp_path / "layer.weights.h5")
        target.load_weights(tmp_path / "layer.weights.h5")
        assert_same(source(x), target(x), 1e-6)


@pairs
def test_stateful_bidirectional(ours, theirs, rng):
    options = {"return_sequences": True, "stateful": True}
    inputs = [rng.normal(size=(2, 5, 3)).astype("float32") for _ in range(3)]
    layers = []
    for kind in (ours, theirs):
        layer = keras.layers.Bidirectional(kind(4, **options))
        layer.build((2, 5, 3))
        layers.append(layer)
    weights = distinct(rng, [w.shape for w in layers[0].trainable_weights])
    for layer in layers:
        for variable, value in zip(layer.trainable_weights, weights, strict=True):
            variable.assign(value)
    for x in inputs:
        assert_same(layers[0](x), layers[1](x), 1e-5)


@pairs
def test_dropout_with_a_seed_is_reproducible(ours, theirs, rng):
    x = rng.normal(size=(40, 5, 3)).astype("float32")
    results = []
    for _ in range(2):
        initializers = {
            "kernel_initializer": keras.initializers.GlorotUniform(seed=1),
            "recurrent_initializer": keras.initializers.Orthogonal(seed=2),
        }
        layer = ours(4, dropout=0.3, recurrent_dropout=0.2, seed=7, **initializers)
        results.append(tf.function(layer)(tf.constant(x), training=True).numpy().tobytes())
    assert results[0] == results[1]


@classes
def test_the_arguments_are_those_of_keras(ours, theirs):
    actual, expected = (inspect.signature(kind.__init__).parameters for kind in (ours, theirs))
    for name, parameter in expected.items():
        assert name in actual, name
        if name != "self" and parameter.kind is not parameter.VAR_KEYWORD:
            assert actual[name].default == parameter.default, name
    positional = [n for n, p in expected.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert [n for n in actual if n in positional] == positional


@pytest.mark.parametrize(("ours", "theirs"), CELLS, ids=IDS[:3])
def test_the_arguments_of_the_cells_are_those_of_keras(ours, theirs):
    actual, expected = (inspect.signature(kind.__init__).parameters for kind in (ours, theirs))
    assert list(actual) == list(expected)


@pairs
def test_invalid_units_are_refused_as_in_keras(ours, theirs):
    for units in (0, -1):
        for kind in (ours, theirs):
            with pytest.raises(ValueError, match="units"):
                kind(units)


@pytest.mark.parametrize("layer", [LSTM, GRU])
def test_cudnn_is_refused_with_a_reason(layer):
    assert layer(2, use_cudnn=False).units == layer(2, use_cudnn="auto").units == 2
    with pytest.raises(ValueError, match="gate math of this layer is its own"):
        layer(2, use_cudnn=True)


@pairs
def test_arguments_are_attributes_of_the_layer(ours, theirs):
    a, b = (kind(3, dropout=0.2, recurrent_dropout=0.1, use_bias=False) for kind in (ours, theirs))
    names = ["units", "use_bias", "dropout", "recurrent_dropout", "activation"]
    names += ["reset_after"] if hasattr(b, "reset_after") else []
    assert [getattr(a, n) for n in names] == [getattr(b, n) for n in names]


@pairs
def test_dropout_rates_are_clipped(ours, theirs):
    a, b = (kind(3, dropout=1.5, recurrent_dropout=-1) for kind in (ours, theirs))
    assert (a.dropout, a.recurrent_dropout) == (b.dropout, b.recurrent_dropout) == (1.0, 0.0)


@classes
def test_round_trip_of_a_model_configuration_through_json(ours, theirs):
    model = keras.Sequential([keras.Input((4, 2)), ours(3, seed=5, dropout=0.1, go_backwards=True)])
    restored = keras.models.model_from_json(model.to_json())
    assert type(restored.layers[0]) is ours
    assert restored.to_json() == model.to_json()


@pytest.mark.gpu
@pairs
@pytest.mark.parametrize("graph", [False, True])
@pytest.mark.parametrize("mask", [None, *MASKS])
@pytest.mark.parametrize(
    "options",
    [
        {"return_sequences": True, "return_state": True},
        {"go_backwards": True, "return_sequences": True},
        {"zero_output_for_mask": True},
        {"dropout": 0.3, "recurrent_dropout": 0.3, "seed": 4},
        {"dtype": "mixed_float16", "return_sequences": True},
        {"dtype": "float64", "return_state": True},
    ],
    ids=str,
)
def test_on_a_gpu(ours, theirs, graph, mask, options, rng):
    a, b = twins(ours, theirs, rng, **options)
    x = rng.normal(size=(40, 5, 3)).astype("float32")
    states = [rng.normal(size=(40, 4)).astype("float32") for _ in keras.tree.flatten(a.state_size)]
    masked = {} if mask is None else {"mask": tf.constant(MASKS[mask](rng, 40, 5))}
    training = {"training": True} if "dropout" in options else {}
    atol = 0.1 if options.get("dtype") == "mixed_float16" else 1e-4
    with tf.device("/GPU:0"):
        actual, expected = (run(layer, graph, x, *states, **masked, **training) for layer in (a, b))
        assert_same(actual, expected, atol)


@given(
    shape=st.tuples(*(st.integers(1, largest) for largest in (5, 9, 4, 6))),
    mask=st.sampled_from([None, *MASKS]),
    flags=st.tuples(*(st.booleans() for _ in range(5))),
    cell=st.integers(0, 3),
    seed=st.integers(0, 2**31),
)
@settings(max_examples=60, deadline=None)
def test_any_shape_mask_and_options(shape, mask, flags, cell, seed):
    """Values and gradients in float32; the tolerance of a gradient is relative to its largest."""
    ours, theirs = PAIRS[cell]
    rng = np.random.default_rng(seed)
    batch, time, features, units = shape
    names = ("return_sequences", "return_state", "go_backwards", "use_bias", "zero_output_for_mask")
    options = dict(zip(names, flags, strict=True))
    a, b = twins(ours, theirs, rng, units, features, **options)
    x = rng.normal(size=(batch, time, features)).astype("float32")
    masked = {} if mask is None else {"mask": tf.constant(MASKS[mask](rng, batch, time))}
    (values, grads), (expected_values, expected_grads) = (
        run(layer, False, x, **masked) for layer in (a, b)
    )
    assert_same(values, expected_values, 2e-6)
    for grad, expected in zip(grads, expected_grads, strict=True):
        assert_same(grad, expected, 2e-6 * max(1.0, float(tf.reduce_max(tf.abs(expected)))))


@gated
@pytest.mark.parametrize("graph", [False, True])
@pytest.mark.parametrize("gate", ["hard_sigmoid", "tanh"])
def test_another_recurrent_activation(ours, theirs, graph, gate, rng):
    a, b = twins(ours, theirs, rng, dtype="float64", recurrent_activation=gate)
    x = rng.normal(0, 3, (3, 5, 3))
    assert_same(run(a, graph, x), run(b, graph, x), 1e-11)
    standard, _ = twins(ours, theirs, np.random.default_rng(7), dtype="float64")
    assert np.abs(np.asarray(a(x)) - np.asarray(standard(x))).max() > 1e-3


@pairs
def test_every_constraint_is_applied(ours, theirs, rng):
    """One training step with large weights: each array is limited by its own constraint."""
    limits = {"kernel": 0.3, "recurrent": 0.2, "bias": 0.1}
    options = {f"{name}_constraint": keras.constraints.MaxNorm(m) for name, m in limits.items()}
    models = []
    for kind in (ours, theirs):
        model = keras.Sequential([keras.Input((5, 3)), kind(4, **options)])
        model.compile("sgd", "mse")
        models.append(model)
    weights = [3 * w for w in distinct(rng, [w.shape for w in models[0].weights])]
    x, y = rng.normal(size=(8, 5, 3)), rng.normal(size=(8, 4))
    for model in models:
        model.set_weights(weights)
        model.fit(x, y, epochs=1, verbose=0)
    assert_same(models[0].get_weights(), models[1].get_weights(), 1e-5)
    for array, limit in zip(models[0].get_weights(), limits.values(), strict=True):
        assert np.sqrt((array**2).sum(axis=0)).max() <= limit * 1.001


@pairs
def test_a_frozen_layer_has_no_trainable_weights(ours, theirs):
    for kind in (ours, theirs):
        layer = kind(3, trainable=False)
        layer.build((None, 4, 2))
        assert not layer.trainable_weights
        assert len(layer.non_trainable_weights) >= 3


@pairs
def test_graphs_do_not_call_python(ours, theirs, rng):
    """No callbacks into Python or NumPy, forward or backward."""
    a, _ = twins(ours, theirs, rng, dropout=0.2, recurrent_dropout=0.2)

    @tf.function
    def step(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(a(x, training=True) ** 2)
        return tape.gradient(loss, a.trainable_weights)

    graph = step.get_concrete_function(tf.TensorSpec((4, 5, 3))).graph.as_graph_def()
    nodes = [*graph.node, *(node for f in graph.library.function for node in f.node_def)]
    assert not [node.op for node in nodes if "PyFunc" in node.op or "Host" in node.op]


@pairs
def test_one_trace_serves_training_on_any_length(ours, theirs, rng):
    a, b = twins(ours, theirs, rng, dtype="float64")
    traces = []

    def gradients(layer, x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(x) ** 2)
        return tape.gradient(loss, layer.trainable_weights)

    @tf.function(input_signature=[tf.TensorSpec((None, None, 3), tf.float64)])
    def call(x):
        traces.append(1)
        return gradients(a, x)

    for batch, time in ((2, 3), (1, 9), (4, 1)):
        x = tf.constant(rng.normal(size=(batch, time, 3)))
        assert_same(call(x), gradients(b, x), 1e-11)
    assert len(traces) == 1


@pairs
def test_training_is_reproducible(ours, theirs, rng):
    x, y = rng.normal(size=(32, 6, 3)), rng.normal(size=(32, 2))
    weights = []
    for _ in range(2):
        keras.utils.set_random_seed(3)
        layers = [keras.Input((6, 3)), ours(5, dropout=0.2, seed=1), keras.layers.Dense(2)]
        model = keras.Sequential(layers)
        model.compile("adam", "mse")
        model.fit(x, y, epochs=3, batch_size=8, verbose=0)
        weights.append(b"".join(w.tobytes() for w in model.get_weights()))
    assert weights[0] == weights[1]


@pairs
@pytest.mark.parametrize("sequences", [False, True])
def test_gradients_through_wrappers(ours, theirs, sequences, rng):
    """Bidirectional with a mask, and TimeDistributed."""
    x, mask = rng.normal(size=(3, 5, 2)), tf.constant(MASKS["holes"](rng, 3, 5))
    nested = rng.normal(size=(2, 3, 5, 2))
    pairs_of_layers = [
        [
            keras.layers.Bidirectional(
                kind(3, return_sequences=sequences, dtype="float64"), dtype="float64"
            )
            for kind in (ours, theirs)
        ],
        [
            keras.layers.TimeDistributed(
                kind(3, return_sequences=sequences, dtype="float64"), dtype="float64"
            )
            for kind in (ours, theirs)
        ],
    ]
    for layers, values, options in zip(
        pairs_of_layers, (x, nested), ({"mask": mask}, {}), strict=True
    ):
        for layer in layers:
            layer(values)
        layers[0].set_weights(distinct(rng, [w.shape for w in layers[0].weights]))
        layers[1].set_weights(layers[0].get_weights())
        results = []
        for layer in layers:
            with tf.GradientTape() as tape:
                inputs = tf.constant(values)
                tape.watch(inputs)
                loss = tf.reduce_sum(layer(inputs, **options) ** 2)
            results.append([loss, *tape.gradient(loss, [inputs, *layer.trainable_weights])])
        assert_same(*results, 1e-10)


@pairs
@pytest.mark.parametrize("graph", [False, True])
def test_a_stateful_layer_refuses_another_batch_size(ours, theirs, graph, rng):
    a, _ = twins(ours, theirs, rng, stateful=True)
    call = tf.function(a) if graph else a
    call(tf.zeros((2, 5, 3)))
    with pytest.raises(ValueError, match="batch size"):
        call(tf.zeros((3, 5, 3)))


@pairs
def test_gradients_of_an_empty_batch_are_zero(ours, theirs, rng):
    a, _ = twins(ours, theirs, rng)
    _, grads = run(a, False, np.zeros((0, 5, 3), "float32"))
    assert grads[0].shape == (0, 5, 3)
    assert all(float(tf.reduce_sum(tf.abs(grad))) == 0 for grad in grads[1:])


@pairs
@pytest.mark.parametrize("graph", [False, True])
def test_shapes_that_fit_only_by_broadcasting_are_refused(ours, theirs, graph, rng):
    a, _ = twins(ours, theirs, rng)
    x, call = tf.zeros((3, 5, 3)), tf.function(a) if graph else a
    n = len(keras.tree.flatten(a.state_size))
    for shape in ((3, 1), (1,), ()):
        with pytest.raises(ValueError, match="initial state"):
            call(x, initial_state=[tf.zeros(shape)] * n)
    for shape in ((3, 1), (3, 4), ()):
        with pytest.raises((ValueError, IndexError)):
            call(x, mask=tf.ones(shape, "bool"))
    with pytest.raises(ValueError, match="initial state"):
        call(x, initial_state=[tf.zeros((3, 4))] * (n + 1))


@pairs
def test_forward_mode_in_a_graph_is_refused(ours, theirs, rng):
    """Instead of silent zeros; eager mode is supported, and in a graph Keras raises too."""
    a, b = twins(ours, theirs, rng)
    x = tf.constant(rng.normal(size=(2, 5, 3)), "float32")

    def tangents(layer):
        with tf.autodiff.ForwardAccumulator(x, tf.ones_like(x)) as accumulator:
            y = layer(x)
        return accumulator.jvp(y)

    assert_same(tangents(a), tangents(b), 1e-5)
    with pytest.raises(TypeError, match="forward-mode"):
        tf.function(tangents)(a)


@pytest.mark.parametrize("first", ["LSTM", "SimpleRNN", "GRU"])
def test_a_saved_model_is_loaded_by_another_process(first, tmp_path, rng):
    """Importing any name of `forecastkit.layers` registers all layers with Keras."""
    inputs = keras.Input((4, 2))
    x = keras.layers.Bidirectional(LSTM(3, return_sequences=True))(inputs)
    x = keras.layers.RNN([LSTMCell(3), GRUCell(3), SimpleRNNCell(2)], return_sequences=True)(x)
    model = keras.Model(inputs, SimpleRNN(2)(GRU(3, return_sequences=True)(x)))
    model.save(tmp_path / "model.keras")
    x = rng.normal(size=(2, 4, 2)).astype("float32")
    np.save(tmp_path / "x.npy", x)
    code = (
        f"from forecastkit.layers import {first}\n"
        "import keras, numpy as np, sys\n"
        "model = keras.models.load_model(sys.argv[1] + '/model.keras', safe_mode=True)\n"
        "np.save(sys.argv[1] + '/y.npy', model(np.load(sys.argv[1] + '/x.npy')))\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, capture_output=True)
    np.testing.assert_allclose(np.load(tmp_path / "y.npy"), model(x), atol=1e-6)
