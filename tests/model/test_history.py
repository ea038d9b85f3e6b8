"""Models whose history is updated forecast as with the new rows, and keep them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from forecastkit.cli.app import main

import forecastkit as fk
from forecastkit.errors import DataError


def table(rng, n=60, ids=("a", "b"), start="2015-01-01"):
    days = pd.date_range(start, periods=n, freq="MS")
    return pd.concat(
        [
            pd.DataFrame({"unique_id": name, "ds": days, "y": 50 + rng.normal(0, 5, n).round(2)})
            for name in ids
        ],
        ignore_index=True,
    )


@pytest.fixture(params=[fk.AutoForecaster, fk.LSTMForecaster])
def fitted(request, rng):
    whole = table(rng)
    past = whole[whole["ds"] < "2019-10-01"]
    return request.param(h=4, preset="instant").train(past), whole


def test_an_updated_model_forecasts_as_with_the_new_rows(fitted, tmp_path):
    model, whole = fitted
    new = whole[whole["ds"] >= "2019-10-01"]
    expected = model.predict(new, level=[80])
    model.save(tmp_path / "m.safetensors")
    loaded, notes = fk.load(tmp_path / "m.safetensors").update(new)
    assert notes[0]["what"] == "2 series continued"
    pd.testing.assert_frame_equal(loaded.predict(level=[80]), expected)
    same, _ = model.update(new)
    assert same is model
    pd.testing.assert_frame_equal(model.predict(level=[80]), expected)
    assert model.facts["end"].startswith("2019-12-01")


def test_series_without_new_rows_stay_and_new_series_are_added(fitted, rng):
    model, whole = fitted
    before = model.predict()
    new = whole[(whole["ds"] >= "2019-10-01") & (whole["unique_id"] == "b")]
    other = table(rng, 30, ("0",), "2017-07-01")
    _, notes = model.update(pd.concat([other, new], ignore_index=True))
    assert "1 series continued, 1 new" in notes[0]["what"]
    after = model.predict()
    assert after["unique_id"].unique().tolist() == ["a", "b", "0"]
    rows = after["unique_id"] == "a"
    pd.testing.assert_frame_equal(after[rows], before[before["unique_id"] == "a"])
    assert after.loc[after["unique_id"] == "b", "ds"].iloc[0] == pd.Timestamp("2020-01-01")


def test_updates_one_by_one_give_the_history_of_all_at_once(fitted):
    model, whole = fitted
    for _, rows in whole[whole["ds"] >= "2019-10-01"].groupby("ds"):
        model.update(rows)
    history = model.model_.history
    np.testing.assert_array_equal(history.panel.values, whole["y"])


def test_rows_that_contradict_the_history_change_nothing(fitted):
    model, whole = fitted
    before = model.model_
    wrong = whole[whole["ds"] >= "2019-08-01"].assign(y=1.0)
    with pytest.raises(DataError, match="but the model stores"):
        model.update(wrong)
    assert model.model_ is before


def test_covariates_are_continued_or_dropped_with_the_model_that_uses_them(rng):
    whole = table(rng).assign(price=rng.uniform(1, 2, 120).round(2), rain=rng.random(120))
    past, new = whole[whole["ds"] < "2019-10-01"], whole[whole["ds"] >= "2019-10-01"]
    model = fk.LSTMForecaster(h=3, preset="instant", hist_exog=["price", "rain"]).train(past)
    model.update(new[["unique_id", "ds", "y"]])  # not used by the pretrained network
    assert not model.model_.history.schema.columns
    model = fk.LSTMForecaster(h=3, preset="instant", futr_exog=["price"]).train(past)
    if model.model_.blend.effects is not None:
        model.update(new)
        columns = [column.name for column in model.model_.history.schema.columns]
        assert columns == ["price", "rain"]
        with pytest.raises(DataError, match="no column 'price'"):
            model.update(new[["unique_id", "ds", "y"]])


def test_the_command_replaces_the_model_or_writes_another(tmp_path, rng, capsys):
    whole = table(rng)
    whole[whole["ds"] < "2019-10-01"].to_csv(tmp_path / "old.csv", index=False)
    whole[whole["ds"] >= "2019-10-01"].to_csv(tmp_path / "new.csv", index=False)
    model, other = str(tmp_path / "m.safetensors"), str(tmp_path / "other.safetensors")
    commands = [
        ["fit", str(tmp_path / "old.csv"), "--preset", "instant", "--output", model],
        ["update", model, str(tmp_path / "new.csv"), "--output", other],
        ["update", model, str(tmp_path / "new.csv")],
    ]
    for command in commands:
        with pytest.raises(SystemExit) as exit_info:
            main(command)
        assert not exit_info.value.code
    assert "2 series continued" in capsys.readouterr().err
    pd.testing.assert_frame_equal(fk.load(model).history, fk.load(other).history)
    assert fk.load(model).history["ds"].max() == pd.Timestamp("2019-12-01")
    with pytest.raises(SystemExit) as exit_info:
        main(["update", model, str(tmp_path / "new.csv"), "--output", str(tmp_path / "new.csv")])
    assert exit_info.value.code == 2
