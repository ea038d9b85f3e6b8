"""Scores of a backtest table: one row per series and metric, one column per model."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from forecastkit.errors import DataError, OptionError
from forecastkit.evaluation import metrics as formulas
from forecastkit.series.intervals import Level, checked_levels, column_names, tails
from forecastkit.tables.dataset import Dataset, to_dataset
from forecastkit.tables.frame import CUTOFF, DS, UNIQUE_ID, Y, check_table

METRIC = "metric"
PLAIN: dict[str, Callable[..., np.ndarray]] = {
    "mae": formulas.mae,
    "rmse": formulas.rmse,
    "smape": formulas.smape,
}
SCALED = {"mase": (formulas.mase, 1), "rmsse": (formulas.rmsse, 2)}
BY_LEVEL = ("coverage", "quantile_loss")
METRICS = (*PLAIN, *SCALED, *BY_LEVEL)
_INTERVAL = re.compile(r"(?P<model>.*)-(lo|hi)-(?P<level>[0-9.]+)$")


def evaluate(
    df: pd.DataFrame,
    metrics: Sequence[str],
    train_df: pd.DataFrame | None = None,
    level: Sequence[Level] | Level | None = None,
    season_length: int | None = None,
    freq: str | int | None = None,
) -> pd.DataFrame:
    """Score a backtest table.

    Parameters
    ----------
    df : DataFrame
        `unique_id`, `ds`, `y`, optionally `cutoff`, and one column per model, as returned by
        `cross_validation`.
    metrics : sequence of str
        Among mae, rmse, smape, mase, rmsse, coverage, quantile_loss; see
        `forecastkit.evaluation.metrics`.
    train_df : DataFrame, optional
        Series table; its values up to each cutoff determine the scale of mase and rmsse.
    level : sequence of number, optional
        Levels of coverage and quantile_loss; by default all levels of the table.
    season_length : int, optional
        Lag of the scale; by default that of the table's frequency.
    freq : str or int, optional
        Frequency of `train_df`; by default inferred from its timestamps.

    Returns
    -------
    DataFrame
        `unique_id`, `metric`, then one column per model: the mean over the windows of the series,
        NaN where undefined.

    Raises
    ------
    DataError
        If the backtest table is empty, or lacks a column.
    OptionError
        If a metric is unknown, or lacks the intervals or the training data that it needs.

    Examples
    --------
    >>> days = pd.to_datetime(["2024-01-01", "2024-01-02"])
    >>> table = pd.DataFrame({"unique_id": "a", "ds": days, "y": [1.0, 2.0], "LSTM": [1.0, 4.0]})
    >>> evaluate(table, ["mae", "rmse"])
      unique_id metric      LSTM
    0         a    mae  1.000000
    1         a   rmse  1.414214
    """
    metrics = [metrics] if isinstance(metrics, str) else list(metrics)
    unknown = [name for name in metrics if name not in METRICS]
    if not metrics:
        raise OptionError(f"No metric given; choose from: {', '.join(METRICS)}.")
    if season_length is not None and season_length < 1:
        raise OptionError(f"season_length {season_length} is less than 1.", value=season_length)
    if unknown:
        raise OptionError(
            f"There is no metric '{unknown[0]}'; there are: {', '.join(METRICS)}.",
            value=unknown[0],
        )
    windows = _Windows.of(df)
    scales = _scales(windows, metrics, train_df, season_length, freq)
    levels = checked_levels(level) if level is not None else windows.levels()
    if not levels and set(metrics) & set(BY_LEVEL):
        raise OptionError(
            "coverage and quantile_loss need prediction intervals; the table has none.",
            fix="Create it with level, for instance cross_validation(..., level=[80]).",
        )
    parts = []
    for name, by_model in _scored(windows, metrics, scales, levels):
        means = {model: windows.mean_by_series(score) for model, score in by_model.items()}
        parts.append(pd.DataFrame({UNIQUE_ID: windows.ids, METRIC: name, **means}))
    table = pd.concat(parts, ignore_index=True)
    order = table[METRIC].drop_duplicates().tolist()
    rank = table[METRIC].map(order.index)
    table = table.assign(rank=rank).sort_values([UNIQUE_ID, "rank"], kind="stable")
    return table.drop(columns="rank").reset_index(drop=True)


def mean_scores(scores: pd.DataFrame) -> list[dict[str, Any]]:
    """Average the scores of `evaluate` over the series, one row per model, best first.

    Parameters
    ----------
    scores : DataFrame
        `unique_id`, `metric`, then one column per model.

    Returns
    -------
    list of dict
        `model`, then every metric (None if undefined for all series), sorted by the first metric.
    """
    means = scores.drop(columns=UNIQUE_ID).groupby(METRIC, sort=False).mean()
    rows: list[dict[str, Any]] = []
    for model in means.columns:
        values = {str(name): float(value) for name, value in means[model].items()}
        rows.append({"model": str(model), **{n: v if v == v else None for n, v in values.items()}})
    first = str(means.index[0])
    return sorted(rows, key=lambda row: (row[first] is None, row[first]))


@dataclass(frozen=True)
class _Windows:
    """Columns of a backtest table as matrices, one row per series and cutoff."""

    ids: np.ndarray  # (n_series,)
    owner: np.ndarray  # (n_windows,) index of the series
    cutoffs: pd.Series | None  # (n_windows,)
    columns: dict[str, np.ndarray]  # (n_windows, horizon) by name, NaN without a row

    @classmethod
    def of(cls, df: pd.DataFrame) -> _Windows:
        missing = [name for name in (UNIQUE_ID, DS, Y) if name not in df.columns]
        if missing:
            raise DataError(f"The backtest table has no column '{missing[0]}'.", column=missing[0])
        keys = [UNIQUE_ID, CUTOFF] if CUTOFF in df.columns else [UNIQUE_ID]
        if df.empty or not pd.api.types.is_numeric_dtype(df[Y]):
            raise DataError("The backtest table has no row, or no numbers in 'y'.", column=Y)
        df = df.sort_values([*keys, DS], kind="stable", ignore_index=True)
        group = df.groupby(keys, sort=False).ngroup().to_numpy()
        step = df.groupby(keys, sort=False).cumcount().to_numpy()
        first = np.flatnonzero(step == 0)
        columns = {}
        for name in df.columns:
            if name not in (UNIQUE_ID, DS, CUTOFF) and pd.api.types.is_numeric_dtype(df[name]):
                columns[name] = np.full((len(first), int(step.max()) + 1), np.nan)
                columns[name][group, step] = df[name].to_numpy(np.float64)
        ids, owner = np.unique(df[UNIQUE_ID].to_numpy(str)[first], return_inverse=True)
        cutoffs = df[CUTOFF].iloc[first].reset_index(drop=True) if CUTOFF in df.columns else None
        return cls(ids.astype(object), owner, cutoffs, columns)

    @property
    def y(self) -> np.ndarray:
        return self.columns[Y]

    @property
    def models(self) -> list[str]:
        return [name for name in self.columns if name != Y and not _INTERVAL.match(name)]

    def levels(self) -> tuple[Level, ...]:
        matches = (_INTERVAL.match(name) for name in self.columns)
        return checked_levels([float(match["level"]) for match in matches if match])

    def mean_by_series(self, scores: np.ndarray) -> np.ndarray:
        defined = np.isfinite(scores)
        n = len(self.ids)
        total = np.bincount(self.owner[defined], scores[defined], minlength=n)
        count = np.bincount(self.owner[defined], minlength=n)
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _scored(
    windows: _Windows,
    metrics: Sequence[str],
    scales: dict[int, np.ndarray],
    levels: tuple[Level, ...],
) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """Yield the name of each metric and the scores of all windows by model."""
    y, columns = windows.y, windows.columns
    for name in metrics:
        if name in PLAIN:
            yield name, {m: PLAIN[name](y, columns[m]) for m in windows.models}
        elif name in SCALED:
            formula, power = SCALED[name]
            yield name, {m: formula(y, columns[m], scales[power]) for m in windows.models}
        elif name == "coverage":
            for level in levels:
                yield f"coverage_level{level}", _interval_scores(windows, level, formulas.coverage)
        else:
            yield from _quantile_losses(windows, levels)


def _interval_scores(
    windows: _Windows, level: Level, formula: Callable[..., np.ndarray]
) -> dict[str, np.ndarray]:
    """Scores of the intervals at a level by model, NaN for models without them."""
    scores = {}
    for model in windows.models:
        ends = [windows.columns.get(name) for name in column_names(model, level)]
        if all(end is not None for end in ends):
            scores[model] = formula(windows.y, *ends)
        else:
            scores[model] = np.full(len(windows.y), np.nan)
    return scores


def _quantile_losses(
    windows: _Windows, levels: tuple[Level, ...]
) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """Yield the quantile losses of the lower and the upper end of each interval."""
    for level in levels:
        for side, q in enumerate(tails(level)):

            def loss(
                y: np.ndarray, *ends: np.ndarray, side: int = side, q: float = q
            ) -> np.ndarray:
                return formulas.quantile_loss(y, ends[side], q)

            yield f"quantile_loss_q{q:g}", _interval_scores(windows, level, loss)


def _scales(
    windows: _Windows,
    metrics: Sequence[str],
    train_df: pd.DataFrame | None,
    season_length: int | None,
    freq: str | int | None,
) -> dict[int, np.ndarray]:
    """Scale of every window for mase (1) and rmsse (2), from the values up to its cutoff."""
    powers = {SCALED[name][1] for name in metrics if name in SCALED}
    if not powers:
        return {}
    if train_df is None:
        raise OptionError(
            "mase and rmsse need train_df, the series table that the models were trained on.",
            fix="Pass train_df=, or omit these metrics.",
        )
    data = to_dataset(check_table(train_df), freq)
    m = season_length or min(data.index.frequency.season_lengths)
    return {power: _scale(windows, data, m, power) for power in powers}


def _scale(windows: _Windows, data: Dataset, m: int, power: int) -> np.ndarray:
    index, offsets = data.index, data.panel.offsets
    cutoffs = None if windows.cutoffs is None else index.ordinals(windows.cutoffs)
    scale = np.full(len(windows.owner), np.nan)
    for row, series in enumerate(windows.owner):
        i = index.position.get(windows.ids[series])
        if i is not None:
            length = int(offsets[i + 1] - offsets[i])
            if cutoffs is not None:
                length = min(int(cutoffs[row] - index.first[i]) + 1, length)
            y = data.panel.values[offsets[i] : offsets[i] + max(length, 0)]
            scale[row] = formulas.seasonal_error(y, m, power)
    return scale
