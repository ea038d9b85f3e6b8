"""The scoreboard of a fit: the model beside the baselines on the same held-back window."""

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
# what a model has to beat
RIVALS = ("SeasonalNaive", "Theta")


def baseline_forecasts(
    panel: Panel, h: int, season_length: int, forecast: Callable[[str, Panel, int, int], Paths]
) -> dict[str, Forecasts]:
    """Forecast every series by every baseline, with normal intervals of `LEVEL` percent.

    Parameters
    ----------
    panel : Panel
    h, season_length : int
    forecast : callable
        Forecasts of a method by its name, for instance `MethodForecasts`.
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
    """Score forecasts of the same window, best MASE first.

    Parameters
    ----------
    past : Panel
        What the models saw.
    actual : ndarray, shape (n_series, h)
    forecasts : mapping of str to (point, low, high)
    season_length : int
        Of MASE's scale.

    Returns
    -------
    list of dict
        `model`, `mase`, `smape`, `coverage` (means over the series where they are defined, None
        where no series has one), `n_series`.
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
    """Sort rows of scores, best first: by MASE where all have one, else by sMAPE."""
    by = "mase" if all(row["mase"] is not None for row in rows) else "smape"
    return sorted(rows, key=lambda row: (row[by] is None, row[by]))


def compare(
    past: Panel,
    actual: np.ndarray,
    forecasts: Mapping[str, Forecasts],
    season_length: int,
    model: str,
    series: np.ndarray,
) -> list[Skill]:
    """Compare a model with the seasonal naive forecast, Theta, and naive where that is the better.

    Parameters
    ----------
    past, actual, forecasts, season_length
        As for `score`.
    model : str
        Its name among the forecasts.
    series : ndarray of int, shape (n_series,)
        Which series each row is of; one has several rows where there are several windows.
    """
    scales = seasonal_errors(past, season_length)
    errors = {name: mase(actual, point, scales) for name, (point, _, _) in forecasts.items()}
    naive, seasonal = (_mean(errors[name]) for name in ("Naive", "SeasonalNaive"))
    better = naive is not None and seasonal is not None and naive < seasonal
    rivals = ("Naive", *RIVALS) if better else RIVALS
    found = [skill(name, errors[model], errors[name], series) for name in rivals]
    return [one for one in found if one is not None]


def seasonal_errors(past: Panel, season_length: int) -> np.ndarray:
    """Seasonal naive error of every series, shape (n_series,): what MASE divides by."""
    bounds = zip(past.offsets[:-1], past.offsets[1:], strict=True)
    return np.array([seasonal_error(past.values[a:b], season_length) for a, b in bounds])


def _mean(scores: np.ndarray) -> float | None:
    known = scores[np.isfinite(scores)]
    return float(known.mean()) if known.size else None
