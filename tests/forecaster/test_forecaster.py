"""Fit and predict: scikit-learn's protocol, degenerate series, leakage, model files."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import sklearn.base
import sklearn.exceptions
from sklearn.utils.validation import check_is_fitted

import forecastkit as fk
from forecastkit.errors import DataError, NotFittedError, OptionError, TrainingError
from forecastkit.training import parity
from forecastkit.training.parity import check_parity


@pytest.fixture(scope="module")
def panel(monthly):
    return monthly


@pytest.fixture(scope="module", params=["lstm", "rnn"])
def fitted(request, panel):
    forecaster = {"lstm": fk.LSTMForecaster, "rnn": fk.RNNForecaster}[request.param]
    return forecaster(h=6, preset="fast").fit(panel)


@pytest.fixture(scope="module")
def lstm(panel):
    return fk.LSTMForecaster(h=6, preset="fast").fit(panel)


def test_the_constructor_stores_arguments_without_checking_them():
    model = fk.LSTMForecaster(h=-3, freq="no such thing", preset="odd")
    assert model.get_params() == {
        **{"h": -3, "freq": "no such thing", "preset": "odd", "seed": 1},
        **dict.fromkeys(["input_size", "season_length", "futr_exog", "hist_exog", "stat_exog"]),
        **dict.fromkeys(["holidays", "events", "calendar", "alias", "units", "n_layers"]),
        **dict.fromkeys(["learning_rate", "max_steps", "n_members", "time_limit"]),
    }


def test_forecasters_are_scikit_learn_estimators():
    model = fk.LSTMForecaster(h=3, seed=4)
    copy = sklearn.base.clone(model)
    assert copy is not model
    assert copy.get_params() == model.get_params()
    assert copy.set_params(h=5) is copy
    assert (copy.h, model.h) == (5, 3)
    with pytest.raises(OptionError, match="no argument 'horizon'"):
        copy.set_params(horizon=3)


def test_methods_raise_before_fit(tmp_path):
    model = fk.LSTMForecaster(h=3)
    for method in (model.predict, lambda: model.save(tmp_path / "m.safetensors")):
        with pytest.raises(sklearn.exceptions.NotFittedError):
            method()
        with pytest.raises(NotFittedError, match="not fitted yet"):
            method()


def test_columns_and_rows_of_a_forecast(fitted, panel):
    forecast = fitted.predict(level=[95, 80])
    name = fitted.name
    assert list(forecast.columns) == [
        *("unique_id", "ds", name),
        *(f"{name}-{side}-{level}" for level in (80, 95) for side in ("lo", "hi")),
    ]
    assert forecast["unique_id"].tolist() == ["a"] * 6 + ["b"] * 6 + ["c"] * 6
    assert forecast["ds"].iloc[0] == pd.Timestamp("2020-01-01")
    ascending = [f"{name}-lo-95", f"{name}-lo-80", name, f"{name}-hi-80", f"{name}-hi-95"]
    assert (np.diff(forecast[ascending].to_numpy(), axis=1) > 0).all()
    check_is_fitted(fitted)


def test_the_scoreboard_has_the_model_and_the_baselines(fitted):
    board = fitted.scoreboard
    assert set(board["model"]) == {fitted.name, *fk.BASELINES}
    assert board["mase"].is_monotonic_increasing
    assert board["coverage_level80"].between(0, 1).all()


def test_assumptions_are_reported(fitted):
    assert "season_length 12" in [note["what"] for note in fitted.assumptions]


def test_forecasts_are_reproducible(lstm, panel):
    refitted = fk.LSTMForecaster(h=6, preset="fast").fit(panel)
    first, second = (
        model.predict(level=80).drop(columns=["unique_id", "ds"]).to_numpy()
        for model in (lstm, refitted)
    )
    assert first.tobytes() == second.tobytes()


def test_the_order_of_rows_does_not_matter(lstm, panel):
    shuffled = panel.sample(frac=1, random_state=0)
    refitted = fk.LSTMForecaster(h=6, preset="fast").fit(shuffled)
    pd.testing.assert_frame_equal(lstm.predict(), refitted.predict())


def test_values_after_the_cutoff_do_not_change_the_forecast(lstm, panel):
    """Truncate the series, or change the values after the cutoff: the bytes stay the same."""
    cutoff = pd.Timestamp("2018-06-01")
    past = panel[(panel["ds"] <= cutoff) & (panel["unique_id"] == "a")]
    forecast = lstm.predict(past, level=[80])
    cv = []
    for factor in (1.0, -1e6):
        changed = panel.assign(y=np.where(panel["ds"] > cutoff, panel["y"] * factor, panel["y"]))
        series = changed[changed["unique_id"] == "a"]
        n_after = int((series["ds"] > cutoff).sum())
        truncated = series.iloc[: len(series) - n_after + 6]  # up to 6 steps after the cutoff
        cv.append(fk.cross_validation(_Prefitted(lstm), truncated, n_windows=1, level=[80]))
    for name in ("LSTM", "LSTM-lo-80", "LSTM-hi-80"):
        expected = forecast[forecast["unique_id"] == "a"][name].to_numpy()
        assert cv[0][name].to_numpy().tobytes() == cv[1][name].to_numpy().tobytes()
        np.testing.assert_array_equal(cv[0][name].to_numpy(), expected)


class _Prefitted:
    """A fitted forecaster whose `fit` does nothing."""

    def __init__(self, model):
        self.model = model
        self.h = model.h

    def get_params(self, deep=True):
        return {"model": self.model}

    def __sklearn_clone__(self):
        return self

    def fit(self, df):
        return self

    def predict(self, df=None, level=None):
        return self.model.predict(df, level)


def test_training_does_not_use_the_hold_out(panel):
    """Values of the hold-out change the scores, but not the forecasts that are scored."""
    scored = []
    from forecastkit.training import scoring

    original = scoring.score

    def spy(past, actual, forecasts, season_length):
        scored.append(np.stack(forecasts["LSTM"]))
        return original(past, actual, forecasts, season_length)

    changed = panel.copy()
    last = changed.groupby("unique_id").cumcount(ascending=False) < 6
    changed.loc[last, "y"] *= 7.0
    for table in (panel, changed):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(scoring, "score", spy)
            fk.LSTMForecaster(h=6, preset="fast").fit(table)
    assert scored[0].tobytes() == scored[1].tobytes()


def test_new_data_is_forecast_without_training(lstm, panel):
    other = panel[panel["unique_id"] == "a"].assign(unique_id="new")
    other = other[other["ds"] < "2019-01-01"]
    forecast = lstm.predict(other)
    assert forecast["unique_id"].tolist() == ["new"] * 6
    assert forecast["ds"].iloc[0] == pd.Timestamp("2019-01-01")
    assert forecast["LSTM"].notna().all()


def test_forecasts_scale_with_the_series(lstm, panel):
    forecast = lstm.predict(panel)["LSTM"].to_numpy()
    scaled = lstm.predict(panel.assign(y=panel["y"] * 1e6))["LSTM"].to_numpy()
    np.testing.assert_allclose(scaled, forecast * 1e6, rtol=1e-4)


def test_keras_and_numpy_agree_and_a_difference_raises(lstm, monkeypatch):
    assert check_parity(lstm.model_) < 1e-5
    original = parity.network_outputs
    monkeypatch.setattr(parity, "network_outputs", lambda *a: original(*a) * 1.001)
    with pytest.raises(TrainingError, match="differs from the Keras network"):
        check_parity(lstm.model_)


def test_a_loaded_model_makes_the_same_forecasts(fitted, panel, tmp_path):
    path = tmp_path / "m.safetensors"
    fitted.save(path)
    loaded = fk.load(path)
    pd.testing.assert_frame_equal(loaded.predict(level=[80, 95]), fitted.predict(level=[80, 95]))
    pd.testing.assert_frame_equal(loaded.predict(panel), fitted.predict(panel))
    pd.testing.assert_frame_equal(loaded.scoreboard, fitted.scoreboard)
    pd.testing.assert_frame_equal(loaded.history[["y"]], panel[["y"]], check_dtype=False)


def test_predicting_from_a_file_does_not_import_tensorflow(lstm, tmp_path):
    lstm.save(tmp_path / "m.safetensors")
    code = (
        f"import sys, forecastkit as fk\n"
        f"fk.load({str(tmp_path / 'm.safetensors')!r}).predict(level=[80])\n"
        f"print(sorted({{n.split('.')[0] for n in sys.modules}} & "
        f"{{'tensorflow', 'keras', 'sklearn', 'matplotlib', 'scipy'}}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def table_of(name, values, freq="D"):
    days = pd.date_range("2024-01-01", periods=len(values), freq=freq)
    return pd.DataFrame({"unique_id": name, "ds": days, "y": np.asarray(values, float)})


def test_a_panel_of_degenerate_series(rng):
    nan = np.nan
    noise = rng.normal(10, 1, 60)
    gaps = noise.copy()
    gaps[10:30] = nan
    table = pd.concat(
        [
            table_of("constant", [5.0] * 60),
            table_of("zeros", [0.0] * 60),
            table_of("one value", [3.0]),
            table_of("two values", [3.0, 4.0]),
            table_of("gaps", gaps),
            table_of("leading gaps", [nan] * 40 + list(noise[:20])),
            table_of("trailing gaps", [*noise[:50], *[nan] * 10]),
            table_of("no value", [nan] * 20),
            table_of("negative", noise - 10),
            table_of("huge", noise * 1e15),
            table_of("tiny", noise * 1e-12),
            table_of("counts", rng.poisson(0.3, 60)),
            table_of("a spike", [1.0] * 59 + [1e9]),
        ],
        ignore_index=True,
    )
    model = fk.LSTMForecaster(h=7, preset="fast").fit(table)
    forecast = model.predict(level=[80, 95])
    numbers = forecast.drop(columns=["unique_id", "ds"])
    assert np.isfinite(numbers.to_numpy()).all()
    by_id = {unique_id: rows for unique_id, rows in forecast.groupby("unique_id")}
    assert set(by_id) == set(table["unique_id"]) - {"no value"}
    assert (by_id["constant"]["LSTM"] == 5.0).all()
    assert (by_id["zeros"][["LSTM", "LSTM-hi-95"]] == 0.0).all().all()
    assert (by_id["one value"]["LSTM"] == 3.0).all()
    assert (by_id["counts"]["LSTM-lo-95"] >= 0).all()
    # rows without a value are periods of the series, with missing values
    assert by_id["trailing gaps"]["ds"].iloc[0] == pd.Timestamp("2024-03-01")
    assert any(note["what"] == "1 series dropped" for note in model.assumptions)


def test_a_single_short_series():
    model = fk.LSTMForecaster(h=2, preset="fast").fit(table_of("a", [3.0, 4, 3, 5, 4, 6, 5], "YS"))
    assert np.isfinite(model.predict()["LSTM"]).all()


def test_the_horizon_can_be_a_numpy_integer(panel):
    model = fk.LSTMForecaster(h=np.int64(2), preset="fast").train(panel)
    assert len(model.predict()) == 6


def test_intervals_of_a_positive_series_are_not_negative(lstm, panel):
    sparse = panel.assign(y=np.where(np.arange(len(panel)) % 5 == 0, 9.0, 0.1))
    forecast = lstm.predict(sparse, level=[99, 99.9])
    assert (forecast["LSTM-lo-99.9"] >= 0).all()
    assert (forecast["LSTM-lo-99.9"] <= forecast["LSTM-lo-99"]).all()


def test_integer_timestamps():
    table = pd.DataFrame({"unique_id": "a", "ds": np.arange(1, 41), "y": np.arange(40.0)})
    forecast = fk.LSTMForecaster(h=3, preset="fast").fit(table).predict()
    assert forecast["ds"].tolist() == [41, 42, 43]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"h": 0}, OptionError, "h 0 is not a whole number"),
        ({"h": 2.5}, OptionError, "h 2.5 is not a whole number"),
        (
            {"h": 100, "preset": "scratch"},
            DataError,
            r"has 72 periods; training from scratch for a horizon of 100 needs at least 104",
        ),
        ({"h": 3, "preset": "quick"}, OptionError, "no preset 'quick'"),
        ({"h": 3, "input_size": 0}, OptionError, "input_size 0"),
        ({"h": 3, "input_size": "5"}, OptionError, "input_size '5'"),
        ({"h": 3, "season_length": 1.5}, OptionError, "season_length 1.5"),
        ({"h": 3, "season_length": "12"}, OptionError, "season_length '12'"),
        ({"h": 3, "preset": [1]}, OptionError, r"no preset \[1\]"),
        ({"h": 3, "seed": -1}, OptionError, "seed -1"),
        ({"h": 3, "alias": "ds"}, OptionError, "'ds' cannot be the name"),
        ({"h": 3, "alias": "a-lo-80"}, OptionError, "cannot be the name"),
        ({"h": 3, "season_length": 0}, OptionError, "season_length 0"),
        ({"h": 3, "freq": "W-MON"}, DataError, "does not match frequency W-MON"),
        ({"h": 3, "futr_exog": ["price"]}, OptionError, "no covariate .price."),
    ],
)
def test_invalid_arguments_raise(options, error, message, panel):
    with pytest.raises(error, match=message):
        fk.LSTMForecaster(**options).fit(panel)


def test_a_level_given_as_a_fraction_raises_with_a_hint(lstm):
    with pytest.raises(OptionError, match=r"level=80 for 0.8"):
        lstm.predict(level=0.8)


def test_timestamps_of_another_type_raise(lstm):
    table = pd.DataFrame({"unique_id": "a", "ds": [1, 2, 3], "y": [1.0, 2, 3]})
    with pytest.raises(OptionError, match="whole numbers"):
        lstm.predict(table)
