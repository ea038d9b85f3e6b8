"""Checks of series tables, and their conversion to datasets."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecastkit.errors import DataError
from forecastkit.tables.dataset import to_dataset, usual_horizon
from forecastkit.tables.frame import check_table


def table(**columns):
    default = {"unique_id": "a", "ds": pd.date_range("2024-01-01", periods=3), "y": [1.0, 2.0, 3.0]}
    return pd.DataFrame({**default, **columns})


def test_the_input_is_not_modified():
    df = table(y=[1, 2, 3]).iloc[::-1]
    before = df.copy()
    check_table(df)
    pd.testing.assert_frame_equal(df, before)


@pytest.mark.parametrize(
    ("df", "message"),
    [
        (table().drop(columns="y"), "no column 'y'"),
        (table(y=["1", "2", "x"]), "not numbers"),
        (table(y=[1.0, np.inf, 2.0]), "infinite value in 1 row\\."),
        (table(ds=["1.1.24", "2.1.24", "3.1.24"]), "not timestamps"),
        (table(ds=pd.to_datetime(["2024-01-01", "2024-01-01", "2024-01-02"])), "more than one row"),
        (
            table(ds=pd.to_datetime(["2024-01-01", None, "2024-01-02"])),
            "timestamp is missing in 1 row",
        ),
        (table(unique_id=["a", None, "a"]), "series identifier is missing in 1 row"),
        ([1, 2, 3], "not a list"),
    ],
)
def test_invalid_tables_are_refused(df, message):
    with pytest.raises(DataError, match=message):
        check_table(df)


def test_absent_periods_are_missing_and_trailing_rows_without_values_are_dropped():
    df = table(ds=pd.to_datetime(["2024-01-01", "2024-01-03", "2024-01-04"]), y=[1.0, 2.0, np.nan])
    data = to_dataset(check_table(df))
    np.testing.assert_array_equal(data.panel.values, [1, np.nan, 2])
    assert data.index.timestamps(data.last).tolist() == [pd.Timestamp("2024-01-03")]


def test_a_series_without_values_is_dropped():
    df = pd.concat([table(), table(unique_id="b", y=np.nan)], ignore_index=True)
    assert to_dataset(check_table(df)).index.ids.tolist() == ["a"]


def test_a_table_without_values_is_refused():
    with pytest.raises(DataError, match="All values of the target 'y' are missing"):
        to_dataset(check_table(table(y=np.nan)))


def test_timestamps_that_do_not_match_the_frequency_are_refused():
    with pytest.raises(DataError, match="does not match frequency MS"):
        to_dataset(check_table(table()), "MS")


def test_hours_across_a_clock_change_are_regular():
    hours = pd.date_range("2024-03-30", "2024-04-01", freq="h", tz="Europe/Berlin")
    df = pd.DataFrame({"unique_id": "a", "ds": hours, "y": np.arange(len(hours), dtype=float)})
    data = to_dataset(check_table(df))
    assert not np.isnan(data.panel.values).any()
    following = data.index.timestamps(data.last + 1)
    assert following[0] == hours[-1] + pd.Timedelta(hours=1)
    assert str(following.dt.tz) == "Europe/Berlin"


def test_days_across_a_clock_change_are_regular():
    days = pd.date_range("2024-03-28", periods=6, freq="D", tz="Europe/Berlin")
    df = pd.DataFrame({"unique_id": "a", "ds": days, "y": 1.0})
    data = to_dataset(check_table(df))
    assert data.index.frequency.alias == "D"
    assert data.index.timestamps(data.last + 1)[0] == pd.Timestamp("2024-04-03", tz="Europe/Berlin")


@pytest.mark.parametrize(
    ("freq", "n", "horizon"),
    [("MS", 200, 18), ("MS", 30, 6), ("YS", 40, 6), ("h", 999, 48), ("D", 4, 1)],
)
def test_the_typical_horizon(freq, n, horizon):
    days = pd.date_range("2000-01-01", periods=n, freq=freq)
    assert usual_horizon(pd.DataFrame({"unique_id": "a", "ds": days, "y": 1.0})) == horizon
