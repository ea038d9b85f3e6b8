"""The future of covariates: rows to fill in, files of them, and what each would change."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecastkit.model.model import FittedModel, fitted_model
from forecastkit.model.predictor import new_history
from forecastkit.network.threads import single_blas_thread
from forecastkit.reading.options import ReadingOptions
from forecastkit.reading.reader import read_rows
from forecastkit.series.covariates import Covariates
from forecastkit.tables.dataset import Dataset
from forecastkit.tables.frame import READING, UNIQUE_ID
from forecastkit.tables.future import future_rows, with_future

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
    fitted = fitted_model(model)
    data = fitted.history if df is None else new_history(fitted, df)[0]
    return future_rows(data, fitted.h)


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
    fitted = fitted_model(model)
    columns = [one for one in fitted.history.schema.known_ahead if not one.is_derived]
    numbers = [column.name for column in columns if column.categories is None]
    texts = [column.name for column in columns if column.categories is not None]
    kept = fitted.metadata.facts.get(READING, {})
    known = {name: kept[name] for name in _KEPT if kept.get(name)}
    given = {name: value for name, value in reading.items() if name in (*_KEPT, "delimiter")}
    table = read_rows(path, numbers, texts, ReadingOptions.of(**{**known, **given}))
    if UNIQUE_ID not in table:
        table[UNIQUE_ID] = str(fitted.history.index.ids[0])
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
    fitted = fitted_model(model)
    names = ["covariate", "low", "high", "forecast_low", "forecast_high", "change"]
    if fitted.blend.effects is None:
        return pd.DataFrame(columns=names)
    data = with_future(fitted.history, None, fitted.h, complete=False)
    schema = data.schema
    labels = [label for column in schema.changing for label in column.features]
    rows, means = [], _means(data)
    for column in schema.known_ahead:
        for position in schema.positions([column]) if column.cycle is None else ():
            if not any(len(one) for one in _past(data, position)):
                continue
            low, high = _low_and_high(data, position)
            before, after = (
                _mean_forecast(fitted, data, means, position, value) for value in (low, high)
            )
            change = 100 * (after / before - 1) if before else np.nan
            ends = float(low.mean()), float(high.mean())
            rows.append((labels[position], *ends, before, after, change))
    return pd.DataFrame(rows, columns=names)


def _covariates(data: Dataset) -> Covariates:
    assert data.panel.covariates is not None
    return data.panel.covariates


def _past(data: Dataset, position: int) -> list[np.ndarray]:
    """Known values of a feature in each series, up to its last period."""
    changing = _covariates(data).changing
    starts = changing.offsets[:-1]
    past = changing.between(starts, starts + data.panel.lengths)
    rows = [past.values[a:b, position] for a, b in pairwise(past.offsets)]
    return [one[~np.isnan(one)] for one in rows]


def _means(data: Dataset) -> np.ndarray:
    """Mean of every feature in every series, shape (n_series, n_features)."""
    n_features = _covariates(data).changing.values.shape[1]
    means = [[one.mean() if len(one) else 0.0 for one in _past(data, k)] for k in range(n_features)]
    return np.array(means).T


def _low_and_high(data: Dataset, position: int) -> tuple[np.ndarray, np.ndarray]:
    """Low and high value of a feature in each series, shape (n_series,) each."""
    past = _past(data, position)
    pooled = np.concatenate(past)
    distinct = np.unique(pooled)
    if len(distinct) <= 2:
        return np.full(len(past), distinct.min()), np.full(len(past), distinct.max())
    ends = [np.quantile(one if len(one) else pooled, (_LOW, _HIGH)) for one in past]
    low, high = np.array(ends).T
    return low, high


def _mean_forecast(
    fitted: FittedModel, data: Dataset, means: np.ndarray, position: int, value: np.ndarray
) -> float:
    """Mean of the forecast with one feature set to a value and the others to their means."""
    covariates = _covariates(data)
    changing = covariates.changing
    future = np.repeat(means[:, None], fitted.h, axis=1)
    future[:, :, position] = value[:, None]
    rows = (changing.offsets[:-1] + data.panel.lengths)[:, None] + np.arange(fitted.h)
    values = changing.values.copy()
    values[rows] = future
    changed = replace(covariates, changing=changing.with_values(values))
    return float(fitted.quantiles(replace(data.panel, covariates=changed), [0.0]).mean())
