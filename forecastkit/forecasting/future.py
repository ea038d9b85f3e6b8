"""The future of covariates: rows to fill in, files of them, and what each would change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecastkit.errors import OptionError
from forecastkit.forecasting.fitted import Fitted, panel_of
from forecastkit.forecasting.predictor import new_history
from forecastkit.network.threads import single_blas_thread
from forecastkit.tables.ahead import future_rows, with_future
from forecastkit.tables.covariates import Column
from forecastkit.tables.frame import UNIQUE_ID, Grid
from forecastkit.tables.reading import READING, Reading, read_rows

_LOW, _HIGH = 0.1, 0.9
# how the file of a model was read, as far as a file of its future is read so too
_KEPT = ("decimal", "thousands", "date_format", "na_value", "encoding", "time_col", "id_col")


def make_future_dataframe(model: Any, df: pd.DataFrame | None = None) -> pd.DataFrame:
    """Make the rows of the forecast steps, for the columns that are known ahead to be filled in.

    Parameters
    ----------
    model : forecaster or Predictor
        Fitted, or loaded from a file.
    df : DataFrame, optional
        A series table that is to be forecast after; the series of `fit` when left out.

    Returns
    -------
    DataFrame
        `unique_id`, `ds`, and the columns that are known ahead, empty where they are not known yet.
    """
    fitted = _fitted(model)
    grid = fitted.history if df is None else new_history(fitted, df)[0]
    return future_rows(grid, fitted.h)


def read_future(path: str | Path, model: Any, **reading: Any) -> pd.DataFrame:
    """Read a CSV file of future rows.

    Parameters
    ----------
    path : str or Path
        As `make_future_dataframe` makes it (`unique_id`, `ds`), or with the columns of time and
        id of the model's own file, and the columns that are known ahead; a target is not needed.
    model : forecaster or Predictor
    **reading
        Arguments of `read_csv` that say how the file is written; as the model's own file when left
        out.

    Raises
    ------
    UnknownFileError, DataError
        With file, row, column, value and what to do.
    """
    fitted = _fitted(model)
    columns = _told(fitted)
    numbers = [column.name for column in columns if column.categories is None]
    texts = [column.name for column in columns if column.categories is not None]
    kept = fitted.facts.get(READING, {})
    known = {name: kept[name] for name in _KEPT if kept.get(name)}
    given = {name: value for name, value in reading.items() if name in (*_KEPT, "delimiter")}
    table = read_rows(path, numbers, texts, Reading.of(**{**known, **given}))
    if UNIQUE_ID not in table:
        table[UNIQUE_ID] = str(fitted.history.ids[0])
    return table


@single_blas_thread()
def effect_curves(model: Any) -> pd.DataFrame:
    """What each covariate that is known ahead changes: forecasts at its low and its high value.

    All other columns stand at their means. Low and high are the 10 and 90 % quantiles of what each
    series had; for a column of two values, and for events, these two.

    Returns
    -------
    DataFrame
        `covariate`, `low`, `high` (means over the series), `forecast_low`, `forecast_high` (means
        over series and steps), `change` (in percent of the first).
    """
    fitted = _fitted(model)
    names = ["covariate", "low", "high", "forecast_low", "forecast_high", "change"]
    if fitted.effects is None:
        return pd.DataFrame(columns=names)
    grid = with_future(fitted.history, None, fitted.h, whole=False)
    beside = grid.beside
    assert beside is not None
    rows, places = [], _future_places(grid, fitted.h)
    usual = _usual(grid)
    for column in beside.known_ahead:
        if column.cycle is not None:
            continue
        for k, position in enumerate(beside.which([column])):
            label = column.name if column.categories is None else _label(column, k)
            if not any(len(one) for one in _past(grid, position)):
                continue
            low, high = _ends(grid, position)
            means = [_mean_forecast(fitted, grid, places, usual, position, one)
                     for one in (low, high)]  # fmt: skip
            change = 100 * (means[1] / means[0] - 1) if means[0] else np.nan
            rows.append((label, float(low.mean()), float(high.mean()), *means, change))
    return pd.DataFrame(rows, columns=names)


def _label(column: Column, k: int) -> str:
    return f"{column.name}={(column.categories or ())[k]}"


def _fitted(model: Any) -> Fitted:
    fitted = getattr(model, "fitted_", getattr(model, "fitted", None))
    if not isinstance(fitted, Fitted):
        raise OptionError(f"{model!r} is not a fitted model.", fix="Call fit, or load a file.")
    return fitted


def _told(fitted: Fitted) -> list[Column]:
    """Columns that are known ahead because somebody tells them."""
    beside = fitted.history.beside
    known = () if beside is None else beside.known_ahead
    return [column for column in known if not column.made]


def _future_places(grid: Grid, h: int) -> np.ndarray:
    """Rows of the covariates of the next steps, shape (n_series, h)."""
    assert grid.beside is not None
    start = grid.beside.offsets[:-1] + np.diff(grid.offsets)
    return np.asarray(start[:, None] + np.arange(h))


def _past(grid: Grid, position: int) -> list[np.ndarray]:
    """Known values of a column in each series."""
    beside = grid.beside
    assert beside is not None
    found = []
    for start, length in zip(beside.offsets[:-1], np.diff(grid.offsets), strict=True):
        values = beside.values[start : start + length, position]
        found.append(values[~np.isnan(values)])
    return found


def _usual(grid: Grid) -> np.ndarray:
    """Mean of every column in every series, shape (n_series, n_columns)."""
    assert grid.beside is not None
    columns = range(grid.beside.values.shape[1])
    means = [[one.mean() if len(one) else 0.0 for one in _past(grid, k)] for k in columns]
    return np.array(means).T


def _ends(grid: Grid, position: int) -> tuple[np.ndarray, np.ndarray]:
    """Low and high value of a column in each series, shape (n_series,) each."""
    past = _past(grid, position)
    together = np.concatenate(past)
    kinds = np.unique(together)
    if len(kinds) <= 2:
        return np.full(len(past), kinds.min()), np.full(len(past), kinds.max())
    ends = [np.quantile(one if len(one) else together, (_LOW, _HIGH)) for one in past]
    low, high = np.array(ends).T
    return low, high


def _mean_forecast(
    fitted: Fitted,
    grid: Grid,
    places: np.ndarray,
    usual: np.ndarray,
    position: int,
    value: np.ndarray,
) -> float:
    assert grid.beside is not None
    values, ahead = grid.beside.values.copy(), np.repeat(usual[:, None], places.shape[1], axis=1)
    ahead[:, :, position] = value[:, None]
    values[places] = ahead
    changed = replace(grid, beside=replace(grid.beside, values=values))
    return float(fitted.paths(panel_of(changed), [0.0]).mean())
