"""Plots: lines break at missing values, and no axes are empty."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import forecastkit as fk


def history(freq: str, n: int = 40) -> pd.DataFrame:
    days = pd.date_range("2024-01-01", periods=n, freq=freq)
    return pd.DataFrame({"unique_id": "a", "ds": days, "y": np.arange(n) % 7 + 5.0})


def plotted_history(past: pd.DataFrame, h: int = 3) -> np.ndarray:
    """Values of the history line in a forecast plot."""
    step = past["ds"].iloc[-1] - past["ds"].iloc[-2]
    future = past["ds"].iloc[-1] + step * np.arange(1, h + 1)
    forecast = pd.DataFrame({"unique_id": "a", "ds": future, "LSTM": 6.0})
    figure = fk.plot_forecast(past, forecast)
    return np.asarray(figure.axes[0].get_lines()[0].get_ydata(), float)


@pytest.mark.parametrize("freq", ["D", "h", "MS", "B"])
def test_a_complete_history_is_one_line(freq):
    assert not np.isnan(plotted_history(history(freq))).any()


@pytest.mark.parametrize("gap_type", ["rows absent", "values missing"])
def test_a_gap_breaks_the_line(gap_type):
    past = history("D")
    gap = slice(30, 33)
    if gap_type == "rows absent":
        past = past.drop(index=past.index[gap])
    else:
        past.loc[past.index[gap], "y"] = np.nan
    line = plotted_history(past)
    assert np.isnan(line).sum() == 3
    assert not np.isnan(line[-5:]).any()


def test_the_forecast_line_starts_at_the_last_observed_value():
    past = history("D")
    past.loc[past.index[-2:], "y"] = np.nan
    future = pd.date_range(past["ds"].iloc[-1], periods=4)[1:]
    forecast = pd.DataFrame({"unique_id": "a", "ds": future, "LSTM": 6.0})
    line = fk.plot_forecast(past, forecast).axes[0].get_lines()[1]
    assert not np.isnan(np.asarray(line.get_ydata(), float)).any()


def test_a_diagnosis_plots_the_gradient_and_any_effects(tmp_path):
    gradient = pd.DataFrame({"lag": range(5), "gradient": [0.5, 0.3, 0.1, 0.05, 0.0]})
    without_effects = fk.plot_diagnosis(gradient, path=tmp_path / "d.svg")
    assert len(without_effects.axes) == 1
    assert len(without_effects.axes[0].get_lines()[0].get_xdata()) == 5
    curves = pd.DataFrame(
        {"covariate": ["promo"], "low": [0.0], "high": [1.0], "forecast_low": [1.0],
         "forecast_high": [2.0], "change": [100.0]}
    )  # fmt: skip
    with_effects = fk.plot_diagnosis(gradient, curves)
    assert len(with_effects.axes) == 2
    assert with_effects.axes[1].patches
