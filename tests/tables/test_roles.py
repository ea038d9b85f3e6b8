"""What columns mean: known ahead only where a whole horizon of every series says so."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import forecastkit as fk
from forecastkit.tables.dataset import to_dataset
from forecastkit.tables.frame import check_table
from forecastkit.tables.roles import find_columns


def panel(ahead: dict[str, int], n: int = 30) -> pd.DataFrame:
    """Series with so many rows after the last target, price and volume beside it."""
    parts = []
    for name, more in ahead.items():
        days = pd.date_range("2024-01-01", periods=n + more)
        y = np.r_[np.arange(n, dtype=float), np.full(more, np.nan)]
        parts.append(pd.DataFrame({"unique_id": name, "ds": days, "y": y + len(parts)}))
    table = pd.concat(parts, ignore_index=True)
    step = np.arange(len(table))
    return table.assign(price=5 + step % 3, volume=np.sqrt(step))


def role(table, name, h):
    columns, notes = find_columns(check_table(table), h=h)
    why = next(why for what, why in notes if f"'{name}'" in what)
    return next(column.role for column in columns if column.name == name), why


def test_a_horizon_of_rows_in_every_series_is_known_ahead():
    assert role(panel({"a": 4, "b": 6}), "price", h=4)[0] == "futr_exog"


def test_one_missing_target_says_nothing():
    """The last row of one series lacks its target; the others have theirs at that date."""
    table = panel({"a": 0, "b": 0, "c": 0})
    table.loc[table.index[-1], "y"] = np.nan
    found, why = role(table, "volume", h=4)
    assert found == "hist_exog"
    assert why == "it varies, and has no values after the last target"


@pytest.mark.parametrize("ahead", [{"a": 4, "b": 0}, {"a": 3, "b": 3}, {"a": 4, "b": 3}])
def test_what_is_close_names_the_option(ahead):
    found, why = role(panel(ahead), "price", h=4)
    assert found == "hist_exog"
    assert "of 4 steps after the last target have values in series" in why
    assert "--future-exog price" in why


def test_an_empty_cell_ahead_is_a_step_that_lacks():
    table = panel({"a": 4})
    table["price"] = table["price"].astype(float)
    table.loc[table.index[-2], "price"] = np.nan
    assert role(table, "price", h=4)[0] == "hist_exog"


def test_a_name_counts_whatever_the_rows_are():
    columns, _ = find_columns(check_table(panel({"a": 0})), futr=["price"], h=4)
    assert columns[0].role == "futr_exog"


def test_rows_without_a_target_within_the_dates_are_missing_values():
    table = panel({"a": 0, "b": 0})
    table.loc[table.index[-3:], "y"] = np.nan
    data = to_dataset(check_table(table))
    assert data.last.tolist() == [data.last[0]] * 2
    assert np.isnan(data.panel.values[-3:]).all()


def test_the_forecast_follows_the_end_of_the_panel():
    table = panel({"a": 0, "b": 0}).drop(columns=["price", "volume"])
    table.loc[table.index[-3:], "y"] = np.nan
    forecast = fk.LSTMForecaster(h=2, preset="instant").train(table).predict()
    assert forecast.groupby("unique_id")["ds"].min().unique() == [pd.Timestamp("2024-01-31")]


def test_the_accuracy_is_not_flattered_by_one_missing_target(rng):
    """A measured column that moves with the target must not be taken for one known ahead."""
    table = panel({"a": 0, "b": 0, "c": 0}, n=70).drop(columns="price")
    traffic = rng.gamma(5, 10, len(table))
    table = table.assign(y=3 * traffic + rng.normal(0, 5, len(table)), volume=traffic)
    honest = fk.AutoForecaster(h=7, preset="instant").fit(table)
    table.loc[table.index[-1], "y"] = np.nan
    other = fk.AutoForecaster(h=7, preset="instant").fit(table)
    scores = [m.scoreboard.set_index("model").loc["Auto", "mase"] for m in (honest, other)]
    assert scores[1] > 0.8 * scores[0]
    other.predict()
