"""Run one model of `accuracy.py` in its own process, to measure its time and memory.

    python benchmarks/accuracy_models.py MODEL FOLDER H SEASON_LENGTH PRESET SEED THREADS [SEASON..]

Reads train.parquet (networks) or past.npz (other models) from FOLDER, writes the quantiles of every
series and step to MODEL.npy there, and prints seconds and peak memory as JSON. forecastkit is
imported for its own models only: the others may run in an environment without it.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np

DECILES = tuple(round(0.1 * k, 1) for k in range(1, 10))
QUANTILES = (0.025, *DECILES, 0.975)
LEVELS = {95: (0.025, 0.975), 80: (0.1, 0.9), 60: (0.2, 0.8), 40: (0.3, 0.7), 20: (0.4, 0.6)}


def network(model: str, folder: Path, h: int, preset: str, seed: int, seasons: list[int]) -> Any:
    """Quantiles of a forecastkit forecaster, series in the order of past.npz."""
    import pandas as pd

    import forecastkit as fk

    table = pd.read_parquet(folder / "train.parquet")[["unique_id", "ds", "y"]]
    classes = {"LSTM": fk.LSTMForecaster, "RNN": fk.RNNForecaster, "Auto": fk.AutoForecaster}
    forecaster = classes[model](h=h, preset=preset, seed=seed, season_length=seasons or None)
    forecaster.train(table, progress=False)
    forecast = forecaster.predict(level=list(LEVELS))
    names = {0.5: model}
    for level, (low, high) in LEVELS.items():
        names |= {low: f"{model}-lo-{level}", high: f"{model}-hi-{level}"}
    quantiles = forecast[[names[q] for q in QUANTILES]].to_numpy().reshape(-1, h, len(QUANTILES))
    position = {series_id: k for k, series_id in enumerate(forecast["unique_id"].unique())}
    return quantiles[[position[series_id] for series_id in np.load(folder / "past.npz")["ids"]]]


def naive2(series: list[np.ndarray], h: int, m: int) -> np.ndarray:
    """Naive2 of the M4 competition, with normal intervals."""
    from forecastkit.methods.theta import naive2 as forecast
    from forecastkit.series.panel import Panel

    return normal(*forecast(Panel.of(series), h, m))


def normal(point: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Quantiles of normal distributions, along a new last axis."""
    z = np.array([NormalDist().inv_cdf(q) for q in QUANTILES])
    return point[..., None] + z * deviation[..., None]


def peer(model: str, series: list[np.ndarray], h: int, m: int) -> np.ndarray:
    """Quantiles of a statsforecast model, one series at a time, missing values forward-filled."""
    from statsforecast.models import AutoETS, Naive, SeasonalNaive, Theta

    classes: Any = {"Naive": Naive, "SeasonalNaive": SeasonalNaive, "Theta": Theta, "ETS": AutoETS}
    fallback = Naive()
    method = fallback if model == "Naive" else classes[model](season_length=m)
    parts = []
    for y in series:
        steps, observed = np.arange(len(y)), ~np.isnan(y)
        y = y[np.maximum.accumulate(np.where(observed, steps, np.argmax(observed)))]
        try:
            forecast = method.forecast(y=y, h=h, level=list(LEVELS))
        except Exception:  # noqa: BLE001 (various exceptions are raised for short series)
            forecast = fallback.forecast(y=y, h=h, level=list(LEVELS))
        by_quantile = {0.5: forecast["mean"]}
        for level, (low, high) in LEVELS.items():
            by_quantile |= {low: forecast[f"lo-{level}"], high: forecast[f"hi-{level}"]}
        parts.append(np.stack([by_quantile[q] for q in QUANTILES], axis=-1))
    return np.stack(parts)


def main() -> None:
    """Forecast by the model given on the command line."""
    model, folder, h, m, preset, seed, threads, *seasons = sys.argv[1:]
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ[name] = threads
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    data = np.load(Path(folder) / "past.npz")
    values, offsets = data["values"], data["offsets"]  # each access reads the file
    series = [values[a:b] for a, b in zip(offsets[:-1], offsets[1:], strict=True)]
    start = time.perf_counter()
    if model in ("LSTM", "RNN", "Auto"):
        lengths = [int(length) for length in seasons]
        quantiles = network(model, Path(folder), int(h), preset, int(seed), lengths)
    elif model == "Naive2":
        quantiles = naive2(series, int(h), int(m))
    else:
        quantiles = peer(model, series, int(h), int(m))
    seconds = time.perf_counter() - start
    np.save(Path(folder) / f"{model}.npy", quantiles)
    print(json.dumps({"seconds": seconds, "peak_mib": _peak_mib()}))


def _peak_mib() -> float:
    """Peak memory of this process in MiB; 0 if not available (not on Linux)."""
    status = Path("/proc/self/status")  # getrusage includes the memory of the parent
    if not status.exists():
        return 0.0
    peaks = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
    return int(peaks[0].split()[1]) / 1024


if __name__ == "__main__":
    main()
