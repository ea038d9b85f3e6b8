"""New rows of series that a model holds: they continue the stored history, or replace it."""

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


def upto(table, day):
    return table[table["ds"] <= day].reset_index(drop=True)


def after(table, day):
    return table[table["ds"] > day].reset_index(drop=True)


@pytest.fixture(scope="module")
def model(sales):
    return fk.AutoForecaster(h=5, preset="instant").train(upto(sales.drop(columns="promo"), DAY))


DAY = "2024-03-15"


def said(forecast):
    return [note["what"] for note in forecast.attrs["assumptions"]]


def test_new_rows_give_the_forecast_of_the_whole_history(model, sales):
    plain = sales.drop(columns="promo")
    new, whole = model.predict(after(plain, DAY)), model.predict(plain)
    pd.testing.assert_frame_equal(new, whole)
    assert said(new) == ["2 series continued"]
    assert said(whole) == ["2 series replaced"]


def test_rows_that_overlap_and_are_equal_are_fine(model, sales):
    plain = sales.drop(columns="promo")
    overlapping = model.predict(after(plain, "2024-03-10"))
    pd.testing.assert_frame_equal(overlapping, model.predict(after(plain, DAY)))


def test_rows_that_contradict_are_named(model, sales):
    wrong = after(sales.drop(columns="promo"), "2024-03-10")
    row = (wrong["unique_id"] == "b") & (wrong["ds"] == "2024-03-12")
    wrong.loc[row, "y"] = 1234.0
    with pytest.raises(
        DataError, match=r"Series 'b' has the value 1234 at 2024-03-12, but the model stores"
    ):
        model.predict(wrong)


def test_a_gap_before_the_new_rows_is_missing(model, sales):
    late = after(sales.drop(columns="promo"), "2024-03-20")
    holes = sales.drop(columns="promo")
    gap = (holes["ds"] > DAY) & (holes["ds"] <= "2024-03-20")
    pd.testing.assert_frame_equal(model.predict(late), model.predict(holes[~gap]))


def test_series_that_are_new_stand_alone(model, sales):
    new = after(sales.drop(columns="promo"), DAY)
    other = new[new["unique_id"] == "a"].assign(unique_id="c")
    forecast = model.predict(pd.concat([new, other]))
    assert said(forecast) == ["2 series continued, 1 new"]
    alone = model.predict(other)
    mine = forecast[forecast["unique_id"] == "c"].reset_index(drop=True)
    pd.testing.assert_frame_equal(mine, alone)


def test_stored_series_without_new_rows_are_reported(model, sales):
    new = after(sales.drop(columns="promo"), DAY)
    assert said(model.predict(new[new["unique_id"] == "a"])) == [
        "1 series continued",
        "1 stored series not forecast",
    ]


def test_covariates_are_continued_too(sales):
    model = fk.AutoForecaster(h=5, preset="instant", futr_exog=["promo"]).train(upto(sales, DAY))
    future = fk.make_future_dataframe(model, sales).assign(promo=1.0)
    new = model.predict(after(sales, DAY), futr_df=future)
    pd.testing.assert_frame_equal(new, model.predict(sales, futr_df=future))


def test_a_saved_model_continues_as_well(model, sales, tmp_path):
    model.save(tmp_path / "m")
    new = after(sales.drop(columns="promo"), DAY)
    pd.testing.assert_frame_equal(fk.load(tmp_path / "m").predict(new), model.predict(new))


@pytest.mark.parametrize(("step", "apart"), [(7, "7 days"), (2, "2 days"), (30, "30 days")])
def test_rows_of_another_interval_are_refused(step, apart, model):
    days = pd.date_range("2024-03-20", periods=6, freq=f"{step}D")
    wrong = pd.DataFrame({"unique_id": "a", "ds": days, "y": 300.0 + np.arange(6)})
    with pytest.raises(DataError, match=f"rows are {apart} apart; the model expects frequency D"):
        model.predict(wrong)


def test_a_history_with_as_many_gaps_may_go_on_so(rng):
    mondays = pd.date_range("2024-01-01", periods=40, freq="7D")
    days = mondays.append(pd.DatetimeIndex(["2024-01-02"])).sort_values()
    table = pd.DataFrame({"unique_id": "a", "ds": days, "y": rng.normal(50, 3, 41)})
    model = fk.LSTMForecaster(h=7, preset="instant", freq="D").train(table)
    more = pd.date_range("2024-10-07", periods=3, freq="7D")
    model.predict(pd.DataFrame({"unique_id": "a", "ds": more, "y": [50.0, 51.0, 52.0]}))


def test_time_zones_that_differ_are_refused(model, sales):
    zoned = after(sales.drop(columns="promo"), DAY)
    zoned["ds"] = zoned["ds"].dt.tz_localize("Europe/Berlin")
    with pytest.raises(DataError, match="have a time zone; those of the model have no time zone"):
        model.predict(zoned)


@pytest.mark.parametrize("values", [[84.0], [84.0, 84.0], [0.0], [-3.0]])
@pytest.mark.parametrize("kind", [fk.AutoForecaster, fk.LSTMForecaster])
def test_one_value_never_gives_an_interval_without_width(values, kind, sales):
    model = kind(h=5, preset="instant").train(sales.drop(columns="promo"))
    days = pd.date_range("2024-04-01", periods=len(values))
    cold = pd.DataFrame({"unique_id": "new", "ds": days, "y": values})
    forecast = model.predict(cold, level=[80, 95])
    name = model.name
    widths = forecast[f"{name}-hi-95"] - forecast[f"{name}-lo-95"]
    assert (widths > forecast[f"{name}-hi-80"] - forecast[f"{name}-lo-80"]).all()
    assert (widths > 0).all()
    assert widths.is_monotonic_increasing
    if values[0] > 0:  # wider, in shares of the level, than those of any series with a history
        known = model.predict(level=[95])
        share = (known[f"{name}-hi-95"] - known[f"{name}-lo-95"]) / known[name]
        assert (widths / forecast[name]).iloc[0] > share.max() * 0.8


def test_a_cold_start_in_a_panel_that_is_fitted(sales):
    one = pd.DataFrame({"unique_id": ["z"], "ds": [sales["ds"].max()], "y": [20.0]})
    table = pd.concat([sales.drop(columns="promo"), one])
    forecast = fk.AutoForecaster(h=5, preset="instant").train(table).predict(level=80)
    mine = forecast[forecast["unique_id"] == "z"]
    assert (mine["Auto-hi-80"] > mine["Auto-lo-80"]).all()
