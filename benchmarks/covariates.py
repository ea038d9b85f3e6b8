"""What covariates bring, against baselines and against gradient boosting that sees them too.

    python benchmarks/covariates.py FILE --h H --season-length M --futr price deal feat
        [--id COLUMN --time COLUMN --target COLUMN --drop COLUMN ...] [--windows N --step N]
        [--preset instant] [--models LSTM Auto] [--most-periods N] [--seed 1]

FILE is a Parquet or CSV table: unique_id, ds, y (or the columns named), then covariates. The last
windows of every series are forecast by models that were fitted once, before the first. Printed per
model: mean MASE, sMAPE, weighted quantile loss over nine deciles, coverage of 80 %, seconds.

Boosting is scikit-learn's histogram gradient boosting, made as well as a careful user would: one
model for all series and steps ahead, of logarithms over each series' mean where they are positive;
it sees the last values, the values one and two seasons before the step, means of the last values,
the covariates of the step and of the last values, their shares of the series' means, the calendar,
the series' constants as categories, and the step; a model a quantile.
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
    """Gradient boosting with the protocol of a forecaster."""

    def __init__(self, h: int, futr_exog: list[str], season_length: int, seed: int = 1) -> None:
        self.h, self.futr_exog = h, futr_exog
        self.season_length, self.seed = season_length, seed

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002 (scikit-learn's)
        """Return the arguments by name."""
        return {name: getattr(self, name) for name in ("h", "futr_exog", "season_length", "seed")}

    def set_params(self, **given: Any) -> Self:
        """Set arguments by name."""
        for name, value in given.items():
            setattr(self, name, value)
        return self

    def fit(self, df: pd.DataFrame) -> Self:
        """Train a model a decile on cutoffs drawn from all series."""
        from sklearn.ensemble import HistGradientBoostingRegressor

        rng = np.random.default_rng(self.seed)
        self.constants = {
            name: pd.Index(df[name].unique())
            for name in df.columns[3:]
            if name not in self.futr_exog and df.groupby("unique_id")[name].nunique().max() == 1
        }
        parts = [self._rows(one, None) for _, one in df.groupby("unique_id", sort=False)]
        x = np.concatenate([one[0] for one in parts])
        target = np.concatenate([one[1] for one in parts])
        known = np.flatnonzero(np.isfinite(target))
        kept = rng.permutation(known)[:_MAX_ROWS]
        self.models = {
            q: HistGradientBoostingRegressor(
                loss="quantile", quantile=q, max_iter=200, learning_rate=0.08, max_leaf_nodes=63
            ).fit(x[kept], target[kept])
            for q in DECILES
        }
        return self

    def predict(self, df: pd.DataFrame, level: Any, futr_df: pd.DataFrame) -> pd.DataFrame:
        """Forecast after the last row of every series."""
        ahead = dict(iter(futr_df.groupby("unique_id", sort=False)))
        found = []
        for name, one in df.groupby("unique_id", sort=False):
            future = ahead.get(name)
            if future is None:
                continue
            future = future.head(self.h)
            x, _, size, log = self._rows(one, future)
            z = np.sort([model.predict(x) for model in self.models.values()], axis=0)
            paths = dict(zip(DECILES, size * np.exp(z) if log else size * z, strict=True))
            table = {"unique_id": name, "ds": future["ds"].to_numpy(), "Boosting": paths[0.5]}
            for one_level in level:
                low, high = (round(q, 1) for q in tails(one_level))
                table[f"Boosting-lo-{one_level}"] = paths[low]
                table[f"Boosting-hi-{one_level}"] = paths[high]
            found.append(pd.DataFrame(table))
        return pd.concat(found, ignore_index=True)

    def _rows(self, one: pd.DataFrame, future: pd.DataFrame | None) -> tuple[Any, ...]:
        """Features and targets of every cutoff and step; of the last cutoff with a future."""
        y, m = one["y"].to_numpy(float), self.season_length
        size = np.nanmean(np.abs(y)) or 1.0
        log = bool(np.nanmin(y) > 0)
        with np.errstate(invalid="ignore", divide="ignore"):
            z = np.log(y / size) if log else y / size
        n = len(z)
        table = one if future is None else pd.concat([one, future], ignore_index=True)
        beside = table[self.futr_exog].to_numpy(float)
        usual = np.nanmean(beside[:n], axis=0)
        first = max(_LAGS, n // 4)
        cutoffs = np.arange(first, n - 1) if future is None else np.array([n - 1])
        steps = self.h if future is None else len(future)
        cutoff = np.repeat(cutoffs, steps)
        ahead = np.tile(np.arange(1, steps + 1), len(cutoffs))
        step = cutoff + ahead
        kept = step < len(table)
        cutoff, ahead, step = cutoff[kept], ahead[kept], step[kept]
        filled = pd.Series(z).ffill().to_numpy()
        columns = [filled[cutoff - k] for k in range(_LAGS)]
        columns += [pd.Series(z).rolling(w, 1).mean().to_numpy()[cutoff] for w in (4, 13, 52)]
        for k in (1, 2):  # the same phase of earlier seasons, as far as it is known
            back = step - k * m
            back = np.where(back > cutoff, back - m * -(-(back - cutoff) // m), back)
            columns.append(np.where(back >= 0, filled[np.maximum(back, 0)], np.nan))
        for j in range(beside.shape[1]):
            columns += [
                beside[step, j],
                beside[step, j] / usual[j] if usual[j] else beside[step, j],
            ]
            columns += [beside[cutoff - k, j] for k in (0, 1)]
        moment = pd.DatetimeIndex(table["ds"])[step]
        columns += [moment.hour + moment.minute / 60, moment.day_of_week, moment.day_of_year, ahead]
        columns += [np.full(len(step), kinds.get_loc(one[name].iloc[0]))
                    for name, kinds in self.constants.items()]  # fmt: skip
        target = np.concatenate([z, np.full(len(table) - n, np.nan)])[step]
        return np.stack(columns, axis=1).astype(np.float32), target, size, log


def read(given: argparse.Namespace) -> pd.DataFrame:
    """Series table of the file."""
    reader = pd.read_parquet if given.file.suffix == ".parquet" else pd.read_csv
    names = {given.time: "ds", given.target: "y", given.id: "unique_id"}
    table = reader(given.file).rename(columns=names)
    if "unique_id" not in table:
        table["unique_id"] = given.target
    if not pd.api.types.is_datetime64_any_dtype(table["ds"]):
        table["ds"] = pd.to_datetime(table["ds"])
    rest = [name for name in table if name not in ("unique_id", "ds", "y", *given.drop)]
    table = check_table(table[["unique_id", "ds", "y", *rest]])
    return table.groupby("unique_id").tail(given.most_periods).reset_index(drop=True)


def scores(cv: pd.DataFrame, table: pd.DataFrame, model: str, m: int) -> dict[str, float]:
    """Means of the metrics over all forecasts that have an actual value."""
    data, first = to_dataset(table), cv.groupby("unique_id")["cutoff"].min()
    index, offsets, scale = data.index, data.panel.offsets, {}
    for k, name in enumerate(index.ids):
        if name in first.index:
            values = data.panel.values[offsets[k] : offsets[k + 1]]
            ends = index.ordinals(pd.Series([first[name]])) - index.first[k] + 1
            scale[name] = seasonal_error(values[: int(ends[0])], m)
    actual, point = cv["y"].to_numpy()[:, None], cv[model].to_numpy()[:, None]
    over = cv["unique_id"].map(scale).to_numpy(float)
    by_row = pd.DataFrame({
        "mase": mase(actual, point, np.where(over > 0, over, np.nan)),
        "smape": smape(actual, point),
    })  # fmt: skip
    means = by_row.groupby(cv["unique_id"].to_numpy()).mean().mean()
    losses = [np.nansum(2 * quantile_loss(actual, point, 0.5))]
    for level in LEVELS:
        for q, side in zip(tails(level), ("lo", "hi"), strict=True):
            path = cv[f"{model}-{side}-{level}"].to_numpy()[:, None]
            losses.append(np.nansum(2 * quantile_loss(actual, path, q)))
    low, high = (cv[f"{model}-{side}-80"].to_numpy()[:, None] for side in ("lo", "hi"))
    inside = np.nanmean(coverage(actual, low, high))
    wql = float(np.mean(losses) / np.nansum(np.abs(actual)))
    return {**means, "wql": wql, "cover80": 100 * float(inside)}


def main() -> None:
    """Print the table."""
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
    given = parser.parse_args()
    table = read(given)
    h, m = given.h, given.season_length
    print(
        f"{given.file.name}: {table['unique_id'].nunique()} series, {given.windows} windows of {h}"
    )
    kinds = {"LSTM": fk.LSTMForecaster, "RNN": fk.RNNForecaster, "Auto": fk.AutoForecaster}
    models: dict[str, Any] = {}
    for name in given.models:
        same = {"preset": given.preset, "seed": given.seed}
        models[f"{name} with covariates"] = kinds[name](h, futr_exog=given.futr, **same)
        models[f"{name} without"] = kinds[name](h, **same)
    models["Boosting with covariates"] = Boosting(h, given.futr, m)
    for name in ("SeasonalNaive", "Theta", "ETS"):
        models[name] = fk.Baseline(name, h, m)
    for name, model in models.items():
        start = time.perf_counter()
        seen = table if "with cov" in name else table[["unique_id", "ds", "y"]]
        cv = fk.cross_validation(model, seen, given.windows, given.step, level=list(LEVELS))
        found = scores(cv, table, name.split()[0], m)
        line = " ".join(f"{key} {value:8.4g}" for key, value in found.items())
        print(f"{name:26} {line}  {time.perf_counter() - start:6.0f} s", flush=True)


if __name__ == "__main__":
    main()
