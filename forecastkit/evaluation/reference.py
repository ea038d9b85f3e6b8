"""Baselines as forecasters, with `fit` and `predict` on series tables."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import Any, Self

import numpy as np
import pandas as pd

from forecastkit.errors import NotFittedError, OptionError
from forecastkit.methods.registry import BASELINES, METHODS
from forecastkit.series.intervals import Level, checked_levels, column_names
from forecastkit.tables.dataset import to_dataset
from forecastkit.tables.frame import UNIQUE_ID, check_table


class Baseline:
    """Forecaster of a statistical baseline.

    Parameters
    ----------
    method : {"Naive", "SeasonalNaive", "WindowAverage", "Drift", "Theta", "ETS"}
    h : int
        Horizon.
    season_length : int, optional
        Steps per season; by default that of the frequency.
    freq : str or int, optional
        Frequency; by default inferred from the timestamps.

    Examples
    --------
    >>> days = pd.date_range("2024-01-01", periods=8)
    >>> table = pd.DataFrame({"unique_id": "a", "ds": days, "y": range(8)})
    >>> Baseline("SeasonalNaive", h=2).fit(table).predict()["SeasonalNaive"].tolist()
    [1.0, 2.0]
    """

    def __init__(
        self,
        method: str,
        h: int,
        season_length: int | None = None,
        freq: str | int | None = None,
    ) -> None:
        self.method = method
        self.h = h
        self.season_length = season_length
        self.freq = freq

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002 (scikit-learn's)
        """Return the constructor's arguments by name."""
        return {name: getattr(self, name) for name in ("method", "h", "season_length", "freq")}

    def set_params(self, **params: Any) -> Self:
        """Set constructor arguments by name and return the forecaster."""
        for name, value in params.items():
            if name not in self.get_params():
                raise OptionError(f"Baseline has no argument '{name}'.", value=name)
            setattr(self, name, value)
        return self

    def fit(self, df: pd.DataFrame) -> Self:
        """Check and store the table; there are no parameters to estimate."""
        if self.method not in BASELINES:
            raise OptionError(
                f"There is no baseline '{self.method}'; there are: {', '.join(BASELINES)}.",
                value=self.method,
            )
        if not isinstance(self.h, int | np.integer) or self.h < 1:
            raise OptionError(f"h {self.h!r} is not a whole number of 1 or more.", value=self.h)
        self.data_ = to_dataset(check_table(df), self.freq)
        return self

    def predict(
        self, df: pd.DataFrame | None = None, level: Sequence[Level] | Level | None = None
    ) -> pd.DataFrame:
        """Return the forecast table that continues the series of `fit`, or those of `df`."""
        if not hasattr(self, "data_"):
            raise NotFittedError("This Baseline is not fitted yet.", fix="Call fit first.")
        return self._forecast(df, level, whole_rows=False)

    def predict_after(
        self, df: pd.DataFrame, level: Sequence[Level] | Level | None = None
    ) -> pd.DataFrame:
        """Forecast after the last row of every series, even if its value is missing."""
        return self._forecast(df, level, whole_rows=True)

    def _forecast(
        self,
        df: pd.DataFrame | None,
        level: Sequence[Level] | Level | None,
        whole_rows: bool,
    ) -> pd.DataFrame:
        data, frequency = self.data_, self.data_.index.frequency
        if df is not None:
            data = to_dataset(check_table(df), frequency, whole_rows=whole_rows)
        season = self.season_length or min(frequency.season_lengths)
        point, deviation = METHODS[self.method].forecast(data.panel, self.h, season)
        table = {**data.future_periods(self.h), self.method: point.ravel()}
        for percent in checked_levels(level):
            half_width = NormalDist().inv_cdf(0.5 + percent / 200) * deviation.ravel()
            low, high = column_names(self.method, percent)
            table[low] = table[self.method] - half_width
            table[high] = table[self.method] + half_width
        return pd.DataFrame(table).astype({UNIQUE_ID: "str"})
