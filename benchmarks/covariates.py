"""Value of covariates, compared with baselines and with gradient boosting that uses them too.

    python benchmarks/covariates.py FILE --h H --season-length M --futr price deal feat
        [--id COLUMN --time COLUMN --target COLUMN --drop COLUMN ...] [--windows N --step N]
        [--preset instant] [--models LSTM Auto] [--most-periods N] [--seed 1]

FILE is a Parquet or CSV table: unique_id, ds, y (or the columns given by options), then covariates.
The last windows of every series are forecast by models fitted once, before the first window.
Printed per model: mean MASE, sMAPE, weighted quantile loss over nine deciles, coverage of the 80 %
interval, seconds.

Boosting is scikit-learn's histogram gradient boosting with carefully chosen features. There is one
model per decile, for all series and steps. The target is divided by the mean of its series, in logs
where it is positive. Features: the last values, the values one and two seasons before the step,
moving averages, the covariates at the step (also relative to their mean) and at the last steps,
calendar features, static features as categories, and the step itself.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

import forecastkit as fk
from forecastkit.evaluation.metrics import coverage, mase, quantile_loss, seasonal_error, smape
from forecastkit.series.intervals import tails
from forecastkit.tables.dataset import to_dataset
from forecastkit.tables.frame import check_table

LEVELS = (20, 40, 60, 80)
DECILES = tuple(round(0.1 * k, 1) for k in range(1, 10))
_LAGS = 8
_MAX_ROWS = 200_000


class Boosting:
    """Gradient boosting as a forecaster for `cross_validation`."""

    def __init__(self, h: int, futr_exog: list[str], season_length: int, seed: int = 1) -> None:
        self.h, self.futr_exog = h, futr_exog
        self.season_length, self.seed = season_length, seed

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002 (scikit-learn's)
        """Return the arguments by name."""
        return {name: getattr(self, name) for name in ("h", "futr_exog", "season_length", "seed")}

    def set_params(self, **params: Any) -> Self:
        """Set arguments by name."""
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def fit(self, df: pd.DataFrame) -> Self:
        """Train one model per decile on cutoffs sampled from all series."""
        from sklearn.ensemble import HistGradientBoostingRegressor

        rng = np.random.default_rng(self.seed)
        self.constants = {
            name: pd.Index(df[name].unique())
            for name in df.columns[3:]
            if name not in self.futr_exog and df.groupby("unique_id")[name].nunique().max() == 1
        }
        parts = [self._rows(series, None) for _, series in df.groupby("unique_id", sort=False)]
        x = np.concatenate([part[0] for part in parts])
        target = np.concatenate([part[1] for part in parts])
        defined = np.flatnonzero(np.isfinite(target))
        rows = rng.permutation(defined)[:_MAX_ROWS]
        self.models = {
            q: HistGradientBoostingRegressor(
                loss="quantile", quantile=q, max_iter=200, learning_rate=0.08, max_leaf_nodes=63
            ).fit(x[rows], target[rows])
            for q in DECILES
        }
        return self

    def predict(self, df: pd.DataFrame, level: Any, futr_df: pd.DataFrame) -> pd.DataFrame:
        """Forecast after the last row of every series."""
        future_by_id = dict(iter(futr_df.groupby("unique_id", sort=False)))
        forecasts = []
        for series_id, series in df.groupby("unique_id", sort=False):
            future = future_by_id.get(series_id)
            if future is None:
                continue
            future = future.head(self.h)
            x, _, scale, log = self._rows(series, future)
            z = np.sort([model.predict(x) for model in self.models.values()], axis=0)
            paths = dict(zip(DECILES, scale * np.exp(z) if log else scale * z, strict=True))
            table = {"unique_id": series_id, "ds": future["ds"].to_numpy(), "Boosting": paths[0.5]}
            for percent in level:
                low, high = (round(q, 1) for q in tails(percent))
                table[f"Boosting-lo-{percent}"] = paths[low]
                table[f"Boosting-hi-{percent}"] = paths[high]
            forecasts.append(pd.DataFrame(table))
        return pd.concat(forecasts, ignore_index=True)

    def _rows(self, series: pd.DataFrame, future: pd.DataFrame | None) -> tuple[Any, ...]:
        """Features, targets, scale and log flag of all cutoffs, or of the last with a future."""
        y, m = series["y"].to_numpy(float), self.season_length
        scale = np.nanmean(np.abs(y)) or 1.0
        log = bool(np.nanmin(y) > 0)
        with np.errstate(invalid="ignore", divide="ignore"):
            z = np.log(y / scale) if log else y / scale
        n = len(z)
        table = series if future is None else pd.concat([series, future], ignore_index=True)
        covariates = table[self.futr_exog].to_numpy(float)
        means = np.nanmean(covariates[:n], axis=0)
        first = max(_LAGS, n // 4)
        cutoffs = np.arange(first, n - 1) if future is None else np.array([n - 1])
        steps = self.h if future is None else len(future)
        cutoff = np.repeat(cutoffs, steps)
        horizon = np.tile(np.arange(1, steps + 1), len(cutoffs))
        step = cutoff + horizon
        inside = step < len(table)
        cutoff, horizon, step = cutoff[inside], horizon[inside], step[inside]
        filled = pd.Series(z).ffill().to_numpy()
        columns = [filled[cutoff - k] for k in range(_LAGS)]
        columns += [pd.Series(z).rolling(w, 1).mean().to_numpy()[cutoff] for w in (4, 13, 52)]
        for k in (1, 2):  # the same phase of earlier seasons, up to the cutoff
            back = step - k * m
            back = np.where(back > cutoff, back - m * -(-(back - cutoff) // m), back)
            columns.append(np.where(back >= 0, filled[np.maximum(back, 0)], np.nan))
        for j in range(covariates.shape[1]):
            columns += [
                covariates[step, j],
                covariates[step, j] / means[j] if means[j] else covariates[step, j],
            ]
            columns += [covariates[cutoff - k, j] for k in (0, 1)]
        timestamp = pd.DatetimeIndex(table["ds"])[step]
        columns += [
            timestamp.hour + timestamp.minute / 60,
            timestamp.day_of_week,
            timestamp.day_of_year,
            horizon,
        ]
        columns += [np.full(len(step), categories.get_loc(series[name].iloc[0]))
                    for name, categories in self.constants.items()]  # fmt: skip
        target = np.concatenate([z, np.full(len(table) - n, np.nan)])[step]
        return np.stack(columns, axis=1).astype(np.float32), target, scale, log


def read(args: argparse.Namespace) -> pd.DataFrame:
    """Read the file as a series table."""
    reader = pd.read_parquet if args.file.suffix == ".parquet" else pd.read_csv
    names = {args.time: "ds", args.target: "y", args.id: "unique_id"}
    table = reader(args.file).rename(columns=names)
    if "unique_id" not in table:
        table["unique_id"] = args.target
    if not pd.api.types.is_datetime64_any_dtype(table["ds"]):
        table["ds"] = pd.to_datetime(table["ds"])
    covariates = [name for name in table if name not in ("unique_id", "ds", "y", *args.drop)]
    table = check_table(table[["unique_id", "ds", "y", *covariates]])
    return table.groupby("unique_id").tail(args.most_periods).reset_index(drop=True)


def scores(cv: pd.DataFrame, table: pd.DataFrame, model: str, m: int) -> dict[str, float]:
    """Mean of each metric over all forecasts with an actual value."""
    data, first = to_dataset(table), cv.groupby("unique_id")["cutoff"].min()
    index, offsets, scale = data.index, data.panel.offsets, {}
    for k, series_id in enumerate(index.ids):
        if series_id in first.index:
            values = data.panel.values[offsets[k] : offsets[k + 1]]
            ends = index.ordinals(pd.Series([first[series_id]])) - index.first[k] + 1
            scale[series_id] = seasonal_error(values[: int(ends[0])], m)
    actual, point = cv["y"].to_numpy()[:, None], cv[model].to_numpy()[:, None]
    scale_by_row = cv["unique_id"].map(scale).to_numpy(float)
    by_row = pd.DataFrame({
        "mase": mase(actual, point, np.where(scale_by_row > 0, scale_by_row, np.nan)),
        "smape": smape(actual, point),
    })  # fmt: skip
    means = by_row.groupby(cv["unique_id"].to_numpy()).mean().mean()
    losses = [np.nansum(2 * quantile_loss(actual, point, 0.5))]
    for level in LEVELS:
        for q, side in zip(tails(level), ("lo", "hi"), strict=True):
            path = cv[f"{model}-{side}-{level}"].to_numpy()[:, None]
            losses.append(np.nansum(2 * quantile_loss(actual, path, q)))
    low, high = (cv[f"{model}-{side}-80"].to_numpy()[:, None] for side in ("lo", "hi"))
    covered = np.nanmean(coverage(actual, low, high))
    wql = float(np.mean(losses) / np.nansum(np.abs(actual)))
    return {**means, "wql": wql, "cover80": 100 * float(covered)}


def main() -> None:
    """Print one row of scores per model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--h", type=int, required=True)
    parser.add_argument("--season-length", type=int, required=True)
    parser.add_argument("--futr", nargs="+", required=True)
    parser.add_argument("--id", default="unique_id")
    parser.add_argument("--time", default="ds")
    parser.add_argument("--target", default="y")
    parser.add_argument("--drop", nargs="*", default=[])
    parser.add_argument("--windows", type=int, default=1)
    parser.add_argument("--step", type=int)
    parser.add_argument("--preset", default="instant")
    parser.add_argument("--models", nargs="*", default=["LSTM", "Auto"])
    parser.add_argument("--most-periods", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    table = read(args)
    h, m = args.h, args.season_length
    print(f"{args.file.name}: {table['unique_id'].nunique()} series, {args.windows} windows of {h}")
    classes = {"LSTM": fk.LSTMForecaster, "RNN": fk.RNNForecaster, "Auto": fk.AutoForecaster}
    models: dict[str, Any] = {}
    for name in args.models:
        options = {"preset": args.preset, "seed": args.seed}
        models[f"{name} with covariates"] = classes[name](h, futr_exog=args.futr, **options)
        models[f"{name} without"] = classes[name](h, **options)
    models["Boosting with covariates"] = Boosting(h, args.futr, m)
    for name in ("SeasonalNaive", "Theta", "ETS"):
        models[name] = fk.Baseline(name, h, m)
    for name, model in models.items():
        start = time.perf_counter()
        data = table if "with cov" in name else table[["unique_id", "ds", "y"]]
        cv = fk.cross_validation(model, data, args.windows, args.step, level=list(LEVELS))
        row = scores(cv, table, name.split()[0], m)
        line = " ".join(f"{key} {value:8.4g}" for key, value in row.items())
        print(f"{name:26} {line}  {time.perf_counter() - start:6.0f} s", flush=True)


if __name__ == "__main__":
    main()
