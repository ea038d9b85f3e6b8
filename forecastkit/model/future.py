"""Future values of covariates: rows to fill in, files of future rows, and effect curves."""

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
from forecastkit.reading.frames import FORM, from_forecast_table, to_new_table
from forecastkit.reading.options import ReadingOptions
from forecastkit.reading.reader import read_rows
from forecastkit.series.covariates import Covariates
from forecastkit.tables.dataset import Dataset
from forecastkit.tables.frame import READING, UNIQUE_ID
from forecastkit.tables.future import future_rows, with_future

_LOW, _HIGH = 0.1, 0.9
# options of the model's own file that also apply to a file of future rows
_INHERITED = ("decimal", "thousands", "date_format", "na_value", "encoding", "time_col", "id_col")


def make_future_dataframe(
    model: Any, df: pd.DataFrame | None = None, h: int | None = None
) -> pd.DataFrame:
    """Make a table of the forecast steps in which to fill in the columns known in advance.

    Parameters
    ----------
    model : forecaster or Predictor
        Fitted, or loaded from a file.
    df : DataFrame, optional
        Series table whose following steps are to be forecast; by default the series of `fit`.
    h : int, optional
        Number of steps; by default the horizon of the fit.

    Returns
    -------
    DataFrame
        `unique_id`, `ds`, and the columns known in advance; missing values are yet to be filled in.
    """
    fitted = fitted_model(model)
    facts: dict[Any, Any] = fitted.metadata.facts
    data = fitted.history
    if df is not None:
        table = to_new_table(df, facts)
        data = new_history(fitted, table).data
        facts = dict(table.attrs) if FORM in table.attrs else {}
    rows = future_rows(data, fitted.h if h is None else fitted.with_horizon(h).h)
    return from_forecast_table(rows, facts)


def read_future(path: str | Path, model: Any, **reading: Any) -> pd.DataFrame:
    """Read a CSV file of future rows.

    Parameters
    ----------
    path : str or Path
        With the columns known in advance, and either `unique_id` and `ds`, as from
        `make_future_dataframe`, or the id and time columns of the model's own file; a target is not
        needed.
    model : forecaster or Predictor
    **reading
        Arguments of `read_csv` that describe the format of the file; by default those of the
        model's own file.

    Raises
    ------
    UnknownFileError, DataError
        With file, row, column, value and a remedy.
    """
    fitted = fitted_model(model)
    columns = [column for column in fitted.history.schema.known_ahead if not column.is_derived]
    numbers = [column.name for column in columns if column.categories is None]
    texts = [column.name for column in columns if column.categories is not None]
    stored = fitted.metadata.facts.get(READING, {})
    inherited = {name: stored[name] for name in _INHERITED if stored.get(name)}
    own = {name: value for name, value in reading.items() if name in (*_INHERITED, "delimiter")}
    table = read_rows(path, numbers, texts, ReadingOptions.of(**{**inherited, **own}))
    if UNIQUE_ID not in table:
        table[UNIQUE_ID] = str(fitted.history.index.ids[0])
    return table


@single_blas_thread()
def effect_curves(model: Any) -> pd.DataFrame:
    """Effect of each covariate known in advance: mean forecast at its low and its high value.

    All other columns are held at their means. Low and high are the 10 % and 90 % quantiles of the
    past of each series; the two values of binary columns and events.

    Parameters
    ----------
    model : forecaster or Predictor

    Returns
    -------
    DataFrame
        `covariate`, `low`, `high` (means over the series), `forecast_low`, `forecast_high` (means
        over series and steps), `change` (of the latter relative to the former, in percent).
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
            if not any(len(values) for values in _past_values(data, position)):
                continue
            low, high = _low_and_high(data, position)
            at_low, at_high = (
                _mean_forecast(fitted, data, means, position, value) for value in (low, high)
            )
            change = 100 * (at_high / at_low - 1) if at_low else np.nan
            ends = float(low.mean()), float(high.mean())
            rows.append((labels[position], *ends, at_low, at_high, change))
    return pd.DataFrame(rows, columns=names)


def _covariates(data: Dataset) -> Covariates:
    assert data.panel.covariates is not None
    return data.panel.covariates


def _past_values(data: Dataset, position: int) -> list[np.ndarray]:
    """Observed values of a feature per series, up to the last period of the series."""
    changing = _covariates(data).changing
    starts = changing.offsets[:-1]
    past = changing.between(starts, starts + data.panel.lengths)
    by_series = [past.values[a:b, position] for a, b in pairwise(past.offsets)]
    return [values[~np.isnan(values)] for values in by_series]


def _means(data: Dataset) -> np.ndarray:
    """Mean of every feature in every series, shape (n_series, n_features)."""
    n_features = _covariates(data).changing.values.shape[1]
    means = [
        [values.mean() if len(values) else 0.0 for values in _past_values(data, position)]
        for position in range(n_features)
    ]
    return np.array(means).T


def _low_and_high(data: Dataset, position: int) -> tuple[np.ndarray, np.ndarray]:
    """Low and high value of a feature in each series, shape (n_series,) each."""
    past = _past_values(data, position)
    pooled = np.concatenate(past)
    distinct = np.unique(pooled)
    if len(distinct) <= 2:
        return np.full(len(past), distinct.min()), np.full(len(past), distinct.max())
    ends = [np.quantile(values if len(values) else pooled, (_LOW, _HIGH)) for values in past]
    low, high = np.array(ends).T
    return low, high


def _mean_forecast(
    fitted: FittedModel, data: Dataset, means: np.ndarray, position: int, value: np.ndarray
) -> float:
    """Mean forecast with one feature at a value per series and the others at their means."""
    covariates = _covariates(data)
    changing = covariates.changing
    future = np.repeat(means[:, None], fitted.h, axis=1)
    future[:, :, position] = value[:, None]
    rows = (changing.offsets[:-1] + data.panel.lengths)[:, None] + np.arange(fitted.h)
    values = changing.values.copy()
    values[rows] = future
    changed = replace(covariates, changing=changing.with_values(values))
    return float(fitted.quantiles(replace(data.panel, covariates=changed), [0.0]).mean())
