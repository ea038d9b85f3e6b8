"""Frequencies: inference, aliases, and conversion between timestamps and period numbers."""

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
def test_a_frequency_is_inferred_and_extrapolates(alias):
    ds = pd.date_range("2019-03-04", periods=60, freq=alias).to_numpy("datetime64[ns]")
    frequency = infer_frequency(ds, np.zeros(60, int))
    ordinals = frequency.ordinals(ds)
    assert (np.diff(ordinals) == 1).all()
    np.testing.assert_array_equal(frequency.timestamps(ordinals), ds)
    future = pd.date_range(ds[0], periods=70, freq=alias).to_numpy("datetime64[ns]")[60:]
    np.testing.assert_array_equal(frequency.timestamps(ordinals[-1] + np.arange(1, 11)), future)


@pytest.mark.parametrize("alias", [alias for alias in ALIASES if alias not in ("2MS",)])
def test_absent_periods_do_not_change_the_frequency(alias, rng):
    ds = pd.date_range("2019-03-04", periods=60, freq=alias).to_numpy("datetime64[ns]")
    present = np.sort(rng.permutation(60)[:48])
    complete = infer_frequency(ds, np.zeros(60, int))
    assert infer_frequency(ds[present], np.zeros(48, int)) == complete


@pytest.mark.parametrize("alias", ALIASES)
def test_the_inferred_alias_gives_the_same_timestamps_in_pandas(alias):
    ds = pd.date_range("2019-03-04", periods=30, freq=alias)
    inferred = infer_frequency(ds.to_numpy("datetime64[ns]"), np.zeros(30, int)).alias
    assert pd.date_range(ds[0], periods=30, freq=str(inferred)).equals(ds)


@pytest.mark.parametrize("alias", ALIASES)
def test_the_frequency_of_an_alias_matches_its_timestamps(alias):
    ds = pd.date_range("2019-03-04", periods=30, freq=alias).to_numpy("datetime64[ns]")
    frequency = aligned(parse_frequency(alias), ds)
    assert not frequency.mismatches(ds).any()
    assert (np.diff(frequency.ordinals(ds)) == 1).all()


@pytest.mark.parametrize(
    ("old", "new"), [("M", "ME"), ("Q", "QE"), ("A", "YE"), ("H", "h"), ("T", "min"), ("2H", "2h")]
)
def test_removed_aliases_are_supported(old, new):
    assert parse_frequency(old) == parse_frequency(new)


def test_mid_month_dates_are_monthly():
    ds = np.array([f"2020-{m:02d}-15" for m in range(1, 13)], "datetime64[ns]")
    frequency = infer_frequency(ds, np.zeros(12, int))
    assert (frequency.alias, frequency.day) == ("MS", 15)
    assert str(frequency.timestamps(frequency.ordinals(ds)[-1:] + 1)[0])[:10] == "2021-01-15"


def test_the_step_of_integers_is_inferred():
    ds = np.array([10, 20, 30, 50, 60])
    frequency = infer_frequency(ds, np.zeros(5, int))
    assert frequency.alias == 10
    assert frequency.timestamps(frequency.ordinals(ds)).tolist() == ds.tolist()


def test_the_frequency_matches_every_series():
    days = pd.date_range("2020-01-01", periods=5).to_numpy("datetime64[ns]")
    frequency = infer_frequency(
        np.concatenate([days, days + np.timedelta64(1, "D")]), np.repeat([0, 1], 5)
    )
    assert frequency.alias == "D"


@pytest.mark.parametrize(
    ("days", "message"),
    [
        (["2020-01-01"], "no series has two different timestamps"),
        (["2020-01-01", "2020-01-03", "2020-01-05", "2020-01-06"], "timestamps are irregular"),
    ],
)
def test_timestamps_without_a_frequency_are_refused(days, message):
    ds = np.array(days, "datetime64[ns]")
    if message == "timestamps are irregular":  # one interval of a day among two days: daily
        assert infer_frequency(ds, np.zeros(len(ds), int)).alias == "D"
        ds = ds + np.arange(len(ds)) ** 3 * np.timedelta64(1, "s")
    with pytest.raises(DataError, match=message):
        infer_frequency(ds, np.zeros(len(ds), int))


@pytest.mark.parametrize("alias", ["banana", "0", "W-XYZ"])
def test_an_unknown_alias_is_refused(alias):
    with pytest.raises(OptionError):
        parse_frequency(alias)
