"""Covariates: inferred and given roles, encodings, events, calendar features, future values."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

import forecastkit as fk
from forecastkit.errors import DataError, OptionError
from forecastkit.reading.events_file import events_of
from forecastkit.tables.calendar import checked_cycles
from forecastkit.tables.dataset import to_dataset
from forecastkit.tables.events import count_events, holiday_events, listed_events, merged_events
from forecastkit.tables.frame import check_table
from forecastkit.tables.frequency import parse_frequency
from forecastkit.tables.future import future_rows, with_future
from forecastkit.tables.roles import find_columns, find_cycles
from forecastkit.tables.schema import Column
from forecastkit.training.arguments import given_calendar, given_events

NAN = np.nan


def features(df, columns, freq=None):
    """Features of the changing covariates of a table."""
    return to_dataset(df, freq, columns).panel.covariates.changing.values


def table(n=8, trailing=0, **columns):
    """Two daily series; columns are lists with one value per day."""
    days = pd.date_range("2024-01-01", periods=n)
    parts = []
    for name in ("a", "b"):
        y = np.arange(1.0, n + 1) * (2 if name == "b" else 1) + 0.3 * (np.arange(n) % 3)
        y[n - trailing :] = NAN
        parts.append(pd.DataFrame({"unique_id": name, "ds": days, "y": y, **columns}))
    return check_table(pd.concat(parts, ignore_index=True))


@pytest.mark.parametrize(
    ("cells", "trailing", "role"),
    [
        ([1, 2, 1, 2, 1, 2, 1, 2], 0, "hist_exog"),  # no values after the last target
        ([1, 2, 1, 2, 1, 2, 1, 2], 2, "futr_exog"),  # values in all rows after the last target
        ([1, 2, 1, 2, 1, 2, NAN, NAN], 2, "hist_exog"),  # in none of them
        ([1, 2, 1, 2, 1, 2, 1, NAN], 2, "hist_exog"),  # in only one of them
        ([1, NAN, 1, 2, 1, 2, 1, 2], 2, "futr_exog"),  # a missing value in the past
        ([5] * 8, 0, None),  # constant
        ([NAN] * 8, 0, None),  # empty
        (list("abababab"), 2, None),  # text that varies needs a given role
    ],
)
def test_roles_are_inferred_from_cells(cells, trailing, role):
    columns, notes = find_columns(table(trailing=trailing, x=cells), h=max(trailing, 1))
    assert [column.role for column in columns] == ([role] if role else [])
    assert len(notes) == 1
    assert "'x'" in notes[0][0]


def test_a_column_that_is_constant_within_series_is_static():
    df = table()
    df["store"] = df["unique_id"].map({"a": "north", "b": "south"})
    (column,), _ = find_columns(df)
    assert (column.role, column.categories) == ("stat_exog", ("north", "south"))


def test_columns_that_leak_the_target_are_dropped_and_reported():
    df = table()
    df["casual"] = np.arange(16) % 5
    df["registered"] = df["y"] - df["casual"]
    df["rain"] = np.random.default_rng(0).random(16)
    columns, notes = find_columns(df)
    assert [column.name for column in columns] == ["rain"]
    dropped = [what + why for what, why in notes if "not used" in what]
    assert len(dropped) == 2
    reason = "leaks the target, a linear combination of 'casual' and 'registered'"
    assert all(reason in note for note in dropped)
    _, notes = find_columns(df, futr=["casual"])
    assert any("column 'casual' leaks the target" in what for what, _ in notes)


@pytest.mark.parametrize(
    ("requested", "freq", "has_future", "expected"),
    [
        (None, "D", True, ["weekday", "month", "day of year"]),
        (None, "h", True, ["hour", "weekday", "day of year"]),
        (None, "MS", True, ["day of year"]),
        (None, "YS", True, []),
        (None, "D", False, []),  # no future covariate
        (["hour"], "D", False, ["hour"]),
        ([], "D", True, []),
    ],
)
def test_calendar_features_by_frequency(requested, freq, has_future, expected):
    covariates = (Column("price", "futr_exog"),) if has_future else ()
    columns, notes = find_cycles(covariates, parse_frequency(freq), checked_cycles(requested))
    assert [column.cycle for column in columns] == expected
    assert len(notes) == bool(expected)


def test_the_end_of_a_cycle_is_close_to_its_start():
    days = pd.date_range("2023-12-25", periods=14)
    df = pd.DataFrame({"unique_id": "a", "ds": days, "y": np.arange(14.0)})
    columns, _ = find_cycles((), parse_frequency("D"), ["weekday"])
    weekday = features(df, columns)
    np.testing.assert_allclose(weekday[:7], weekday[7:], atol=1e-12)
    distances = np.linalg.norm(np.diff(weekday, axis=0), axis=1)
    np.testing.assert_allclose(distances, distances[0])
    columns, _ = find_cycles((), parse_frequency("D"), ["day of year"])
    day_of_year = features(df, columns)
    assert (
        np.abs(day_of_year[6] - day_of_year[7]).max() < 0.05
    )  # the last day of 2023, the first of 2024


def test_unknown_calendar_features_are_refused():
    with pytest.raises(OptionError, match="There is no calendar feature 'moon'"):
        checked_cycles(["moon"])
    with pytest.raises(OptionError, match="Calendar features need timestamps"):
        given_calendar(table().assign(ds=range(16)), ["hour"])


def test_holidays_in_a_time_zone_with_daylight_saving_time():
    """Holidays follow local dates, even on days of 23 or 25 hours."""
    hours = pd.date_range("2024-03-30", "2024-04-02", freq="h", tz="Europe/Berlin")[:-1]
    df = pd.DataFrame({"unique_id": "a", "ds": hours, "y": 1.0})
    columns, _ = find_columns(df, events=holiday_events(df, "DE-BY"))
    data = to_dataset(check_table(df), columns=columns)
    position = [column.name for column in data.schema.changing].index("public holiday")
    holiday = data.panel.covariates.changing.values[:, position]
    assert holiday.sum() == 24  # Easter Monday; Sunday 31 March has 23 hours
    assert (holiday > 0).tolist() == (hours.date == date(2024, 4, 1)).tolist()
    future = with_future(data, None, 48).panel.covariates.changing
    assert len(future.values) == len(hours) + 48


@pytest.mark.parametrize(
    ("roles", "message"),
    [
        ({"futr": ["prize"]}, "There is no covariate 'prize'"),
        ({"futr": ["x"], "hist": ["x"]}, "'x' is in two lists"),
        ({"futr": ["y"]}, "There is no covariate 'y'"),
        ({"stat": ["x"]}, "column 'x': The column is not constant in series 'a'"),
    ],
)
def test_invalid_given_roles_are_refused(roles, message):
    with pytest.raises((OptionError, DataError), match=message):
        find_columns(table(x=[1, 2, 1, 2, 1, 2, 1, 2]), **roles)


def test_categories_are_one_hot_and_unknown_ones_all_zero():
    df = table(kind=list("abcabcab"))
    columns, _ = find_columns(df, futr=["kind"])
    encoded = features(df, columns)
    assert encoded.shape == (16, 3)
    assert encoded[:3].tolist() == np.eye(3).tolist()
    unknown = df.assign(kind="z")
    assert (features(unknown, columns) == 0).all()


def test_future_values_come_from_trailing_rows_or_a_table():
    df = table(trailing=2, x=[1, 2, 1, 2, 1, 2, 7, 8])
    columns, _ = find_columns(df)
    data = to_dataset(df, columns=columns)
    rows = future_rows(data, 3)
    assert rows["x"].tolist()[:2] == [7, 8]
    assert np.isnan(rows["x"].iloc[2])
    with pytest.raises(DataError) as caught:
        with_future(data, None, 3)
    assert "series 'a' at 2024-01-09: x; series 'b' at 2024-01-09: x" in str(caught.value)
    filled = with_future(data, rows.fillna({"x": 9.0}), 3)
    assert filled.panel.covariates.changing.values[6:9, 0].tolist() == [7, 8, 9]
    with pytest.raises(DataError, match="no column 'x'"):
        with_future(data, rows.drop(columns="x"), 3)


@pytest.mark.parametrize(
    ("freq", "expected"),
    [
        ("h", [0.0, 1, 1, 1]),  # starts at 23:00
        ("D", [0.0, 1, 0, 0]),
        ("W-MON", [1.0, 0, 1, 0]),
        ("MS", [2.0, 0, 0, 0]),
    ],
)
def test_events_are_counted_per_period(freq, expected):
    timestamps = {
        "h": pd.date_range("2024-05-08 23:00", periods=4, freq="h"),
        "D": pd.date_range("2024-05-08", periods=4),
        "W-MON": pd.date_range("2024-05-06", periods=4, freq="W-MON"),
        "MS": pd.date_range("2024-05-01", periods=4, freq="MS"),
    }[freq]
    df = check_table(pd.DataFrame({"unique_id": "a", "ds": timestamps, "y": 1.0}))
    index = to_dataset(df, freq).index
    counts = count_events(index, index.ordinals(df["ds"]), ["2024-05-09", "2024-05-20"])
    assert counts.tolist() == expected


def test_holidays_of_a_region():
    days = pd.date_range("2022-01-01", "2023-12-31")
    df = pd.DataFrame({"unique_id": "a", "ds": days, "y": np.arange(730.0)})
    events = holiday_events(df, "DE-BY")
    assert {
        "public holiday",
        "1 day before a public holiday",
        "1 day after a public holiday",
    } <= set(events)
    assert "2022-11-01" in events["public holiday"]  # All Saints' Day is a holiday in Bavaria
    assert max(events["public holiday"]) > "2033"
    assert "2022-11-01" not in holiday_events(df, "DE")["public holiday"]
    with pytest.raises(OptionError, match="There is no holiday calendar for 'XX'"):
        holiday_events(df, "XX")
    with pytest.raises(OptionError, match="need timestamps"):
        holiday_events(df.assign(ds=np.arange(730)), "DE")


def test_events_from_a_file(tmp_path):
    file = tmp_path / "events.csv"
    file.write_text("date,event\n2024-01-03,fair\n2025-01-03,fair\n2024-01-05,strike\n")
    events = events_of(file)
    assert events == {"fair": ["2024-01-03", "2025-01-03"], "strike": ["2024-01-05"]}
    file.write_text("date,event\n2024-01-03,fair\nsoon,fair\n")
    with pytest.raises(DataError, match="'soon, fair' is not a valid date and event") as caught:
        events_of(file)
    assert caught.value.row == 3
    file.write_text("day,event\n2024-01-03,fair\n")
    with pytest.raises(DataError, match="no column 'date'"):
        events_of(file)


def test_names_of_events_are_unique():
    df = pd.DataFrame({"unique_id": "a", "ds": pd.date_range("2024-01-01", periods=9), "y": 1.0})
    holidays = holiday_events(df, "us-ca")
    assert merged_events([holidays, holiday_events(df, "US-CA")], df.columns) == holidays
    fair = pd.DataFrame({"date": ["2024-01-03"], "event": ["public holiday"]})
    with pytest.raises(OptionError, match="already an event"):
        merged_events([holidays, listed_events(fair)], df.columns)
    with pytest.raises(OptionError, match="already an event or a column"):
        merged_events([listed_events(fair.assign(event="y"))], df.columns)
    with pytest.raises(DataError, match="is not a valid date and event"):
        listed_events(fair.assign(event=None))


def test_deprecated_functions_store_attributes_that_forecasters_use():
    days = pd.date_range("2024-01-01", periods=60)
    df = pd.DataFrame({"unique_id": "a", "ds": days, "y": np.arange(60.0)})
    fair = pd.DataFrame({"date": ["2024-01-03"], "event": "fair"})
    with pytest.warns(DeprecationWarning, match="pass holidays= to the forecaster"):
        with_attrs = fk.add_holidays(df, "US")
    with pytest.warns(DeprecationWarning, match="pass events="):
        with_attrs = fk.add_events(with_attrs, fair)
    with pytest.warns(DeprecationWarning, match="pass calendar="):
        with_attrs = fk.add_calendar(with_attrs, "weekday")
    assert given_events(with_attrs, None, None) == given_events(df, "US", fair)
    assert given_calendar(with_attrs, None) == given_calendar(df, ["weekday"])


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([np.inf, 1, 2, 1, 2, 1, 2, 1], "not a finite number"),
        (["1", "x", "1", "2", "1", "2", "1", "2"] * 1, None),  # categories
        (pd.date_range("2024-01-01", periods=8), "holds dates"),
        ([NAN] * 8, "no value where the target is known"),
        ([f"kind {k}" for k in range(8)], None),
    ],
)
def test_a_column_with_a_given_role_must_have_usable_cells(cells, message):
    df = table(x=cells)
    if message is None:
        (column,), _ = find_columns(df, futr=["x"])
        assert column.categories
        return
    with pytest.raises(DataError, match=message):
        to_dataset(df, columns=find_columns(df, futr=["x"])[0])


def test_too_many_static_categories_are_dropped_and_reported():
    days = pd.date_range("2024-01-01", periods=3)
    names = [f"s{k:03}" for k in range(120)]
    df = pd.concat(
        [pd.DataFrame({"unique_id": name, "ds": days, "y": 1.0, "id": name}) for name in names]
    )
    columns, notes = find_columns(check_table(df))
    assert not columns
    assert "more than 100 distinct text values" in notes[0][1]


def test_a_row_far_in_the_future_is_refused():
    days = [*pd.date_range("2024-01-01", periods=100, freq="s"), pd.Timestamp("2204-01-01")]
    df = pd.DataFrame({"unique_id": "a", "ds": days, "y": [*np.sin(np.arange(100)), NAN]})
    df = check_table(df.assign(price=np.arange(101) % 7))
    columns, _ = find_columns(df)
    with pytest.raises(DataError, match="nearly all periods between would be missing"):
        to_dataset(df, columns=columns)
