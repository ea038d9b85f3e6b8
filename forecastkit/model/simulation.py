"""Sample paths of a fitted model, and totals over steps and series with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from forecastkit.errors import OptionError
from forecastkit.model.distribution import Stored
from forecastkit.model.history import NewHistory, new_history
from forecastkit.model.model import FittedModel, fitted_model
from forecastkit.network.threads import single_blas_thread
from forecastkit.ranges import MAX_STEPS, check_whole_option
from forecastkit.reading.frames import to_future_table, to_new_table
from forecastkit.series.intervals import Level, checked_levels, column_names, interpolated, tails
from forecastkit.tables.dataset import Dataset
from forecastkit.tables.frame import DS, UNIQUE_ID
from forecastkit.tables.future import with_future

SAMPLE_ID = "sample_id"
TOTAL = "total"
# standard normal quantiles between which values are interpolated
_NODES = np.linspace(-4.0, 4.0, 33)
_ROWS_PER_CHUNK = 256


def simulate_paths(
    model: FittedModel, history: NewHistory, n_paths: int, seed: int, joint: bool
) -> np.ndarray:
    """Sample paths of the next steps of every series, shape (n_series, h, n_paths).

    Each step has the calibrated distribution of the model; the dependence over steps, and with
    `joint` over series, is that of its errors on the hold-outs: a Gaussian copula (Sklar 1959).
    """
    panel, h = history.data.panel, model.h
    stored = Stored(model.history.panel.alone(), history.states)
    with single_blas_thread():
        distribution = model.blend.distribution(panel, stored)
        quantiles = distribution.quantiles(model.blend.calibration.calibrated(_NODES))
    rng = np.random.default_rng(seed)
    z = model.blend.dependence.draw(rng, panel.n_series, h, n_paths, joint)
    z = np.clip(z, _NODES[0], _NODES[-1])
    paths = np.empty(z.shape)
    for start in range(0, panel.n_series, _ROWS_PER_CHUNK):
        rows = slice(start, start + _ROWS_PER_CHUNK)
        paths[rows] = interpolated(quantiles[rows], _NODES, z[rows])
    return np.asarray(distribution.clip_to_support(paths))


def simulate(
    model: Any,
    n_paths: int = 200,
    seed: int = 1,
    df: Any = None,
    h: int | None = None,
    futr_df: Any = None,
    joint: bool = False,
) -> pd.DataFrame:
    """Draw sample paths of the next steps of every series.

    Parameters
    ----------
    model : forecaster or Predictor
        Fitted, or loaded from a file.
    n_paths, seed : int
    df, h, futr_df
        As in `predict`.
    joint : bool
        Whether the series of a path depend on each other, as their errors on the hold-outs do.

    Returns
    -------
    DataFrame
        `unique_id`, `ds`, `sample_id` (from 0), and the values under the model's alias.

    Raises
    ------
    NotFittedError, DataError, OptionError
        As in `predict`.

    Examples
    --------
    >>> import forecastkit as fk
    >>> table = fk.datasets.load("air_passengers")
    >>> model = fk.LSTMForecaster(h=3, preset="instant").train(table)
    >>> paths = model.simulate(n_paths=100)
    >>> paths.columns.tolist(), len(paths)
    (['unique_id', 'ds', 'sample_id', 'LSTM'], 300)
    """
    fitted, history = requested(model, df, h, futr_df)
    check_whole_option("n_paths", n_paths, 1, MAX_STEPS)
    paths = simulate_paths(fitted, history, n_paths, seed, joint)
    periods = pd.DataFrame(history.data.future_periods(fitted.h))
    table = periods.loc[periods.index.repeat(n_paths)].reset_index(drop=True)
    table[SAMPLE_ID] = np.tile(np.arange(n_paths), len(periods))
    table[fitted.metadata.alias] = paths.reshape(len(table))
    return table.astype({UNIQUE_ID: "str"})


def aggregate_forecast(
    model: Any,
    by: str | Mapping[str, str] | None = None,
    over: str | None = "horizon",
    level: Sequence[Level] | Level = (80,),
    n_paths: int = 1000,
    seed: int = 1,
    **request: Any,
) -> pd.DataFrame:
    """Forecast totals over the horizon and over series, with intervals.

    Intervals of totals cannot be added up from those of the parts: they are quantiles of the totals
    of sample paths, whose steps and series depend on each other as the errors on the hold-outs do.

    Parameters
    ----------
    model : forecaster or Predictor
        Fitted, or loaded from a file.
    by : str or mapping, optional
        What to keep apart: "unique_id" for every series, the name of a static covariate, or the
        group of each `unique_id`; by default all series are added up.
    over : "horizon" or None
        Whether to add up the steps; otherwise there is a total for each.
    level : sequence of number
        Levels of the intervals in percent.
    n_paths, seed : int
        Of the sample paths.
    **request
        `df`, `h` and `futr_df`, as in `predict`; with `impute=True`, missing future values of
        covariates are replaced by the mean of the column.

    Returns
    -------
    DataFrame
        The group (`unique_id`, or the name of the covariate), `ds` (of the last step, with `over`),
        the mean total under the model's alias, and the bounds of the intervals.

    Raises
    ------
    OptionError
        If `by` or `over` is not valid, or a series has no group.

    Examples
    --------
    >>> import forecastkit as fk
    >>> model = fk.LSTMForecaster(h=12, preset="instant").train(fk.datasets.load("air_passengers"))
    >>> aggregate_forecast(model)["LSTM"].round(-3).tolist()
    [6000.0]
    """
    levels = checked_levels(level)
    if over not in ("horizon", None):
        raise OptionError(f"over {over!r} is not 'horizon' or None.", value=over)
    fitted, history = requested(model, **request)
    check_whole_option("n_paths", n_paths, 1, MAX_STEPS)
    name, groups = _groups(history.data, by)
    paths = simulate_paths(fitted, history, n_paths, seed, joint=True)
    labels, group = np.unique(groups.astype(str), return_inverse=True)
    periods = history.data.future_periods(fitted.h)
    ds = pd.Series(periods[DS]).to_numpy().reshape(len(groups), fitted.h)
    rows = []
    for k, label in enumerate(labels):
        total = paths[group == k].sum(axis=0)  # (h, n_paths)
        steps = ds[group == k].max(axis=0)
        if over == "horizon":
            total, steps = total.sum(axis=0, keepdims=True), steps[-1:]
        rows.append(_rows(name, str(label), steps, total, fitted.metadata.alias, levels))
    return pd.concat(rows, ignore_index=True)


def _rows(
    name: str,
    label: str,
    ds: np.ndarray,
    totals: np.ndarray,
    alias: str,
    levels: Sequence[Level],
) -> pd.DataFrame:
    columns: dict[str, Any] = {name: label, DS: ds, alias: totals.mean(axis=-1)}
    for percent in levels:
        for column, tau in zip(column_names(alias, percent), tails(percent), strict=True):
            columns[column] = np.quantile(totals, tau, axis=-1)
    return pd.DataFrame(columns)


def _groups(data: Dataset, by: str | Mapping[str, str] | None) -> tuple[str, np.ndarray]:
    """Name of a grouping, and the group of every series."""
    ids = data.index.ids.astype(str)
    if by is None:
        return UNIQUE_ID, np.full(len(ids), TOTAL, object)
    if isinstance(by, Mapping):
        absent = [name for name in ids if name not in by]
        if absent:
            raise OptionError(
                f"Series '{absent[0]}' has no group ({len(absent)} such series).",
                value=absent[0],
                fix="Give the group of every series in `by`.",
            )
        return UNIQUE_ID, np.array([str(by[name]) for name in ids], object)
    if by == UNIQUE_ID:
        return UNIQUE_ID, ids.astype(object)
    start = 0
    for column in data.schema.static:
        features = slice(start, start + column.width)
        start += column.width
        if column.name == by and data.panel.covariates is not None:
            values = data.panel.covariates.static[:, features]
            if column.categories is None:
                return by, values[:, 0].astype(str).astype(object)
            return by, np.array(column.categories, object)[values.argmax(axis=1)]
    listed = ", ".join(column.name for column in data.schema.static) or "none"
    raise OptionError(
        f"'{by}' is not 'unique_id' or a static covariate; there are: {listed}.",
        value=by,
        fix="Give one of these, or a mapping from unique_id to group.",
    )


def requested(
    model: Any,
    df: Any = None,
    h: int | None = None,
    futr_df: Any = None,
    impute: bool = False,
) -> tuple[FittedModel, NewHistory]:
    """A model at a horizon, and the history that it forecasts, with future covariates."""
    fitted = fitted_model(model)
    if h is not None:
        fitted = fitted.with_horizon(h)
    facts = fitted.metadata.facts
    history = NewHistory(fitted.history, [], fitted.states)
    if df is not None:
        history = new_history(fitted, to_new_table(df, facts))
    if fitted.blend.effects is not None:
        if futr_df is not None:
            futr_df = to_future_table(futr_df, facts, list(fitted.history.index.ids))
        data = with_future(history.data, futr_df, fitted.h, complete=not impute)
        history = NewHistory(data, history.notes, history.states)
    return fitted, history
