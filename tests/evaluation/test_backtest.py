"""Rolling origins: the rows available to a model, and those it is scored on."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecastkit.errors import DataError, OptionError
from forecastkit.evaluation.backtest import cross_validation
from forecastkit.evaluation.reference import Baseline


class Spy:
    """Naive forecaster that records the last timestamps of the tables it receives."""

    calls: list = []

    def __init__(self, h=2):
        self.h = h

    def get_params(self, deep=True):
        return {"h": self.h}

    def fit(self, df):
        Spy.calls.append(("fit", df.groupby("unique_id")["ds"].max().to_dict()))
        return self

    def predict(self, df=None, level=None):
        Spy.calls.append(("predict", df.groupby("unique_id")["ds"].max().to_dict()))
        return (
            Baseline("Naive", h=self.h)
            .fit(df)
            .predict(level=level)
            .rename(columns={"Naive": "Spy"})
        )


@pytest.fixture
def daily():
    days = pd.date_range("2024-01-01", periods=12)
    return pd.concat(
        [
            pd.DataFrame({"unique_id": "a", "ds": days, "y": np.arange(12.0)}),
            pd.DataFrame({"unique_id": "b", "ds": days[:9], "y": np.arange(9.0) * 10}),
        ],
        ignore_index=True,
    )


@pytest.mark.parametrize(("refit", "n_fits"), [(False, 1), (True, 3)])
def test_a_model_receives_the_rows_up_to_each_cutoff(refit, n_fits, daily):
    Spy.calls = []
    cv = cross_validation(Spy(), daily, n_windows=3, refit=refit)
    assert [method for method, _ in Spy.calls].count("fit") == n_fits
    last_seen = [last for method, last in Spy.calls if method == "predict"]
    for window, last in enumerate(last_seen):
        assert last["a"] == pd.Timestamp("2024-01-06") + pd.Timedelta(days=2 * window)
        assert last["b"] == pd.Timestamp("2024-01-03") + pd.Timedelta(days=2 * window)
    of_a = cv[cv["unique_id"] == "a"]
    assert of_a["y"].tolist() == [6, 7, 8, 9, 10, 11]
    assert of_a["Spy"].tolist() == [5, 5, 7, 7, 9, 9]
    assert (of_a["cutoff"] < of_a["ds"]).all()


def test_windows_may_overlap(daily):
    cv = cross_validation(Baseline("Naive", h=2), daily, n_windows=2, step_size=1)
    assert cv[cv["unique_id"] == "a"]["y"].tolist() == [9, 10, 10, 11]


def test_several_models_share_a_table(daily):
    models = [Baseline("Naive", h=2), Baseline("Drift", h=2)]
    cv = cross_validation(models, daily, n_windows=2, level=[80])
    assert list(cv.columns) == [
        *("unique_id", "ds", "cutoff", "y"),
        *("Naive", "Naive-lo-80", "Naive-hi-80", "Drift", "Drift-lo-80", "Drift-hi-80"),
    ]


def test_windows_omit_series_that_are_too_short(daily):
    daily = daily[(daily["unique_id"] == "a") | (daily["ds"] < "2024-01-05")]
    cv = cross_validation(Baseline("Naive", h=2), daily, n_windows=3)
    assert cv.groupby("unique_id")["cutoff"].nunique().to_dict() == {"a": 3, "b": 1}


def test_too_many_windows_raise(daily):
    with pytest.raises(DataError, match="need at least 21 periods; the longest series has 12"):
        cross_validation(Baseline("Naive", h=2), daily, n_windows=10)


def test_missing_actual_values_stay_missing(daily):
    daily.loc[10, "y"] = np.nan
    cv = cross_validation(Baseline("Naive", h=2), daily, n_windows=1)
    assert np.isnan(cv["y"].iloc[0])
    assert cv["y"].iloc[1] == 11


def test_a_missing_value_does_not_move_the_cutoff(daily):
    """The forecast starts after the cutoff, not after the last observed value."""
    daily.loc[9, "y"] = np.nan
    models = [Baseline("Naive", h=2), Baseline("Drift", h=2)]
    for table in (daily, daily.drop(index=9)):
        cv = cross_validation(models, table, n_windows=1)
        of_a = cv[cv["unique_id"] == "a"]
        assert of_a["cutoff"].tolist() == [pd.Timestamp("2024-01-10")] * 2
        assert of_a["y"].tolist() == [10, 11]
        assert of_a["Naive"].tolist() == [8, 8]
        assert of_a["Drift"].tolist() == [10, 11]


def test_short_windows_keep_the_frequency_of_the_table():
    days = pd.date_range("2024-01-01", periods=18, freq="B")
    table = pd.DataFrame({"unique_id": "a", "ds": days, "y": np.arange(18.0)})
    cv = cross_validation(Baseline("Naive", h=3), table, n_windows=4)
    assert cv["y"].notna().all()
    assert (cv["ds"].dt.day_of_week < 5).all()


def test_models_with_the_same_name_raise(daily):
    with pytest.raises(OptionError, match="same name"):
        cross_validation([Baseline("Naive", h=2), Baseline("Naive", h=2)], daily, n_windows=1)


def test_time_zones_are_preserved(daily):
    daily["ds"] = daily["ds"].dt.tz_localize("Australia/Sydney")
    cv = cross_validation(Baseline("Naive", h=2), daily, n_windows=2)
    assert str(cv["ds"].dt.tz) == str(cv["cutoff"].dt.tz) == "Australia/Sydney"
    assert cv["y"].notna().all()
