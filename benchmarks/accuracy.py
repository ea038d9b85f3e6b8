"""Score forecasters and the usual baselines on a panel with a train and a test part.

    python benchmarks/accuracy.py FILE.parquet --h 18 --season-length 12 [--preset instant]
        [--models LSTM RNN Auto Naive Naive2 SeasonalNaive Theta ETS] [--seeds 3] [--threads 1]
        [--seasons 24 168] [--peers PYTHON] [--sample N] [--most-periods N]
        [--json FILE]

FILE is a long table: unique_id, ds (timestamps or whole numbers), y, split (train or test). Every
model runs in a process of its own, is fitted on the train rows and forecasts the h steps after the
last of each series; test values that are missing are left out. `--season-length` is that of the
metrics and the baselines; our networks find their own, or take `--seasons`.

Naive2 is the M4 organisers': season by classical decomposition where their test finds one, then
naive. Naive, SeasonalNaive, Theta and ETS are those of the library statsforecast, from any Python
that has it (`--peers`; it wants an environment of its own); what it cannot fit is said.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from accuracy_models import QUANTILES

from forecastkit.evaluation.metrics import (
    coverage,
    interval_score,
    mase,
    quantile_loss,
    seasonal_error,
    smape,
)
from forecastkit.tables.dataset import to_dataset
from forecastkit.tables.frame import check_table

OURS = ("LSTM", "RNN", "Auto", "Naive2")
PEERS = ("Naive", "SeasonalNaive", "Theta", "ETS")
WORKER = Path(__file__).with_name("accuracy_models.py")
COLUMNS = [
    "smape",
    "smape_pooled",
    "mase",
    "owa",
    "cover80",
    "cover95",
    "msis80",
    "msis95",
    "wql",
    "seconds",
    "peak_mib",
]


def read(
    path: Path, h: int, sample: int | None, most: int | None
) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Train table, and arrays: past values laid on their grid, actual values (n_series, h)."""
    table = pd.read_parquet(path)
    if most:
        sizes = table[table["split"] == "train"].groupby("unique_id")["y"].size()
        table = table[table["unique_id"].isin(sizes.index[sizes <= most])]
    if sample:
        names = table["unique_id"].unique()
        kept = np.random.default_rng(0).permutation(len(names))[:sample]
        table = table[table["unique_id"].isin(names[np.sort(kept)])]
    train = table[table["split"] == "train"].reset_index(drop=True)
    whole, past = to_dataset(check_table(table)), to_dataset(check_table(train))
    position = {name: k for k, name in enumerate(whole.index.ids)}
    series = np.array([position[name] for name in past.index.ids])
    y = whole.panel.y
    starts = y.offsets[series] + past.last - whole.index.first[series] + 1
    actual = y.at(starts[:, None] + np.arange(h), series)
    arrays = {"values": past.panel.values, "offsets": past.panel.offsets, "actual": actual}
    return train, {**arrays, "ids": past.index.ids.astype(str)}


def run(model: str, folder: Path, given: argparse.Namespace, seed: int) -> dict[str, Any]:
    """Forecast by one model in a process of its own; quantiles (n_series, h, n) and its costs."""
    python = sys.executable if model in OURS else (given.peers or sys.executable)
    seasons = [str(m) for m in given.seasons or []]
    done = subprocess.run(
        [python, WORKER, model, folder, str(given.h), str(given.season_length)]
        + [given.preset, str(seed), str(given.threads), *seasons],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        return {"error": (done.stderr.strip().splitlines() or ["no word"])[-1]}
    costs = json.loads(done.stdout.splitlines()[-1])
    return {"paths": np.load(folder / f"{model}.npy"), **costs}


def scores(data: dict[str, np.ndarray], paths: np.ndarray, m: int) -> dict[str, float]:
    """Means of all metrics; of sMAPE also over all forecasts together."""
    actual, q = data["actual"], dict(zip(QUANTILES, np.moveaxis(paths, -1, 0), strict=True))
    bounds = zip(data["offsets"][:-1], data["offsets"][1:], strict=True)
    scale = np.array([seasonal_error(data["values"][a:b], m) for a, b in bounds])
    over = np.where(scale > 0, scale, np.nan)
    point = q[0.5]
    deciles = [round(0.1 * k, 1) for k in range(1, 10)]
    losses = [np.nansum(2 * quantile_loss(actual[..., None], q[d][..., None], d)) for d in deciles]
    found = {
        "smape": np.nanmean(smape(actual, point)),
        "smape_pooled": np.nanmean(smape(actual[..., None], point[..., None])),
        "mase": np.nanmean(mase(actual, point, scale)),
        "wql": np.mean(losses) / np.nansum(np.abs(actual)),
    }
    for level, low, high in ((80, 0.1, 0.9), (95, 0.025, 0.975)):
        inside = coverage(actual[..., None], q[low][..., None], q[high][..., None])
        found[f"cover{level}"] = 100 * np.nanmean(inside)
        found[f"msis{level}"] = np.nanmean(interval_score(actual, q[low], q[high], level) / over)
    return {name: float(value) for name, value in found.items()}


def main() -> None:
    """Run the models, print the table, write it as JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--h", type=int, required=True)
    parser.add_argument("--season-length", type=int, required=True)
    parser.add_argument("--seasons", type=int, nargs="*")
    parser.add_argument("--models", nargs="*", default=[*OURS, *PEERS])
    parser.add_argument("--preset", default="default")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--sample", type=int)
    parser.add_argument("--most-periods", type=int)
    parser.add_argument("--peers")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    train, data = read(given.file, given.h, given.sample, given.most_periods)
    rows: list[dict[str, Any]] = []
    print(f"{given.file.name}: {len(data['ids'])} series, h {given.h}, preset {given.preset}")
    print(f"{'model':14} {'seed':>4}", *(f"{name:>12}" for name in COLUMNS))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        train.to_parquet(folder / "train.parquet")
        np.savez(folder / "past.npz", **{k: data[k] for k in ("values", "offsets", "ids")})
        for model in ["Naive2", *(one for one in given.models if one != "Naive2")]:
            fixed = model not in ("LSTM", "RNN", "Auto") or given.preset == "instant"
            for seed in range(1, 2 if fixed else 1 + given.seeds):
                result = run(model, folder, given, seed)
                row = {"model": model, "seed": seed, **_row(result, data, given, rows)}
                rows.append(row)
                print(_line(row), flush=True)
    if given.json:
        facts = {key: str(value) for key, value in vars(given).items()}
        given.json.write_text(json.dumps({"arguments": facts, "rows": rows}, indent=1))


def _row(
    result: dict[str, Any],
    data: dict[str, np.ndarray],
    given: argparse.Namespace,
    rows: list[dict[str, Any]],
) -> dict[str, Any]:
    if "error" in result:
        return result
    row = scores(data, result.pop("paths"), given.season_length)
    naive2 = rows[0] if rows else row
    owa = 0.5 * (row["smape"] / naive2["smape"] + row["mase"] / naive2["mase"])
    return {**row, "owa": owa, **result}


def _line(row: dict[str, Any]) -> str:
    start = f"{row['model']:14} {row['seed']:4d}"
    if "error" in row:
        return f"{start} {row['error']}"
    return " ".join([start, *(f"{row[name]:12.4g}" for name in COLUMNS)])


if __name__ == "__main__":
    main()
