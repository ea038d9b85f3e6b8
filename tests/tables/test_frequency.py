"""Frequencies: found, named, and turned into numbers and back."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecastkit.errors import DataError, OptionError
from forecastkit.tables.frequency import parse_frequency
from forecastkit.tables.frequency_inference import infer_frequency
from forecastkit.tables.index import aligned

ALIASES = [
    *("YS", "YE", "YS-APR", "YE-JUN", "QS", "QE", "QS-FEB", "QE-NOV", "MS", "ME", "2MS"),
    *("W-MON", "W-SUN", "2W-WED", "B", "D", "3D", "h", "6h", "30min", "15min", "min", "s"),
]


@pytest.mark.parametrize("alias", ALIASES)
def test_a_regular_grid_is_found_and_goes_on(alias):
    ds = pd.date_range("2019-03-04", periods=60, freq=alias).to_numpy("datetime64[ns]")
    grid = infer_frequency(ds, np.zeros(60, int))
    numbers = grid.ordinals(ds)
    assert (np.diff(numbers) == 1).all()
    np.testing.assert_array_equal(grid.timestamps(numbers), ds)
    more = pd.date_range(ds[0], periods=70, freq=alias).to_numpy("datetime64[ns]")[60:]
    np.testing.assert_array_equal(grid.timestamps(numbers[-1] + np.arange(1, 11)), more)


@pytest.mark.parametrize("alias", [a for a in ALIASES if a not in ("2MS",)])
def test_absent_periods_do_not_defeat_it(alias, rng):
    ds = pd.date_range("2019-03-04", periods=60, freq=alias).to_numpy("datetime64[ns]")
    keep = np.sort(rng.permutation(60)[:48])
    whole = infer_frequency(ds, np.zeros(60, int))
    assert infer_frequency(ds[keep], np.zeros(48, int)) == whole


@pytest.mark.parametrize("alias", ALIASES)
def test_what_is_found_is_what_pandas_calls_it(alias):
    ds = pd.date_range("2019-03-04", periods=30, freq=alias)
    found = infer_frequency(ds.to_numpy("datetime64[ns]"), np.zeros(30, int)).alias
    again = pd.date_range(ds[0], periods=30, freq=str(found))
    assert again.equals(ds)


@pytest.mark.parametrize("alias", ALIASES)
def test_an_alias_that_is_given_names_the_same_grid(alias):
    ds = pd.date_range("2019-03-04", periods=30, freq=alias).to_numpy("datetime64[ns]")
    grid = aligned(parse_frequency(alias), ds)
    assert not grid.off_grid(ds).any()
    assert (np.diff(grid.ordinals(ds)) == 1).all()


@pytest.mark.parametrize(
    ("old", "new"), [("M", "ME"), ("Q", "QE"), ("A", "YE"), ("H", "h"), ("T", "min"), ("2H", "2h")]
)
def test_old_aliases_are_understood(old, new):
    assert parse_frequency(old) == parse_frequency(new)


def test_mid_month_dates_are_monthly():
    ds = np.array([f"2020-{m:02d}-15" for m in range(1, 13)], "datetime64[ns]")
    grid = infer_frequency(ds, np.zeros(12, int))
    assert (grid.alias, grid.day) == ("MS", 15)
    assert str(grid.timestamps(grid.ordinals(ds)[-1:] + 1)[0])[:10] == "2021-01-15"


def test_integers_keep_their_step():
    ds = np.array([10, 20, 30, 50, 60])
    grid = infer_frequency(ds, np.zeros(5, int))
    assert grid.alias == 10
    assert grid.timestamps(grid.ordinals(ds)).tolist() == ds.tolist()


def test_every_series_counts():
    days = pd.date_range("2020-01-01", periods=5).to_numpy("datetime64[ns]")
    grid = infer_frequency(
        np.concatenate([days, days + np.timedelta64(1, "D")]), np.repeat([0, 1], 5)
    )
    assert grid.alias == "D"


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (["2020-01-01"], "no series has two different timestamps"),
        (["2020-01-01", "2020-01-03", "2020-01-05", "2020-01-06"], "timestamps are irregular"),
    ],
)
def test_what_has_no_frequency_is_refused(days, said):
    ds = np.array(days, "datetime64[ns]")
    if said == "timestamps are irregular":  # one day off in a grid of two days is a grid of days
        assert infer_frequency(ds, np.zeros(len(ds), int)).alias == "D"
        ds = ds + np.arange(len(ds)) ** 3 * np.timedelta64(1, "s")
    with pytest.raises(DataError, match=said):
        infer_frequency(ds, np.zeros(len(ds), int))


@pytest.mark.parametrize("alias", ["banana", "0", "W-XYZ"])
def test_an_unknown_alias_is_refused(alias):
    with pytest.raises(OptionError):
        parse_frequency(alias)
