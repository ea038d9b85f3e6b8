"""Scoreboard of a fit: the model and the baselines on the same hold-out windows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import NormalDist
from typing import Any

import numpy as np

from forecastkit.evaluation.metrics import coverage, mase, seasonal_error, smape
from forecastkit.evaluation.skill import Skill, skill
from forecastkit.methods.paths import Paths
from forecastkit.methods.registry import BASELINES
from forecastkit.series.panel import Panel

Forecasts = tuple[np.ndarray, np.ndarray, np.ndarray]  # point, low, high: each (n_series, h)
LEVEL = 80
# methods that a model is compared with
REFERENCE_METHODS = ("SeasonalNaive", "Naive", "Theta")


def baseline_forecasts(
    panel: Panel, h: int, season_length: int, forecast: Callable[[str, Panel, int, int], Paths]
) -> dict[str, Forecasts]:
    """Forecast every series by every baseline, with normal intervals at `LEVEL` percent.

    Parameters
    ----------
    panel : Panel
    h, season_length : int
    forecast : callable
        From the name of a method, panel, horizon and season length to point forecasts and standard
        deviations, for instance `MethodForecasts`.

    Returns
    -------
    dict of str to (point, low, high)
        Arrays of shape (n_series, h) for each baseline.
    """
    z = NormalDist().inv_cdf(0.5 + LEVEL / 200)
    forecasts = {}
    for name in BASELINES:
        point, deviation = forecast(name, panel, h, season_length)
        forecasts[name] = (point, point - z * deviation, point + z * deviation)
    return forecasts


def score(
    past: Panel, actual: np.ndarray, forecasts: Mapping[str, Forecasts], season_length: int
) -> list[dict[str, Any]]:
    """Score forecasts of the same window, sorted by MASE.

    Parameters
    ----------
    past : Panel
        Values before the window.
    actual : ndarray, shape (n_series, h)
    forecasts : mapping of str to (point, low, high)
    season_length : int
        For the scale of MASE.

    Returns
    -------
    list of dict
        `model`, `mase`, `smape`, `coverage_level80` (means over the series where they are defined,
        else None), `n_series`.
    """
    scales, rows = seasonal_errors(past, season_length), []
    for name, (point, low, high) in forecasts.items():
        rows.append(
            {
                "model": name,
                "mase": _mean(mase(actual, point, scales)),
                "smape": _mean(smape(actual, point)),
                f"coverage_level{LEVEL}": _mean(coverage(actual, low, high)),
                "n_series": int((~np.isnan(actual)).any(axis=1).sum()),
            }
        )
    return ranked(rows)


def ranked(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sort rows of scores, best first: by MASE if all rows have one, else by sMAPE."""
    metric = "mase" if all(row["mase"] is not None for row in rows) else "smape"
    return sorted(rows, key=lambda row: (row[metric] is None, row[metric]))


def compare(
    past: Panel,
    actual: np.ndarray,
    forecasts: Mapping[str, Forecasts],
    season_length: int,
    model: str,
    series: np.ndarray,
) -> list[Skill]:
    """Compare a model with the naive forecasts, Theta, and the best single method.

    Parameters
    ----------
    past, actual, forecasts, season_length
        As for `score`.
    model : str
        Key of the model in `forecasts`.
    series : ndarray of int, shape (n_series,)
        Series of each row; with several windows, a series has several rows.

    Returns
    -------
    list of Skill
        One per reference method with a defined error.
    """
    scales = seasonal_errors(past, season_length)
    errors = {name: mase(actual, point, scales) for name, (point, _, _) in forecasts.items()}
    # without a season, the naive forecast is the seasonal naive one
    references = [name for name in REFERENCE_METHODS if season_length > 1 or name != "Naive"]
    means = {
        name: float(np.nanmean(errors[name]))
        for name in BASELINES
        if name in errors and np.isfinite(errors[name]).any()
    }
    best = min(means, key=lambda name: means[name], default=None)
    if best is not None and best not in references:
        references.append(best)
    comparisons = [skill(name, errors[model], errors[name], series) for name in references]
    return [comparison for comparison in comparisons if comparison is not None]


def seasonal_errors(past: Panel, season_length: int) -> np.ndarray:
    """Seasonal naive error of every series, the scale of MASE, shape (n_series,)."""
    bounds = zip(past.offsets[:-1], past.offsets[1:], strict=True)
    return np.array([seasonal_error(past.values[a:b], season_length) for a, b in bounds])


def _mean(scores: np.ndarray) -> float | None:
    defined = scores[np.isfinite(scores)]
    return float(defined.mean()) if defined.size else None
