"""Rolling-origin backtests of any forecaster with `fit` and `predict`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any, Protocol

import numpy as np
import pandas as pd

from forecastkit.errors import DataError, OptionError
from forecastkit.reading.frames import to_series_table
from forecastkit.reading.gaps import filled_periods
from forecastkit.series.intervals import Level, checked_levels
from forecastkit.tables.dataset import Dataset, to_dataset, usual_horizon
from forecastkit.tables.frame import CUTOFF, DS, UNIQUE_ID, Y, check_table
from forecastkit.tables.roles import find_columns
from forecastkit.tables.schema import FUTR, HIST, STAT


class Forecaster(Protocol):
    """Protocol of a model that can be backtested."""

    h: int

    def fit(self, df: pd.DataFrame) -> Any:
        """Fit to a series table."""

    def predict(
        self, df: pd.DataFrame | None = None, level: Sequence[Level] | Level | None = None
    ) -> pd.DataFrame:
        """Return the forecast table that continues the series of `df`."""


def cross_validation(
    model: Forecaster | Sequence[Forecaster],
    df: pd.DataFrame,
    n_windows: int = 4,
    step_size: int | None = None,
    refit: bool = False,
    level: Sequence[Level] | Level | None = None,
) -> pd.DataFrame:
    """Forecast past windows from the data before each of them (rolling-origin evaluation).

    Parameters
    ----------
    model : forecaster or sequence of forecasters
        Each with `h`, `fit(df)` and `predict(df, level)`; clones are fitted.
    df : DataFrame, Series, or a table of polars, Arrow or DuckDB
        A series table, or one that `fit` takes; the result has the standard names.
    n_windows : int
        Number of validation windows at the end of every series.
    step_size : int, optional
        Steps from one window to the next; `h` by default, so that windows do not overlap.
    refit : bool
        Whether to fit before every window; otherwise once, before the first.
    level : sequence of number, optional
        Prediction intervals in percent.

    Returns
    -------
    DataFrame
        `unique_id`, `ds`, `cutoff` (last timestamp available to the model), `y`, and the columns
        of each model. A window omits the series that have no value before it.

    Raises
    ------
    DataError
        If no series is long enough for the windows.
    OptionError
        If the number of windows, the step size or the levels are invalid, or the models differ in
        their horizon or share a name.

    Examples
    --------
    >>> from forecastkit.evaluation.reference import Baseline
    >>> days = pd.date_range("2024-01-01", periods=9)
    >>> table = pd.DataFrame({"unique_id": "a", "ds": days, "y": np.arange(9.0)})
    >>> cv = cross_validation(Baseline("Naive", h=2), table, n_windows=2)
    >>> cv["y"].tolist(), cv["Naive"].tolist()
    ([5.0, 6.0, 7.0, 8.0], [4.0, 4.0, 6.0, 6.0])
    """
    converted = to_series_table(df)
    models = _with_horizons(list(model) if isinstance(model, Sequence) else [model], converted)
    h = _horizon(models)
    step = h if step_size is None else step_size
    checked_levels(level)
    if n_windows < 1 or step < 1:
        raise OptionError(f"n_windows {n_windows} and step_size {step} must be 1 or more.")
    table = check_table(converted)
    freqs = [getattr(model, "freq", None) for model in models]
    freq = next((freq for freq in freqs if freq is not None), None)
    data = to_dataset(table, freq)
    table = table[table[UNIQUE_ID].isin(data.index.ids)].reset_index(drop=True)
    ordinals = data.index.ordinals(table[DS])
    series = table[UNIQUE_ID].ne(table[UNIQUE_ID].shift()).cumsum().to_numpy() - 1
    estimated = _estimated_rows(data, ordinals, series, df.attrs)
    parts = []
    fitted: list[Forecaster] = []
    for steps_back in range(h + step * (n_windows - 1), h - 1, -step):
        cutoff = data.last - steps_back  # (n_series,)
        past = table[ordinals <= cutoff[series]]
        if estimated is not None:
            past = _without_final_estimates(past, estimated[ordinals <= cutoff[series]])
        past = past[past.groupby(UNIQUE_ID)[Y].transform("count") > 0]
        if past.empty:
            raise _too_short(data, h, step, n_windows)
        if refit or not fitted:
            fitted = [_fitted(model, past, data, table) for model in models]
        in_window = (ordinals > cutoff[series]) & (ordinals <= cutoff[series] + h)
        future = table[in_window]
        if estimated is not None:  # forecasts are not scored on filled values
            future = future.assign(**{Y: future[Y].mask(estimated[in_window])})
        cutoff_times = data.index.timestamps(cutoff).astype(table[DS].dtype)
        cutoff_times = cutoff_times.set_axis(data.index.ids)
        past = _extended_to_cutoff(past, cutoff_times)
        window = _window(fitted, past, future, level)
        parts.append(window.assign(**{CUTOFF: window[UNIQUE_ID].map(cutoff_times)}))
    return _ordered(pd.concat(parts, ignore_index=True))


def _ordered(cv: pd.DataFrame) -> pd.DataFrame:
    """Sort the columns and rows of a backtest table."""
    cv[CUTOFF] = cv[CUTOFF].astype(cv[DS].dtype)
    keys = [UNIQUE_ID, DS, CUTOFF, Y]
    cv = cv[[*keys, *(name for name in cv.columns if name not in keys)]]
    return cv.sort_values([UNIQUE_ID, CUTOFF, DS], kind="stable", ignore_index=True)


def _with_horizons(models: list[Forecaster], table: pd.DataFrame) -> list[Forecaster]:
    """Models with the horizon that a fit of the table has by default, where none is given."""
    result = []
    for model in models:
        known = model
        if model.h is None:
            known = copy(model)
            known.h = usual_horizon(table, getattr(model, "freq", None))
        result.append(known)
    return result


def _horizon(models: list[Forecaster]) -> int:
    """Common horizon of the models."""
    if not models:
        raise OptionError("No model to evaluate.")
    horizons = {int(model.h) for model in models}
    if len(horizons) != 1:
        raise OptionError(f"The models have different horizons: {sorted(horizons)}.")
    return horizons.pop()


def _too_short(data: Dataset, h: int, step: int, n_windows: int) -> DataError:
    longest = int(data.panel.lengths.max())
    needed = h + step * (n_windows - 1) + 1
    return DataError(
        f"{n_windows} windows of {h} steps need at least {needed} periods; the longest series has "
        f"{longest}.",
        fix="Use fewer windows (n_windows, --n-windows) or a shorter horizon (h, --horizon).",
    )


def _estimated_rows(
    data: Dataset, ordinals: np.ndarray, series: np.ndarray, attrs: Mapping[Any, Any]
) -> np.ndarray | None:
    """Indicator of the rows whose value was filled; None if there are none."""
    periods = filled_periods(data, attrs)
    if periods is None:
        return None
    is_inside = ordinals <= data.last[series]
    positions = data.panel.offsets[series] + ordinals - data.index.first[series]
    return is_inside & periods[np.where(is_inside, positions, 0)]


def _without_final_estimates(past: pd.DataFrame, estimated: np.ndarray) -> pd.DataFrame:
    """Repeat the last observed value where a series ends within a filled gap.

    Linear interpolation over the gap uses a value after the cutoff.
    """
    observed = past[Y].mask(estimated)
    has_later = observed.notna()[::-1].groupby(past[UNIQUE_ID][::-1]).cumsum()[::-1] > 0
    carried = observed.groupby(past[UNIQUE_ID]).ffill()
    return past.assign(**{Y: past[Y].where(has_later | ~estimated, carried)})


def _extended_to_cutoff(past: pd.DataFrame, cutoffs: pd.Series) -> pd.DataFrame:
    """Add a row with a missing value at the cutoff to the series that have none there."""
    ends = cutoffs.loc[past[UNIQUE_ID].unique()].rename_axis(UNIQUE_ID).rename(DS).reset_index()
    past = past.merge(
        ends.astype({UNIQUE_ID: past[UNIQUE_ID].dtype}), on=[UNIQUE_ID, DS], how="outer"
    )
    return past.sort_values([UNIQUE_ID, DS], kind="stable", ignore_index=True)


def _roles(model: Any, past: pd.DataFrame, table: pd.DataFrame) -> dict[str, list[str]]:
    """Names of the covariates by role, inferred at the first cutoff.

    Apart from the rows up to the cutoff, only those after the last target of the table are used:
    they show which covariates are known in advance.
    """
    after = table[DS] > table.loc[table[Y].notna(), DS].max()
    available = pd.concat([past, table[after]]).drop_duplicates([UNIQUE_ID, DS])
    available = available.sort_values([UNIQUE_ID, DS], kind="stable", ignore_index=True)
    available.attrs = dict(table.attrs)
    columns, _ = find_columns(available, model.futr_exog, model.hist_exog, model.stat_exog, model.h)
    named = [column for column in columns if not column.is_derived]
    roles = (FUTR, HIST, STAT)
    return {role: [column.name for column in named if column.role == role] for role in roles}


def _fitted(
    model: Forecaster, past: pd.DataFrame, data: Dataset, table: pd.DataFrame
) -> Forecaster:
    """Clone a model and fit it to the rows up to the first cutoff."""
    from sklearn.base import clone

    copy = clone(model)
    if "freq" in copy.get_params():  # a short first window could suggest another frequency
        copy.set_params(freq=data.index.frequency)
    if {FUTR, HIST, STAT} <= set(copy.get_params()):  # or other roles of the covariates
        copy.set_params(**_roles(copy, past, table))
    # `train` of our forecasters is `fit` without a scoreboard, which is not needed here
    getattr(copy, "train", copy.fit)(past)
    return copy


def _forecast(
    model: Any,
    past: pd.DataFrame,
    future: pd.DataFrame,
    level: Sequence[Level] | Level | None,
) -> pd.DataFrame:
    """Forecast after the last row of every series, with the future covariates of the model."""
    covariates = list(getattr(model, "futr_exog", None) or ())
    options = {"futr_df": future[[UNIQUE_ID, DS, *covariates]]} if covariates else {}
    forecast: pd.DataFrame = getattr(model, "predict_after", model.predict)(past, level, **options)
    return forecast


def _window(
    models: list[Forecaster],
    past: pd.DataFrame,
    future: pd.DataFrame,
    level: Sequence[Level] | Level | None,
) -> pd.DataFrame:
    """Forecasts of all models for one window, joined with the actual values."""
    forecasts = [_forecast(model, past, future, level) for model in models]
    window = forecasts[0]
    for other in forecasts[1:]:
        if set(window.columns) & set(other.columns) != {UNIQUE_ID, DS}:
            raise OptionError(
                "Two models have the same name.", fix="Rename one of the models with alias=."
            )
        window = window.merge(other, on=[UNIQUE_ID, DS], how="left")
    window[DS] = window[DS].astype(future[DS].dtype)
    return window.merge(future[[UNIQUE_ID, DS, Y]], on=[UNIQUE_ID, DS], how="left")
