"""Accuracy of the forecasters and of standard baselines on a panel with a train/test split.

    python benchmarks/accuracy.py FILE.parquet --h 18 --season-length 12 [--preset instant]
        [--models LSTM RNN Auto Naive Naive2 SeasonalNaive Theta ETS] [--seeds 3] [--threads 1]
        [--seasons 24 168] [--peers PYTHON] [--sample N] [--most-periods N]
        [--json FILE]

FILE is a long table: unique_id, ds (timestamps or whole numbers), y, split (train or test). Every
model runs in its own process, is fitted to the train rows and forecasts h steps after the last one
of each series; missing test values are ignored. `--season-length` applies to the metrics and the
baselines; the networks infer their season lengths, or use `--seasons`.

Naive2 is the benchmark of the M4 competition: naive after seasonal adjustment by classical
decomposition, if the series passes a seasonality test. Naive, SeasonalNaive, Theta and ETS are
those of statsforecast, run by the Python interpreter of `--peers`, since it needs a separate
environment; errors are printed in place of scores.
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
    path: Path, h: int, sample: int | None, max_periods: int | None
) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Read the train table and arrays: regular past values, offsets, ids, actual (n_series, h)."""
    table = pd.read_parquet(path)
    if max_periods:
        lengths = table[table["split"] == "train"].groupby("unique_id")["y"].size()
        table = table[table["unique_id"].isin(lengths.index[lengths <= max_periods])]
    if sample:
        ids = table["unique_id"].unique()
        rows = np.random.default_rng(0).permutation(len(ids))[:sample]
        table = table[table["unique_id"].isin(ids[np.sort(rows)])]
    train = table[table["split"] == "train"].reset_index(drop=True)
    whole, past = to_dataset(check_table(table)), to_dataset(check_table(train))
    position = {series_id: k for k, series_id in enumerate(whole.index.ids)}
    series = np.array([position[series_id] for series_id in past.index.ids])
    y = whole.panel.y
    starts = y.offsets[series] + past.last - whole.index.first[series] + 1
    actual = y.at(starts[:, None] + np.arange(h), series)
    arrays = {"values": past.panel.values, "offsets": past.panel.offsets, "actual": actual}
    return train, {**arrays, "ids": past.index.ids.astype(str)}


def run(model: str, folder: Path, args: argparse.Namespace, seed: int) -> dict[str, Any]:
    """Forecast by one model in its own process; return quantiles (n_series, h, n) and costs."""
    python = sys.executable if model in OURS else (args.peers or sys.executable)
    seasons = [str(m) for m in args.seasons or []]
    process = subprocess.run(
        [python, WORKER, model, folder, str(args.h), str(args.season_length)]
        + [args.preset, str(seed), str(args.threads), *seasons],
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode:
        return {"error": (process.stderr.strip().splitlines() or ["no message"])[-1]}
    costs = json.loads(process.stdout.splitlines()[-1])
    return {"paths": np.load(folder / f"{model}.npy"), **costs}


def scores(data: dict[str, np.ndarray], paths: np.ndarray, m: int) -> dict[str, float]:
    """Mean of each metric over the series; of sMAPE also over all forecasts."""
    actual, q = data["actual"], dict(zip(QUANTILES, np.moveaxis(paths, -1, 0), strict=True))
    bounds = zip(data["offsets"][:-1], data["offsets"][1:], strict=True)
    scale = np.array([seasonal_error(data["values"][a:b], m) for a, b in bounds])
    msis_scale = np.where(scale > 0, scale, np.nan)
    point = q[0.5]
    deciles = [round(0.1 * k, 1) for k in range(1, 10)]
    losses = [np.nansum(2 * quantile_loss(actual[..., None], q[d][..., None], d)) for d in deciles]
    means = {
        "smape": np.nanmean(smape(actual, point)),
        "smape_pooled": np.nanmean(smape(actual[..., None], point[..., None])),
        "mase": np.nanmean(mase(actual, point, scale)),
        "wql": np.mean(losses) / np.nansum(np.abs(actual)),
    }
    for level, low, high in ((80, 0.1, 0.9), (95, 0.025, 0.975)):
        covered = coverage(actual[..., None], q[low][..., None], q[high][..., None])
        means[f"cover{level}"] = 100 * np.nanmean(covered)
        score = interval_score(actual, q[low], q[high], level)
        means[f"msis{level}"] = np.nanmean(score / msis_scale)
    return {name: float(value) for name, value in means.items()}


def main() -> None:
    """Run the models, print a table, optionally write it as JSON."""
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
    args = parser.parse_args()
    train, data = read(args.file, args.h, args.sample, args.most_periods)
    rows: list[dict[str, Any]] = []
    print(f"{args.file.name}: {len(data['ids'])} series, h {args.h}, preset {args.preset}")
    print(f"{'model':14} {'seed':>4}", *(f"{name:>12}" for name in COLUMNS))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        train.to_parquet(folder / "train.parquet")
        np.savez(folder / "past.npz", **{k: data[k] for k in ("values", "offsets", "ids")})
        for model in ["Naive2", *(name for name in args.models if name != "Naive2")]:
            is_random = model in ("LSTM", "RNN", "Auto") and args.preset != "instant"
            for seed in range(1, 1 + args.seeds if is_random else 2):
                result = run(model, folder, args, seed)
                row = {"model": model, "seed": seed, **_row(result, data, args, rows)}
                rows.append(row)
                print(_line(row), flush=True)
    if args.json:
        arguments = {key: str(value) for key, value in vars(args).items()}
        args.json.write_text(json.dumps({"arguments": arguments, "rows": rows}, indent=1))


def _row(
    result: dict[str, Any],
    data: dict[str, np.ndarray],
    args: argparse.Namespace,
    rows: list[dict[str, Any]],
) -> dict[str, Any]:
    """Scores and costs of one run, with OWA relative to Naive2, the first row."""
    if "error" in result:
        return result
    row = scores(data, result.pop("paths"), args.season_length)
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
