"""Gradients by hand against TensorFlow's, and what a network is said to remember."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from forecastkit.errors import OptionError
from forecastkit.layers.cells import CELLS
from forecastkit.model.calibration import Calibration
from forecastkit.model.diagnose import diagnose
from forecastkit.model.distribution import Part
from forecastkit.model.model import Blend, FittedModel, Metadata
from forecastkit.model.predictor import Predictor
from forecastkit.network.config import NetworkConfig
from forecastkit.network.introspection import input_gradient, traces
from forecastkit.network.runtime import Member, network_outputs
from forecastkit.series.panel import Panel
from forecastkit.series.windows import View
from forecastkit.tables.dataset import Dataset
from forecastkit.tables.frequency import parse_frequency
from forecastkit.tables.index import TimeIndex
from forecastkit.training.build import build, set_weights

VIEW = View(5, 3, (1,), 0.5, 9, 1)


def network(cell, view=VIEW):
    return NetworkConfig(cell, 4, view)


def weights_of(config, rng):
    shapes = config.weight_shapes().items()
    return {name: rng.normal(0, 0.5, shape).astype("float32") for name, shape in shapes}


@pytest.mark.parametrize("cell", CELLS)
def test_the_gradient_is_that_of_tensorflow(cell, rng):
    config = network(cell)
    weights = weights_of(config, rng)
    model = build(config, seed=0)
    set_weights(model, weights)
    x = tf.constant(rng.normal(size=(3, 9, VIEW.n_inputs)), "float32")
    upstream = rng.normal(size=(3, 3)).astype("float32")
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(model(x, training=False)[:, -1, :, 0] * upstream)
    want = tape.gradient(loss, x).numpy()
    got = input_gradient(config, weights, x.numpy(), upstream)
    np.testing.assert_allclose(got, want, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("cell", CELLS)
def test_a_trace_is_what_the_runtime_computes(cell, rng):
    config = network(cell)
    weights, x = weights_of(config, rng), rng.normal(size=(3, 9, VIEW.n_inputs)).astype("float32")
    head = weights["head/kernel"], weights["head/bias"]
    found = traces(config, weights, x)
    z = x @ weights["input/kernel"] + weights["input/bias"]
    start = 0.5 * z * (1 + np.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3)))
    last = start[:, -1] + sum(trace.states[:, -1] for trace in found)
    outputs = (last @ head[0] + head[1]).reshape(3, 3, -1)
    np.testing.assert_allclose(outputs, network_outputs(config, weights, x), atol=1e-5)


def model_with(cell, rng, change=None, lengths=(40, 40, 40), view=VIEW):
    config = network(cell, view)
    weights = weights_of(config, rng)
    if change:
        change(weights)
    panel = Panel.of(np.split(rng.normal(10, 1, sum(lengths)), np.cumsum(lengths)[:-1]))
    ids = np.array([f"s{k}" for k in range(len(lengths))], dtype=object)
    index = TimeIndex(ids, np.zeros(len(lengths), int), parse_frequency("D"))
    part = Part("LSTM", 1.0, (Member(config, weights),))
    blend = Blend((part,), view.horizon, 1, Calibration.none(view.horizon))
    return Predictor(FittedModel(blend, Dataset(panel, index), Metadata("LSTM")))


def test_a_diagnosis(rng):
    found = diagnose(model_with("lstm", rng))
    assert found.reach == 9 - 1 + 5
    assert 1 <= found.memory_length <= found.reach
    assert found.gradient["lag"].tolist() == list(range(found.reach))
    assert found.by_series["unique_id"].tolist() == ["s0", "s1", "s2"]
    assert set(found.gates["gate"]) == {"input", "forget", "output"}
    assert found.gates["mean"].between(0, 1).all()
    assert str(found).startswith(
        f"95 % of the gradient falls on the last {found.memory_length} of 13"
    )


def test_a_network_without_gates_has_none(rng):
    assert diagnose(model_with("rnn", rng)).gates.empty


def test_a_silent_network_is_said_to_be(rng):
    def silence(weights):
        weights["head/kernel"][:] = 0

    found = diagnose(model_with("lstm", rng, silence))
    assert found.memory_length == 0
    assert "inactive" in found.warnings[0]


def test_shut_and_open_gates_are_counted(rng):
    def forget_everything(weights):
        for layer in range(2):
            weights[f"recurrent_{layer}/bias"][4:8] = -50

    def keep_everything(weights):
        for layer in range(2):
            weights[f"recurrent_{layer}/bias"][4:8] = 50

    forgets = diagnose(model_with("lstm", rng, forget_everything))
    keeps = diagnose(model_with("lstm", rng, keep_everything))
    assert (forgets.gates.query("gate == 'forget'")["shut"] == 1).all()
    assert (keeps.gates.query("gate == 'forget'")["open"] == 1).all()
    assert (forgets.cell_memory["steps"] == 0).all()
    assert (keeps.cell_memory["steps"] == 9).all()
    assert keeps.cell_memory["at_least"].all()
    assert not forgets.cell_memory["at_least"].any()
    assert "memory at least 9 steps" in str(keeps)
    weekly = View(5, 3, (1,), 0.5, 9, 7)
    assert (
        diagnose(model_with("lstm", rng, keep_everything, (99,), weekly)).cell_memory["steps"] == 63
    ).all()


def test_a_network_that_hears_its_last_value_alone(rng):
    def deaf(weights):
        weights["input/kernel"][: VIEW.input_size - 1] = 0  # all of the window but its newest value
        for layer in range(2):
            weights[f"recurrent_{layer}/kernel"][:] = 0

    found = diagnose(model_with("lstm", rng, deaf))
    assert found.memory_length == 1
    assert any("Vanishing" in warning for warning in found.warnings)
    # also where its reach is hardly longer than its window
    one = View(12, 3, (1,), 0.5, 2, 1)

    def deaf_in_one_window(weights):
        weights["input/kernel"][: one.input_size - 1] = 0
        weights["recurrent_0/kernel"][:] = weights["recurrent_1/kernel"][:] = 0

    found = diagnose(model_with("rnn", rng, deaf_in_one_window, view=one))
    assert (found.memory_length, found.reach) == (1, 13)
    assert any("depends on" in warning for warning in found.warnings)


def test_two_steps_are_too_few_to_warn_of(rng):
    assert not any(
        "sensitive to all" in one
        for one in diagnose(model_with("lstm", rng, lengths=(5,))).warnings
    )


def test_steps_that_do_not_exist_are_not_heard(rng):
    """Before the start of a series there is nothing to listen to."""
    found = diagnose(model_with("lstm", rng, lengths=(40, 10)))
    long, short = found.by_series.to_dict("records")
    assert long["reach"] == found.reach == 13
    assert short["reach"] == 10 - 3  # all but the horizon
    assert short["memory_length"] <= short["reach"]
    alone = diagnose(model_with("lstm", rng, lengths=(10,)))
    assert alone.reach == 7
    assert len(alone.gradient) == 7


def test_looks_back_by_whole_seasons_are_heard(rng):
    view = View(5, 3, (20,), 0.0, 2, 1, lags=(20, 0), lag_steps=4)

    def deaf_but_for_lags(weights):
        weights["input/kernel"][: view.n_without_lags] = 0
        weights["input/kernel"][view.n_equivariant :] = 0

    found = diagnose(model_with("lstm", rng, deaf_but_for_lags, (90,), view))
    heard = found.gradient.query("gradient > 0")["lag"]
    assert heard.min() == 16
    assert heard.max() == 20
    assert not found.warnings or "inactive" not in found.warnings[0]


def test_every_group_is_looked_at_however_many_series(rng):
    model = model_with("rnn", rng, lengths=(*(40,) * 300, *(20,) * 5))
    groups = {f"s{k}": "long" if k < 300 else "short" for k in range(305)}
    found = diagnose(model, groups)
    assert set(found.by_group["group"]) == {"long", "short"}
    assert len(found.by_series) == 256


def test_groups(rng):
    model = model_with("rnn", rng, lengths=(40, 40, 30))
    assert set(diagnose(model).by_group["group"]) == {"s0", "s1", "s2"}
    named = diagnose(model, groups={"s0": "shops", "s1": "shops"}).by_group
    assert set(named["group"]) == {"shops", "others"}
    whole = diagnose(model, groups={f"s{k}": "all" for k in range(3)})
    np.testing.assert_allclose(whole.by_group["gradient"], whole.gradient["gradient"])
    many = diagnose(model_with("rnn", rng, lengths=tuple(range(20, 50))))
    assert many.by_group["group"].nunique() == 3


def test_a_network_that_overreacts(rng):
    def loud(weights):
        weights["head/kernel"][:] *= 1000

    assert any("Exploding" in one for one in diagnose(model_with("lstm", rng, loud)).warnings)


def test_a_network_that_averages_its_window(rng):
    view = View(5, 3, (1,), 0.5, 1, 1)

    def average(weights):
        weights["input/kernel"][: view.input_size] = weights["input/kernel"][0]

    found = diagnose(model_with("rnn", rng, average, view=view))
    assert any("flat" in one for one in found.warnings)
    assert any("all 5 steps of its input" in one for one in found.warnings)  # memory at its limit
    assert not any("LSTM may do better" in one for one in found.warnings)


def test_gates_have_a_distribution(rng):
    gates = diagnose(model_with("lstm", rng)).gates
    quantiles = gates[["q05", "q25", "q50", "q75", "q95"]].to_numpy()
    assert (np.diff(quantiles, axis=1) >= 0).all()
    assert ((gates["q05"] <= gates["mean"]) & (gates["mean"] <= gates["q95"])).all()


def test_other_things_are_refused():
    with pytest.raises(OptionError, match="not a fitted network"):
        diagnose("model.safetensors")
