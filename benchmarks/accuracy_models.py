"""One model of `accuracy.py`, in a process of its own: its time and memory are its alone.

    python benchmarks/accuracy_models.py MODEL FOLDER H SEASON_LENGTH PRESET SEED THREADS [SEASON..]

Reads train.parquet (our networks) or past.npz (the others) from FOLDER, writes MODEL.npy there, the
quantiles of every series and step, and prints seconds and peak memory as JSON. It imports nothing
of the project but for its own models: others may run in an environment without it.
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
    """Quantiles by our own forecaster, the series in the order of past.npz."""
    import pandas as pd

    import forecastkit as fk

    table = pd.read_parquet(folder / "train.parquet")[["unique_id", "ds", "y"]]
    kinds = {"LSTM": fk.LSTMForecaster, "RNN": fk.RNNForecaster, "Auto": fk.AutoForecaster}
    kind = kinds[model]
    forecaster = kind(h=h, preset=preset, seed=seed, season_length=seasons or None)
    forecaster.train(table, progress=False)
    found = forecaster.predict(level=list(LEVELS))
    names = {0.5: model}
    for level, (low, high) in LEVELS.items():
        names |= {low: f"{model}-lo-{level}", high: f"{model}-hi-{level}"}
    columns = found[[names[q] for q in QUANTILES]].to_numpy().reshape(-1, h, len(QUANTILES))
    order = {name: k for k, name in enumerate(found["unique_id"].unique())}
    return columns[[order[name] for name in np.load(folder / "past.npz")["ids"]]]


def naive2(series: list[np.ndarray], h: int, m: int) -> np.ndarray:
    """M4's Naive2: the last value of the series without its season; normal intervals."""
    from forecastkit.methods.theta import naive2 as forecast
    from forecastkit.series.panel import Panel

    return normal(*forecast(Panel.of(series), h, m))


def normal(point: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Quantiles of normal distributions, one more axis at the end."""
    z = np.array([NormalDist().inv_cdf(q) for q in QUANTILES])
    return point[..., None] + z * deviation[..., None]


def peer(model: str, series: list[np.ndarray], h: int, m: int) -> np.ndarray:
    """Quantiles by statsforecast, series after series; gaps are filled with the value before."""
    from statsforecast.models import AutoETS, Naive, SeasonalNaive, Theta

    kind: Any = {"Naive": Naive, "SeasonalNaive": SeasonalNaive, "Theta": Theta, "ETS": AutoETS}
    made = kind[model]() if model == "Naive" else kind[model](season_length=m)
    parts = []
    for y in series:
        steps, seen = np.arange(len(y)), ~np.isnan(y)
        y = y[np.maximum.accumulate(np.where(seen, steps, np.argmax(seen)))]
        try:
            found = made.forecast(y=y, h=h, level=list(LEVELS))
        except Exception:  # noqa: BLE001 (a library fails in ways of its own on short series)
            found = Naive().forecast(y=y, h=h, level=list(LEVELS))
        by_quantile = {0.5: found["mean"]}
        for level, (low, high) in LEVELS.items():
            by_quantile |= {low: found[f"lo-{level}"], high: found[f"hi-{level}"]}
        parts.append(np.stack([by_quantile[q] for q in QUANTILES], axis=-1))
    return np.stack(parts)


def main() -> None:
    """Forecast by the model that the command line names."""
    model, folder, h, m, preset, seed, threads, *seasons = sys.argv[1:]
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ[name] = threads
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    data = np.load(Path(folder) / "past.npz")
    values, offsets = data["values"], data["offsets"]  # read once: each look-up reads the file
    series = [values[a:b] for a, b in zip(offsets[:-1], offsets[1:], strict=True)]
    start = time.perf_counter()
    if model in ("LSTM", "RNN", "Auto"):
        lengths = [int(one) for one in seasons]
        paths = network(model, Path(folder), int(h), preset, int(seed), lengths)
    elif model == "Naive2":
        paths = naive2(series, int(h), int(m))
    else:
        paths = peer(model, series, int(h), int(m))
    seconds = time.perf_counter() - start
    np.save(Path(folder) / f"{model}.npy", paths)
    print(json.dumps({"seconds": seconds, "peak_mib": _peak_mib()}))


def _peak_mib() -> float:
    """Peak memory of this process, in MiB; 0 where the system does not tell (it is not Linux)."""
    status = Path("/proc/self/status")  # getrusage counts the parent's memory too
    if not status.exists():
        return 0.0
    found = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
    return int(found[0].split()[1]) / 1024


if __name__ == "__main__":
    main()
