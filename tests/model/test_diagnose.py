"""Hand-written gradients against those of TensorFlow, and the diagnosis of networks."""

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
from forecastkit.series.view import View
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
def test_the_gradient_agrees_with_tensorflow(cell, rng):
    config = network(cell)
    weights = weights_of(config, rng)
    model = build(config, seed=0)
    set_weights(model, weights)
    x = tf.constant(rng.normal(size=(3, 9, VIEW.n_inputs)), "float32")
    upstream = rng.normal(size=(3, 3)).astype("float32")
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(model(x, training=False)[:, -1, :, 0] * upstream)
    expected = tape.gradient(loss, x).numpy()
    gradient = input_gradient(config, weights, x.numpy(), upstream)
    np.testing.assert_allclose(gradient, expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("cell", CELLS)
def test_traces_reproduce_the_outputs_of_the_runtime(cell, rng):
    config = network(cell)
    weights, x = weights_of(config, rng), rng.normal(size=(3, 9, VIEW.n_inputs)).astype("float32")
    head = weights["head/kernel"], weights["head/bias"]
    layers = traces(config, weights, x)
    z = x @ weights["input/kernel"] + weights["input/bias"]
    gelu = 0.5 * z * (1 + np.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3)))
    last = gelu[:, -1] + sum(trace.states[:, -1] for trace in layers)
    outputs = (last @ head[0] + head[1]).reshape(3, 3, -1)
    np.testing.assert_allclose(outputs, network_outputs(config, weights, x), atol=1e-5)


def random_model(cell, rng, change=None, lengths=(40, 40, 40), view=VIEW):
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


def test_the_tables_of_a_diagnosis(rng):
    diagnosis = diagnose(random_model("lstm", rng))
    assert diagnosis.reach == 9 - 1 + 5
    assert 1 <= diagnosis.memory_length <= diagnosis.reach
    assert diagnosis.gradient["lag"].tolist() == list(range(diagnosis.reach))
    assert diagnosis.by_series["unique_id"].tolist() == ["s0", "s1", "s2"]
    assert set(diagnosis.gates["gate"]) == {"input", "forget", "output"}
    assert diagnosis.gates["mean"].between(0, 1).all()
    assert str(diagnosis).startswith(
        f"95 % of the gradient falls on the last {diagnosis.memory_length} of 13"
    )


def test_the_gate_table_of_a_simple_network_is_empty(rng):
    assert diagnose(random_model("rnn", rng)).gates.empty


def test_an_inactive_network_is_reported(rng):
    def deactivate(weights):
        weights["head/kernel"][:] = 0

    diagnosis = diagnose(random_model("lstm", rng, deactivate))
    assert diagnosis.memory_length == 0
    assert "inactive" in diagnosis.warnings[0]


def test_shares_of_closed_and_open_gates_and_cell_memory(rng):
    def close_forget_gates(weights):
        for layer in range(2):
            weights[f"recurrent_{layer}/bias"][4:8] = -50

    def open_forget_gates(weights):
        for layer in range(2):
            weights[f"recurrent_{layer}/bias"][4:8] = 50

    closed = diagnose(random_model("lstm", rng, close_forget_gates))
    opened = diagnose(random_model("lstm", rng, open_forget_gates))
    assert (closed.gates.query("gate == 'forget'")["shut"] == 1).all()
    assert (opened.gates.query("gate == 'forget'")["open"] == 1).all()
    assert (closed.cell_memory["steps"] == 0).all()
    assert (opened.cell_memory["steps"] == 9).all()
    assert opened.cell_memory["at_least"].all()
    assert not closed.cell_memory["at_least"].any()
    assert "memory at least 9 steps" in str(opened)
    weekly = View(5, 3, (1,), 0.5, 9, 7)
    with_stride = diagnose(random_model("lstm", rng, open_forget_gates, (99,), weekly))
    assert (with_stride.cell_memory["steps"] == 63).all()


