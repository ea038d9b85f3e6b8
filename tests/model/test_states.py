"""Updated models forecast from the states of their series as from the whole history."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import forecastkit as fk
from forecastkit.errors import ModelFileError
from forecastkit.model.distribution import Part
from forecastkit.model.model import Blend, FittedModel
from forecastkit.model.states import States
from forecastkit.network.config import NetworkConfig, pretrained_view
from forecastkit.network.runtime import Member, network_quantiles
from forecastkit.series.panel import Panel
from forecastkit.series.scale import scaled
from forecastkit.series.windows import Windows


def series(rng, n, name="a", low=50.0):
    days = pd.date_range("2015-01-01", periods=n, freq="MS")
    y = low + 8 * np.sin(np.arange(n) * np.pi / 6) + rng.normal(0, 2, n).cumsum() * 0.3
    return pd.DataFrame({"unique_id": name, "ds": days, "y": y.round(3)})


def anchored(model, rng, n_members=1):
    """The same model with small anchored networks of random weights."""
    network = NetworkConfig("lstm", 5, pretrained_view((12,), model.h))
    shapes = network.weight_shapes().items()
    members = tuple(
        Member(network, {name: rng.normal(0, 0.2, shape).astype("f") for name, shape in shapes})
        for _ in range(n_members)
    )
    part = replace(model.model_.blend.parts[0], members=members)
    parts = (part, *model.model_.blend.parts[1:])
    model.model_ = replace(model.model_, blend=replace(model.model_.blend, parts=parts))
    return model


@pytest.fixture
def whole(rng):
    return pd.concat([series(rng, 200, "a"), series(rng, 200, "b", 900)], ignore_index=True)


@pytest.fixture
def model(whole, rng):
    past = whole[whole["ds"] < "2028-01-01"]
    return anchored(fk.LSTMForecaster(h=6, preset="instant").train(past), rng, 2)


def from_whole_history(model, table):
    """Median forecast from all values, with the transform and origins of the states."""
    fitted: FittedModel = model.model_
    states, panel = fitted.states, fitted.history.panel
    np.testing.assert_array_equal(panel.values, table["y"])
    member = fitted.blend.members[0]
    scale = states.scale(panel)
    windows = Windows.of(scaled(panel, scale), member.network.view)
    rows, ends = np.arange(panel.n_series), panel.lengths - 1
    paths = []
    for each in fitted.blend.members:
        settings = each.network, each.weights, windows, rows, ends
        deviations = network_quantiles(*settings, origins=states.networks.origins)
        paths.append(windows.paths(rows, panel.offsets[1:] - 1, deviations))
    median = member.network.quantiles.index(0.5)
    return scale.inverse(np.median(paths, axis=0)[..., median])


def test_forecasts_after_updates_are_those_of_the_whole_history(model, whole):
    """To 1e-6, after 44 updates by one observation."""
    for _, rows in whole[whole["ds"] >= "2028-01-01"].groupby("ds"):
        before = model.model_
        frozen = before.states and {name: a.copy() for name, a in before.states.arrays().items()}
        model.update(rows)
        for name, array in (frozen or {}).items():  # the model before is as it was
            np.testing.assert_array_equal(before.states.arrays()[name], array)
    states = model.model_.states
    past = whole[whole["ds"] < "2028-01-01"].groupby("unique_id")["y"].mean().to_numpy()
    np.testing.assert_allclose(states.size, past)  # the transform is that of the fit
    forecast = model.predict()["LSTM"].to_numpy().reshape(2, 6)
    np.testing.assert_allclose(forecast, from_whole_history(model, whole), rtol=1e-6)


def test_predictions_after_new_rows_are_those_of_the_updated_model(model, whole, tmp_path):
    """Step by step, all at once, and from a file."""
    new = whole[whole["ds"] >= "2028-01-01"]
    some = new[new["ds"] < "2028-03-01"]
    for rows in (some, new):
        expected = model.predict(rows, level=[80])
        model.save(tmp_path / "m.safetensors")
        updated, _ = fk.load(tmp_path / "m.safetensors").update(rows)
        pd.testing.assert_frame_equal(updated.predict(level=[80]), expected, rtol=1e-7)
        updated.save(tmp_path / "n.safetensors")
        loaded = fk.load(tmp_path / "n.safetensors")
        pd.testing.assert_frame_equal(loaded.predict(level=[80]), expected, rtol=1e-7)
        for name, array in loaded.model.states.arrays().items():
            np.testing.assert_array_equal(array, updated.model.states.arrays()[name])


def test_series_are_continued_replaced_added_and_left_alone(model, whole, rng):
    new = whole[(whole["ds"] >= "2028-01-01") & (whole["ds"] < "2028-03-01")]
    model.update(new[new["unique_id"] == "b"])
    unchanged = model.predict()
    replaced, added = series(rng, 90, "b", 5.0), series(rng, 40, "c")
    model.update(pd.concat([new[new["unique_id"] == "a"], replaced, added], ignore_index=True))
    assert model.model_.history.index.ids.tolist() == ["a", "b", "c"]
    for name, rows in (("b", replaced), ("c", added)):
        fresh = model.predict(rows.assign(unique_id="fresh"))["LSTM"]
        forecast = model.predict()
        np.testing.assert_allclose(
            forecast.loc[forecast["unique_id"] == name, "LSTM"], fresh, rtol=1e-6
        )
    assert not forecast["LSTM"].head(6).equals(unchanged["LSTM"].head(6))


def test_a_transform_that_does_not_fit_is_determined_again(model, whole):
    for value, fits in ((60.0, True), (-3.0, False), (0.0, False), (5000.0, False)):
        rows = pd.DataFrame({"unique_id": ["a"], "ds": ["2028-01-01"], "y": [value]})
        rows["ds"] = pd.to_datetime(rows["ds"])
        updated, _ = fk.Predictor(model.model_).update(rows)
        states = updated.model.states
        mean = whole.loc[(whole["unique_id"] == "a") & (whole["ds"] < "2028-01-01"), "y"].mean()
        assert (abs(states.size[0] - mean) < 1e-9) == fits, value
        assert np.isnan(states.shift[0]) == (value < 0)
        assert np.isfinite(updated.predict()["LSTM"]).all()


def test_missing_values_that_arrive_late_start_the_state_again(model, whole):
    new = whole[(whole["ds"] >= "2028-01-01") & (whole["unique_id"] == "a")]
    model.update(new.iloc[[0, 2]])
    assert model.model_.states.networks.components.levels.n[0] == 158
    model.update(new.iloc[[1, 3]])
    states = model.model_.states
    assert states.networks.components.levels.n[0] == 160
    assert states.networks.components.steps[0] == 160
    table = whole[(whole["unique_id"] == "a") & (whole["ds"] <= "2028-04-01")]
    fresh = States.of(model.model_.blend.members, Panel.of([table["y"].to_numpy()]))
    for name, array in fresh.arrays().items():
        np.testing.assert_allclose(states.arrays()[name][:1], array, atol=1e-6, err_msg=name)


def test_a_blend_with_statistical_parts_continues_its_networks(whole, rng):
    past, new = whole[whole["ds"] < "2031-06-01"], whole[whole["ds"] >= "2031-06-01"]
    model = fk.AutoForecaster(h=6, preset="instant").train(past)
    parts = model.model_.blend.parts
    networks = anchored(fk.LSTMForecaster(h=6, preset="instant").train(past), rng)
    members = networks.model_.blend.members
    statistical = tuple(part for part in parts if not part.members)
    kept = sum(part.weight for part in statistical)
    blend = replace(model.model_.blend, parts=(Part("LSTM", 1 - kept, members), *statistical))
    model.model_ = replace(model.model_, blend=blend)
    expected = model.predict(new)
    model.update(new)
    pd.testing.assert_frame_equal(model.predict(), expected, rtol=1e-7)


def test_a_blend_with_covariate_effects_has_no_states(model):
    assert model.model_.blend.has_state
    blend: Blend = model.model_.blend
    other = pretrained_view((1,), blend.h, anchored=False)
    network = NetworkConfig("lstm", 5, other)
    weights = {name: np.zeros(shape, "f") for name, shape in network.weight_shapes().items()}
    part = replace(blend.parts[0], members=(Member(network, weights),))
    assert not replace(blend, parts=(part,)).has_state


def test_a_damaged_state_is_refused(model, whole, tmp_path):
    updated, _ = fk.Predictor(model.model_).update(whole[whole["ds"] >= "2031-06-01"])
    states = updated.model.states
    for name, value in (("size", 0.0), ("size", np.nan), ("levels", np.inf)):
        arrays = {key: array.copy() for key, array in states.arrays().items()}
        arrays[name].ravel()[0] = value
        with pytest.raises((ValueError, ModelFileError)):
            States.from_arrays(updated.model.blend.members, arrays)
    with pytest.raises(ValueError, match="states"):
        replace(updated.model, states=states.take(np.array([0])))
