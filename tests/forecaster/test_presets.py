"""Presets: networks used zero-shot, fine-tuned, and trained from scratch."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import forecastkit as fk
from forecastkit.errors import DataError, OptionError
from forecastkit.network.pretrained import adapt_to, pretrained
from forecastkit.network.runtime import network_outputs


def table(series, freq="MS", start="2015-01-01"):
    parts = []
    for name, y in series.items():
        ds = pd.date_range(start, periods=len(y), freq=freq) if freq else np.arange(len(y))
        parts.append(pd.DataFrame({"unique_id": name, "ds": ds, "y": y}))
    return pd.concat(parts, ignore_index=True)


def monthly(rng, n=72):
    t = np.arange(n)
    return 100 + t + 10 * np.sin(2 * np.pi * t / 12) + rng.normal(0, 2, n)


@pytest.mark.parametrize("forecaster", [fk.LSTMForecaster, fk.RNNForecaster])
def test_instant_uses_the_pretrained_network_zero_shot(forecaster, rng):
    sales = table({"a": monthly(rng), "b": monthly(rng, 50)})
    model = forecaster(h=6, preset="instant").fit(sales)
    network, weights = adapt_to(*pretrained(forecaster.cells[forecaster.name])[:2], (12,), 6)
    (member,) = model.model_.blend.members
    assert member.network == network
    for name, array in member.weights.items():
        np.testing.assert_array_equal(array, weights[name])
    assert model.facts["steps"] == 0
    assert any("pretrained" in note["what"] for note in model.assumptions)
    reseeded = forecaster(h=6, preset="instant", seed=9).fit(sales)
    pd.testing.assert_frame_equal(model.predict(), reseeded.predict())


def test_instant_is_scored_at_several_origins(rng):
    y = monthly(rng)
    model = fk.LSTMForecaster(h=6, preset="instant").fit(table({"a": y}))
    assert (model.facts["holdout"], model.facts["n_windows"]) == (6, 3)
    board = model.scoreboard.set_index("model")
    assert (board["n_series"] == 1).all()
    errors = []
    for end in (60, 66, 72):
        past = table({"a": y[: end - 6]})
        forecast = fk.LSTMForecaster(h=6, preset="instant").train(past).predict()["LSTM"]
        errors.append(np.abs(forecast.to_numpy() - y[end - 6 : end]).mean())
        errors[-1] /= np.abs(y[12 : end - 6] - y[: end - 18]).mean()
    assert board.loc["LSTM", "mase"] == pytest.approx(np.mean(errors))


def test_instant_does_not_import_tensorflow(tmp_path, rng):
    table({"a": monthly(rng)}).to_csv(tmp_path / "sales.csv", index=False)
    script = (
        "import sys; from forecastkit.cli.app import main\n"
        f"try: main(['fit', r'{tmp_path / 'sales.csv'}', '--preset', 'instant', '--quiet', "
        f"'--output', r'{tmp_path / 'model.safetensors'}'])\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "loaded = {'tensorflow', 'keras', 'sklearn', 'scipy', 'matplotlib'} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
    assert len(fk.load(tmp_path / "model.safetensors").predict()) == 14
    assert fk.diagnose(fk.load(tmp_path / "model.safetensors")).memory_length > 0


SERIES = {
    "one value a year": ("YS", 12, lambda n, rng: 5 + np.arange(n) + rng.normal(size=n)),
    "four values": ("YS", 4, lambda n, rng: np.array([3.0, 4.0, 6.0, 5.0])),
    "constant": ("MS", 40, lambda n, rng: np.full(n, 7.0)),
    "zeros": ("D", 60, lambda n, rng: np.zeros(n)),
    "intermittent": ("W", 150, lambda n, rng: rng.poisson(0.3, n).astype(float)),
    "negative": ("h", 400, lambda n, rng: -50 + rng.normal(size=n).cumsum()),
    "huge": ("D", 100, lambda n, rng: 1e15 * (2 + rng.random(n))),
    "tiny": ("D", 100, lambda n, rng: 1e-12 * (2 + rng.random(n))),
    "half hours": ("30min", 800, lambda n, rng: 9 + np.sin(np.arange(n) * np.pi / 24)),
    "integers": (None, 90, lambda n, rng: 20 + 5 * np.sin(np.arange(n) * np.pi / 6)),
    "an outlier": ("MS", 60, lambda n, rng: np.where(np.arange(n) == 50, 1e6, 10 + rng.random(n))),
}


@pytest.mark.parametrize("name", SERIES)
def test_instant_forecasts_all_kinds_of_series(name, rng):
    freq, n, generate = SERIES[name]
    y = generate(n, rng)
    model = fk.LSTMForecaster(h=20, preset="instant").fit(table({"a": y}, freq))
    forecast = model.predict(level=[80, 95])
    assert len(forecast) == 20
    values = forecast[["LSTM-lo-95", "LSTM-lo-80", "LSTM", "LSTM-hi-80", "LSTM-hi-95"]].to_numpy()
    assert np.isfinite(values).all()
    assert (np.diff(values, axis=1) >= 0).all()
    scale = np.ptp(y) + np.abs(y).max()
    assert (np.abs(values[:, 2]) <= 5 * scale).all()
    if np.ptp(y) == 0:
        np.testing.assert_allclose(values[:, 2], y[0])


def test_transforms_are_reported(rng):
    t = np.arange(60)
    series = {
        "plain": 10.5 + 0.01 * t,
        "counts": rng.poisson(1.0, 60).astype(float),
        "both signs": rng.normal(size=60),
    }
    model = fk.LSTMForecaster(h=6, preset="instant").fit(table(series))
    notes = {note["what"]: note["why"] for note in model.assumptions}
    assert "contain zeros" in notes["log1p transform for 1 of 3 series"]
    assert "negative values" in notes["no log transform for 1 of 3 series"]
    assert "whole numbers" in notes["whole-number forecasts for 1 of 3 series"]
    counts = model.predict(level=80).query("unique_id == 'counts'")
    values = counts[["LSTM", "LSTM-lo-80", "LSTM-hi-80"]].to_numpy()
    assert (values == np.round(values)).all()
    assert (values >= 0).all()


def test_missing_values_are_allowed(rng):
    y = monthly(rng)
    y[[3, 20, 21, 22, 40, 70]] = np.nan
    forecast = fk.LSTMForecaster(h=6, preset="instant").fit(table({"a": y})).predict()
    assert np.isfinite(forecast["LSTM"]).all()
    assert (np.abs(forecast["LSTM"] - 172) < 25).all()


def test_seasons_of_integer_timestamps_are_inferred_and_reported(rng):
    t = np.arange(144)
    series = {k: 9 + 3 * np.sin(2 * np.pi * t / 7) + rng.normal(0, 0.4, 144) for k in "abc"}
    model = fk.LSTMForecaster(h=7, preset="instant").fit(table(series, freq=None))
    assert model.model_.blend.leading[0].network.view.season_lengths == (7,)
    assert any(note["why"] == "inferred from the series" for note in model.assumptions)
    walk = {k: rng.normal(size=90).cumsum() for k in "ab"}
    model = fk.LSTMForecaster(h=7, preset="instant").fit(table(walk, freq=None))
    assert any("no seasonality found" in note["why"] for note in model.assumptions)


def test_networks_with_a_given_input_size_are_trained_from_scratch(rng):
    sales = table({"a": monthly(rng), "b": monthly(rng)})
    with pytest.raises(OptionError, match="preset instant"):
        fk.LSTMForecaster(h=3, preset="instant", input_size=9).fit(sales)
    model = fk.LSTMForecaster(h=3, preset="fast", input_size=9).train(sales)
    assert model.model_.blend.leading[0].network.view.input_size == 9
    assert any(note["what"] == "trained from scratch" for note in model.assumptions)


def test_fine_tuning_starts_from_the_pretrained_network(rng):
    """Its weights change a little, or not at all if training does not lower the loss."""
    sales = table({str(k): monthly(rng) * (1 + k) for k in range(30)})
    model = fk.LSTMForecaster(h=6, preset="fast").train(sales)
    network, start = adapt_to(*pretrained("lstm")[:2], (12,), 6)
    member, *zero_shot = model.model_.blend.members
    assert member.network == network
    for part in model.model_.blend.parts[1:]:  # beside the pretrained network itself
        assert part.name == "LSTM zero-shot"
        for name, weight in start.items():
            np.testing.assert_array_equal(zero_shot[0].weights[name], weight)
    change = np.concatenate([(member.weights[name] - w).ravel() for name, w in start.items()])
    initial = np.concatenate([w.ravel() for w in start.values()])
    assert np.linalg.norm(change) < 0.3 * np.linalg.norm(initial)
    notes = " ".join(note["what"] + note["why"] for note in model.assumptions)
    assert "starting point of the fine-tuning" in notes
    assert (model.facts["steps"] > 0) == bool(np.any(change))
    if model.facts["steps"] == 0:
        assert "the pretrained network" in notes


def test_a_small_panel_is_forecast_without_fine_tuning(rng):
    sales = table({"a": monthly(rng), "b": monthly(rng)})
    model = fk.LSTMForecaster(h=6).train(sales)
    assert model.facts["steps"] == 0
    assert any("needs 2000 values; there are 144" in note["why"] for note in model.assumptions)
    instant = fk.LSTMForecaster(h=6, preset="instant").train(sales)
    pd.testing.assert_frame_equal(model.predict(level=[80]), instant.predict(level=[80]))


def test_training_from_scratch_needs_longer_series(rng):
    short = table({"a": monthly(rng, 20)})
    with pytest.raises(DataError, match="training from scratch"):
        fk.LSTMForecaster(h=18, preset="scratch").fit(short)
    assert len(fk.LSTMForecaster(h=18, preset="instant").fit(short).predict()) == 18


def test_an_unknown_preset_raises_with_the_valid_ones():
    with pytest.raises(OptionError, match="instant, fast, default, best, scratch"):
        fk.LSTMForecaster(h=3, preset="slow").fit(table({"a": np.arange(30.0)}))


def test_training_can_be_set(rng):
    """The number of networks and of steps, their size and learning rate; a Keras model comes out."""
    sales = table({str(k): monthly(rng) * (1 + k) for k in range(6)})
    settings = {"units": 7, "n_layers": 1, "learning_rate": 0.01, "max_steps": 12, "n_members": 2}
    model = fk.LSTMForecaster(h=4, preset="scratch", **settings).train(sales)
    members = [m for m in model.model_.blend.members if m.network.units == 7]
    assert len(members) == 2 or model.facts["steps"] == 0
    assert model.facts["steps"] <= 2 * 12
    history = model.history_
    assert history.columns.tolist() == ["part", "network", "evaluation", "loss"]
    assert len(history) >= 2
    assert history["loss"].gt(0).all()
    keras_model = model.to_keras()
    member = model.model_.blend.leading[0]
    view = member.network.view
    x = rng.normal(size=(2, view.sequence_length, view.n_inputs)).astype("f")
    expected = network_outputs(member.network, member.weights, x)
    np.testing.assert_allclose(keras_model(x).numpy()[:, -1], expected, atol=1e-4)
    assert fk.LSTMForecaster(h=4, preset="instant").train(sales).history_.empty


@pytest.mark.parametrize(
    ("name", "value"),
    [("units", 0), ("n_members", 1.5), ("max_steps", -1), ("learning_rate", 3), ("n_layers", 99)],
)
def test_invalid_training_settings_raise(name, value, rng):
    with pytest.raises(OptionError, match=name):
        fk.LSTMForecaster(h=2, preset="fast", **{name: value}).train(table({"a": monthly(rng)}))


def test_a_time_limit_ends_the_fit_in_time(rng):
    """Too little time for training leaves the pretrained network; both forms are the same."""
    sales = table({str(k): monthly(rng) * (1 + k) for k in range(30)})
    model = fk.LSTMForecaster(h=6, preset="default", time_limit=5).fit(sales)
    assert model.facts["steps"] == 0
    assert {"what": "time limit 5 s", "why": "given"} in model.assumptions
    other = fk.LSTMForecaster(h=6, preset="default").fit(sales, time_limit=5)
    pd.testing.assert_frame_equal(other.predict(), model.predict())
    for wrong in (0, -3, "soon", True):
        with pytest.raises(OptionError, match="time_limit"):
            fk.LSTMForecaster(h=6).fit(sales, time_limit=wrong)