def test_vanishing_gradients_are_reported_if_only_the_last_value_matters(rng):
    def use_last_value_only(weights):
        weights["input/kernel"][: VIEW.input_size - 1] = 0  # the window except its last value
        for layer in range(2):
            weights[f"recurrent_{layer}/kernel"][:] = 0

    diagnosis = diagnose(random_model("lstm", rng, use_last_value_only))
    assert diagnosis.memory_length == 1
    assert any("Vanishing" in warning for warning in diagnosis.warnings)
    # also if the reach is hardly longer than the window
    view = View(12, 3, (1,), 0.5, 2, 1)

    def use_last_value_of_long_window(weights):
        weights["input/kernel"][: view.input_size - 1] = 0
        weights["recurrent_0/kernel"][:] = weights["recurrent_1/kernel"][:] = 0

    diagnosis = diagnose(random_model("rnn", rng, use_last_value_of_long_window, view=view))
    assert (diagnosis.memory_length, diagnosis.reach) == (1, 13)
    assert any("depends on" in warning for warning in diagnosis.warnings)


def test_a_reach_of_two_steps_is_too_short_for_a_warning(rng):
    warnings = diagnose(random_model("lstm", rng, lengths=(5,))).warnings
    assert not any("sensitive to all" in warning for warning in warnings)


def test_the_reach_is_limited_by_the_length_of_a_series(rng):
    """Steps before the start of a series do not count."""
    diagnosis = diagnose(random_model("lstm", rng, lengths=(40, 10)))
    long, short = diagnosis.by_series.to_dict("records")
    assert long["reach"] == diagnosis.reach == 13
    assert short["reach"] == 10 - 3  # all but the horizon
    assert short["memory_length"] <= short["reach"]
    single = diagnose(random_model("lstm", rng, lengths=(10,)))
    assert single.reach == 7
    assert len(single.gradient) == 7


def test_sensitivity_to_seasonal_lags(rng):
    view = View(5, 3, (20,), 0.0, 2, 1, lags=(20, 0), lag_steps=4)

    def use_lags_only(weights):
        weights["input/kernel"][: view.n_without_lags] = 0
        weights["input/kernel"][view.n_equivariant :] = 0

    diagnosis = diagnose(random_model("lstm", rng, use_lags_only, (90,), view))
    lags = diagnosis.gradient.query("gradient > 0")["lag"]
    assert lags.min() == 16
    assert lags.max() == 20
    assert not diagnosis.warnings or "inactive" not in diagnosis.warnings[0]


def test_every_group_is_diagnosed_in_large_panels(rng):
    model = random_model("rnn", rng, lengths=(*(40,) * 300, *(20,) * 5))
    groups = {f"s{k}": "long" if k < 300 else "short" for k in range(305)}
    diagnosis = diagnose(model, groups)
    assert set(diagnosis.by_group["group"]) == {"long", "short"}
    assert len(diagnosis.by_series) == 256


def test_groups_by_series_by_mapping_and_by_length(rng):
    model = random_model("rnn", rng, lengths=(40, 40, 30))
    assert set(diagnose(model).by_group["group"]) == {"s0", "s1", "s2"}
    named = diagnose(model, groups={"s0": "shops", "s1": "shops"}).by_group
    assert set(named["group"]) == {"shops", "others"}
    pooled = diagnose(model, groups={f"s{k}": "all" for k in range(3)})
    np.testing.assert_allclose(pooled.by_group["gradient"], pooled.gradient["gradient"])
    many = diagnose(random_model("rnn", rng, lengths=tuple(range(20, 50))))
    assert many.by_group["group"].nunique() == 3


def test_exploding_gradients_are_reported(rng):
    def amplify(weights):
        weights["head/kernel"][:] *= 1000

    warnings = diagnose(random_model("lstm", rng, amplify)).warnings
    assert any("Exploding" in warning for warning in warnings)


def test_a_flat_gradient_is_reported(rng):
    view = View(5, 3, (1,), 0.5, 1, 1)

    def average(weights):
        weights["input/kernel"][: view.input_size] = weights["input/kernel"][0]

    warnings = diagnose(random_model("rnn", rng, average, view=view)).warnings
    assert any("flat" in warning for warning in warnings)
    assert any("does not decay within the 5 steps" in warning for warning in warnings)
    assert not any("LSTM may do better" in warning for warning in warnings)


def test_quantiles_of_gates_are_ordered(rng):
    gates = diagnose(random_model("lstm", rng)).gates
    quantiles = gates[["q05", "q25", "q50", "q75", "q95"]].to_numpy()
    assert (np.diff(quantiles, axis=1) >= 0).all()
    assert ((gates["q05"] <= gates["mean"]) & (gates["mean"] <= gates["q95"])).all()


def test_an_argument_that_is_no_model_is_refused():
    with pytest.raises(OptionError, match="not a fitted network"):
        diagnose("model.safetensors")
