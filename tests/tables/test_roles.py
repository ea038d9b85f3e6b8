"""Inferred roles: future covariates need values for a whole horizon in every series."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import forecastkit as fk
from forecastkit.tables.dataset import to_dataset
from forecastkit.tables.frame import check_table
from forecastkit.tables.roles import find_columns


def panel(n_future: dict[str, int], n: int = 30) -> pd.DataFrame:
    """Series with price and volume, and the given numbers of rows after the last target."""
    parts = []
    for name, n_rows in n_future.items():
        days = pd.date_range("2024-01-01", periods=n + n_rows)
        y = np.r_[np.arange(n, dtype=float), np.full(n_rows, np.nan)]
        parts.append(pd.DataFrame({"unique_id": name, "ds": days, "y": y + len(parts)}))
    table = pd.concat(parts, ignore_index=True)
    step = np.arange(len(table))
    return table.assign(price=5 + step % 3, volume=np.sqrt(step))


def role_and_reason(table, name, h):
    columns, notes = find_columns(check_table(table), h=h)
    why = next(why for what, why in notes if f"'{name}'" in what)
    return next(column.role for column in columns if column.name == name), why


def test_values_for_a_horizon_in_every_series_make_a_future_covariate():
    assert role_and_reason(panel({"a": 4, "b": 6}), "price", h=4)[0] == "futr_exog"


def test_a_missing_target_does_not_make_a_future_covariate():
    """The last row of one series lacks its target; the others have theirs at that date."""
    table = panel({"a": 0, "b": 0, "c": 0})
    table.loc[table.index[-1], "y"] = np.nan
    role, why = role_and_reason(table, "volume", h=4)
    assert role == "hist_exog"
    assert why == "it varies, and has no values after the last target"


@pytest.mark.parametrize("n_future", [{"a": 4, "b": 0}, {"a": 3, "b": 3}, {"a": 4, "b": 3}])
def test_incomplete_future_values_are_reported_with_the_option(n_future):
    role, why = role_and_reason(panel(n_future), "price", h=4)
    assert role == "hist_exog"
    assert "of 4 steps after the last target have values in series" in why
    assert "--future-exog price" in why


def test_an_empty_future_cell_counts_as_missing():
    table = panel({"a": 4})
    table["price"] = table["price"].astype(float)
    table.loc[table.index[-2], "price"] = np.nan
    assert role_and_reason(table, "price", h=4)[0] == "hist_exog"


def test_a_given_role_overrides_the_cells():
    columns, _ = find_columns(check_table(panel({"a": 0})), futr=["price"], h=4)
    assert columns[0].role == "futr_exog"


def test_rows_without_a_target_before_the_end_of_the_table_are_missing_values():
    table = panel({"a": 0, "b": 0})
    table.loc[table.index[-3:], "y"] = np.nan
    data = to_dataset(check_table(table))
    assert data.last.tolist() == [data.last[0]] * 2
    assert np.isnan(data.panel.values[-3:]).all()


def test_the_forecast_starts_at_the_end_of_the_panel():
    table = panel({"a": 0, "b": 0}).drop(columns=["price", "volume"])
    table.loc[table.index[-3:], "y"] = np.nan
    forecast = fk.LSTMForecaster(h=2, preset="instant").train(table).predict()
    assert forecast.groupby("unique_id")["ds"].min().unique() == [pd.Timestamp("2024-01-31")]


def test_a_missing_target_does_not_bias_the_scores(rng):
    """A historical column that correlates with the target is not used as a future covariate."""
    table = panel({"a": 0, "b": 0, "c": 0}, n=70).drop(columns="price")
    traffic = rng.gamma(5, 10, len(table))
    table = table.assign(y=3 * traffic + rng.normal(0, 5, len(table)), volume=traffic)
    complete = fk.AutoForecaster(h=7, preset="instant").fit(table)
    table.loc[table.index[-1], "y"] = np.nan
    incomplete = fk.AutoForecaster(h=7, preset="instant").fit(table)
    models = (complete, incomplete)
    scores = [model.scoreboard.set_index("model").loc["Auto", "mase"] for model in models]
    assert scores[1] > 0.8 * scores[0]
    incomplete.predict()
