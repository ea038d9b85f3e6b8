"""New rows continue or replace the history that a model stores."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import forecastkit as fk
from forecastkit.errors import DataError


@pytest.fixture(scope="module")
def sales():
    rng = np.random.default_rng(5)
    parts = []
    for k, name in enumerate(("a", "b")):
        n = 90
        days = pd.date_range("2024-01-01", periods=n)
        promo = (rng.random(n) < 0.2).astype(float)
        y = (50 + 30 * k + 10 * np.sin(2 * np.pi * np.arange(n) / 7)) * np.exp(0.4 * promo)
        y = np.round(y * rng.normal(1, 0.05, n), 2)
        parts.append(pd.DataFrame({"unique_id": name, "ds": days, "y": y, "promo": promo}))
    return pd.concat(parts, ignore_index=True)


def until(table, day):
    return table[table["ds"] <= day].reset_index(drop=True)


def after(table, day):
    return table[table["ds"] > day].reset_index(drop=True)


@pytest.fixture(scope="module")
def model(sales):
    return fk.AutoForecaster(h=5, preset="instant").train(until(sales.drop(columns="promo"), DAY))


DAY = "2024-03-15"


def assumptions(forecast):
    return [note["what"] for note in forecast.attrs["assumptions"]]


def test_new_rows_give_the_forecast_of_the_whole_history(model, sales):
    plain = sales.drop(columns="promo")
    new, whole = model.predict(after(plain, DAY)), model.predict(plain)
    pd.testing.assert_frame_equal(new, whole)
    assert assumptions(new) == ["2 series continued"]
    assert assumptions(whole) == ["2 series replaced"]


def test_equal_overlapping_rows_are_accepted(model, sales):
    plain = sales.drop(columns="promo")
    overlapping = model.predict(after(plain, "2024-03-10"))
    pd.testing.assert_frame_equal(overlapping, model.predict(after(plain, DAY)))


def test_contradicting_rows_are_refused(model, sales):
    contradicting = after(sales.drop(columns="promo"), "2024-03-10")
    row = (contradicting["unique_id"] == "b") & (contradicting["ds"] == "2024-03-12")
    contradicting.loc[row, "y"] = 1234.0
    with pytest.raises(
        DataError, match=r"Series 'b' has the value 1234 at 2024-03-12, but the model stores"
    ):
        model.predict(contradicting)


def test_periods_before_the_new_rows_are_missing(model, sales):
    late = after(sales.drop(columns="promo"), "2024-03-20")
    whole = sales.drop(columns="promo")
    is_gap = (whole["ds"] > DAY) & (whole["ds"] <= "2024-03-20")
    pd.testing.assert_frame_equal(model.predict(late), model.predict(whole[~is_gap]))


def test_new_series_do_not_depend_on_stored_ones(model, sales):
    new = after(sales.drop(columns="promo"), DAY)
    other = new[new["unique_id"] == "a"].assign(unique_id="c")
    forecast = model.predict(pd.concat([new, other]))
    assert assumptions(forecast) == ["2 series continued, 1 new"]
    alone = model.predict(other)
    together = forecast[forecast["unique_id"] == "c"].reset_index(drop=True)
    pd.testing.assert_frame_equal(together, alone)


def test_stored_series_without_new_rows_are_reported(model, sales):
    new = after(sales.drop(columns="promo"), DAY)
    assert assumptions(model.predict(new[new["unique_id"] == "a"])) == [
        "1 series continued",
        "1 stored series not forecast",
    ]


def test_covariates_are_continued(sales):
    model = fk.AutoForecaster(h=5, preset="instant", futr_exog=["promo"]).train(until(sales, DAY))
    future = fk.make_future_dataframe(model, sales).assign(promo=1.0)
    new = model.predict(after(sales, DAY), futr_df=future)
    pd.testing.assert_frame_equal(new, model.predict(sales, futr_df=future))


def test_a_saved_model_continues_its_history(model, sales, tmp_path):
    model.save(tmp_path / "m")
    new = after(sales.drop(columns="promo"), DAY)
    pd.testing.assert_frame_equal(fk.load(tmp_path / "m").predict(new), model.predict(new))


@pytest.mark.parametrize(("step", "interval"), [(7, "7 days"), (2, "2 days"), (30, "30 days")])
def test_rows_of_another_sampling_interval_are_refused(step, interval, model):
    days = pd.date_range("2024-03-20", periods=6, freq=f"{step}D")
    sparse = pd.DataFrame({"unique_id": "a", "ds": days, "y": 300.0 + np.arange(6)})
    message = f"rows are {interval} apart; the model expects frequency D"
    with pytest.raises(DataError, match=message):
        model.predict(sparse)


def test_a_history_with_the_same_gaps_may_be_continued(rng):
    mondays = pd.date_range("2024-01-01", periods=40, freq="7D")
    days = mondays.append(pd.DatetimeIndex(["2024-01-02"])).sort_values()
    table = pd.DataFrame({"unique_id": "a", "ds": days, "y": rng.normal(50, 3, 41)})
    model = fk.LSTMForecaster(h=7, preset="instant", freq="D").train(table)
    later = pd.date_range("2024-10-07", periods=3, freq="7D")
    model.predict(pd.DataFrame({"unique_id": "a", "ds": later, "y": [50.0, 51.0, 52.0]}))


def test_different_time_zones_are_refused(model, sales):
    zoned = after(sales.drop(columns="promo"), DAY)
    zoned["ds"] = zoned["ds"].dt.tz_localize("Europe/Berlin")
    with pytest.raises(DataError, match="have a time zone; those of the model have no time zone"):
        model.predict(zoned)


@pytest.mark.parametrize("values", [[84.0], [84.0, 84.0], [0.0], [-3.0]])
@pytest.mark.parametrize("forecaster", [fk.AutoForecaster, fk.LSTMForecaster])
def test_intervals_of_a_cold_start_have_positive_width(values, forecaster, sales):
    model = forecaster(h=5, preset="instant").train(sales.drop(columns="promo"))
    days = pd.date_range("2024-04-01", periods=len(values))
    cold = pd.DataFrame({"unique_id": "new", "ds": days, "y": values})
    forecast = model.predict(cold, level=[80, 95])
    name = model.name
    widths = forecast[f"{name}-hi-95"] - forecast[f"{name}-lo-95"]
    assert (widths > forecast[f"{name}-hi-80"] - forecast[f"{name}-lo-80"]).all()
    assert (widths > 0).all()
    assert widths.is_monotonic_increasing
    if values[0] > 0:  # relative to the level, wider than those of any series with a history
        warm = model.predict(level=[95])
        relative_width = (warm[f"{name}-hi-95"] - warm[f"{name}-lo-95"]) / warm[name]
        assert (widths / forecast[name]).iloc[0] > relative_width.max() * 0.8


def test_a_series_of_one_value_in_the_training_panel(sales):
    single = pd.DataFrame({"unique_id": ["z"], "ds": [sales["ds"].max()], "y": [20.0]})
    table = pd.concat([sales.drop(columns="promo"), single])
    forecast = fk.AutoForecaster(h=5, preset="instant").train(table).predict(level=80)
    intervals = forecast[forecast["unique_id"] == "z"]
    assert (intervals["Auto-hi-80"] > intervals["Auto-lo-80"]).all()
