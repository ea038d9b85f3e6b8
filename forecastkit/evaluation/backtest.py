"""Rolling-origin backtests of anything with fit and predict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd

from forecastkit.errors import DataError, OptionError
from forecastkit.reading.gaps import filled_periods
from forecastkit.series.intervals import Level, checked_levels
from forecastkit.tables.dataset import Dataset, to_dataset
from forecastkit.tables.frame import CUTOFF, DS, UNIQUE_ID, Y, check_table
from forecastkit.tables.roles import find_columns
from forecastkit.tables.schema import FUTR, HIST, STAT


class Forecaster(Protocol):
    """What can be backtested."""

    h: int

    def fit(self, df: pd.DataFrame) -> Any:
        """Train on a series table."""

    def predict(
        self, df: pd.DataFrame | None = None, level: Sequence[Level] | Level | None = None
    ) -> pd.DataFrame:
        """Return the forecast table after the series of `df`."""


def cross_validation(
    model: Forecaster | Sequence[Forecaster],
    df: pd.DataFrame,
    n_windows: int = 4,
    step_size: int | None = None,
    refit: bool = False,
    level: Sequence[Level] | Level | None = None,
) -> pd.DataFrame:
    """Forecast windows of the past from what was known before them.

    Parameters
    ----------
    model : forecaster or sequence of forecasters
        Each with `h`, `fit(df)` and `predict(df, level)`; it is cloned, and left as it is.
    df : DataFrame
        A series table.
    n_windows : int
        Windows at the end of every series.
    step_size : int, optional
        Steps from one window to the next; `h` when left out, so that windows do not overlap.
    refit : bool
        Whether to train before every window; otherwise once, before the first.
    level : sequence of number, optional
        Prediction intervals in percent.

    Returns
    -------
    DataFrame
        `unique_id`, `ds`, `cutoff` (last timestamp that the model saw), `y`, and the columns of
        each model. A series without a value before a window is left out of it.

    Raises
    ------
    DataError
        If no series is long enough for the windows.

    Examples
    --------
    >>> from forecastkit.evaluation.reference import Baseline
    >>> days = pd.date_range("2024-01-01", periods=9)
    >>> table = pd.DataFrame({"unique_id": "a", "ds": days, "y": np.arange(9.0)})
    >>> cv = cross_validation(Baseline("Naive", h=2), table, n_windows=2)
    >>> cv["y"].tolist(), cv["Naive"].tolist()
    ([5.0, 6.0, 7.0, 8.0], [4.0, 4.0, 6.0, 6.0])
    """
    models = list(model) if isinstance(model, Sequence) else [model]
    h = _horizon(models)
    step = h if step_size is None else step_size
    checked_levels(level)
    if n_windows < 1 or step < 1:
        raise OptionError(f"n_windows {n_windows} and step_size {step} must be 1 or more.")
    table = check_table(df)
    given = [getattr(one, "freq", None) for one in models]
    freq = next((one for one in given if one is not None), None)
    data = to_dataset(table, freq)
    table = table[table[UNIQUE_ID].isin(data.index.ids)].reset_index(drop=True)
    ordinals = data.index.ordinals(table[DS])
    series = table[UNIQUE_ID].ne(table[UNIQUE_ID].shift()).cumsum().to_numpy() - 1
    estimated = _estimated_rows(data, ordinals, series, df.attrs)
    parts = []
    fitted: list[Forecaster] = []
    for back in range(h + step * (n_windows - 1), h - 1, -step):
        cutoff = data.last - back  # (n_series,)
        known = table[ordinals <= cutoff[series]]
        if estimated is not None:
            known = _observed_at_end(known, estimated[ordinals <= cutoff[series]])
        known = known[known.groupby(UNIQUE_ID)[Y].transform("count") > 0]
        if known.empty:
            raise _too_short(data, h, step, n_windows)
        if refit or not fitted:
            fitted = [_trained(one, known, data, table) for one in models]
        inside = (ordinals > cutoff[series]) & (ordinals <= cutoff[series] + h)
        ahead = table[inside]
        if estimated is not None:  # no forecast is scored on an estimate
            ahead = ahead.assign(**{Y: ahead[Y].mask(estimated[inside])})
        moments = data.index.timestamps(cutoff).astype(table[DS].dtype)
        moments = moments.set_axis(data.index.ids)
        known = _up_to(known, moments)
        part = _window(fitted, known, ahead, level)
        parts.append(part.assign(**{CUTOFF: part[UNIQUE_ID].map(moments)}))
    return _ordered(pd.concat(parts, ignore_index=True))


def _ordered(cv: pd.DataFrame) -> pd.DataFrame:
    """Columns and rows of a backtest in their order."""
    cv[CUTOFF] = cv[CUTOFF].astype(cv[DS].dtype)
    first = [UNIQUE_ID, DS, CUTOFF, Y]
    cv = cv[[*first, *(name for name in cv.columns if name not in first)]]
    return cv.sort_values([UNIQUE_ID, CUTOFF, DS], kind="stable", ignore_index=True)


def _horizon(models: list[Forecaster]) -> int:
    if not models:
        raise OptionError("No model to evaluate.")
    horizons = {int(one.h) for one in models}
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
    """Whether the value of each row fills a gap; None where no row's does."""
    periods = filled_periods(data, attrs)
    if periods is None:
        return None
    inside = ordinals <= data.last[series]
    places = data.panel.offsets[series] + ordinals - data.index.first[series]
    return inside & periods[np.where(inside, places, 0)]


def _observed_at_end(known: pd.DataFrame, estimated: np.ndarray) -> pd.DataFrame:
    """Repeat the last observed value where a series ends in a gap that was filled.

    A straight line through the gap leads to a value after the cutoff.
    """
    observed = known[Y].mask(estimated)
    later = observed.notna()[::-1].groupby(known[UNIQUE_ID][::-1]).cumsum()[::-1] > 0
    filled = observed.groupby(known[UNIQUE_ID]).ffill()
    return known.assign(**{Y: known[Y].where(later | ~estimated, filled)})


def _up_to(known: pd.DataFrame, cutoffs: pd.Series) -> pd.DataFrame:
    """Add a row without a value at the cutoff where a series has none there."""
    ends = cutoffs.loc[known[UNIQUE_ID].unique()].rename_axis(UNIQUE_ID).rename(DS).reset_index()
    known = known.merge(
        ends.astype({UNIQUE_ID: known[UNIQUE_ID].dtype}), on=[UNIQUE_ID, DS], how="outer"
    )
    return known.sort_values([UNIQUE_ID, DS], kind="stable", ignore_index=True)


def _roles(model: Any, known: pd.DataFrame, table: pd.DataFrame) -> dict[str, list[str]]:
    """Covariates by their roles, from what is known at the first cutoff.

    Of the rest of the table only the rows after its last target count: those that say what is known
    ahead.
    """
    after = table[DS] > table.loc[table[Y].notna(), DS].max()
    seen = pd.concat([known, table[after]]).drop_duplicates([UNIQUE_ID, DS])
    seen = seen.sort_values([UNIQUE_ID, DS], kind="stable", ignore_index=True)
    seen.attrs = dict(table.attrs)
    columns, _ = find_columns(seen, model.futr_exog, model.hist_exog, model.stat_exog, model.h)
    named = [column for column in columns if not column.is_derived]
    roles = (FUTR, HIST, STAT)
    return {role: [one.name for one in named if one.role == role] for role in roles}


def _trained(
    model: Forecaster, known: pd.DataFrame, data: Dataset, table: pd.DataFrame
) -> Forecaster:
    from sklearn.base import clone

    copy = clone(model)
    if "freq" in copy.get_params():  # a short first window must not be read differently
        copy.set_params(freq=data.index.frequency)
    if {FUTR, HIST, STAT} <= set(copy.get_params()):  # nor what its columns mean
        copy.set_params(**_roles(copy, known, table))
    # a forecaster's `train` is its `fit` without the scoreboard, which is made here
    getattr(copy, "train", copy.fit)(known)
    return copy


def _forecast(
    model: Any,
    known: pd.DataFrame,
    ahead: pd.DataFrame,
    level: Sequence[Level] | Level | None,
) -> pd.DataFrame:
    future = list(getattr(model, "futr_exog", None) or ())
    given = {"futr_df": ahead[[UNIQUE_ID, DS, *future]]} if future else {}
    forecast: pd.DataFrame = getattr(model, "predict_after", model.predict)(known, level, **given)
    return forecast


def _window(
    models: list[Forecaster],
    known: pd.DataFrame,
    ahead: pd.DataFrame,
    level: Sequence[Level] | Level | None,
) -> pd.DataFrame:
    # a series ends at its cutoff, even where it has no value there
    forecasts = [_forecast(one, known, ahead, level) for one in models]
    part = forecasts[0]
    for other in forecasts[1:]:
        if set(part.columns) & set(other.columns) != {UNIQUE_ID, DS}:
            raise OptionError(
                "Two models have the same name.", fix="Rename one of the models with alias=."
            )
        part = part.merge(other, on=[UNIQUE_ID, DS], how="left")
    part[DS] = part[DS].astype(ahead[DS].dtype)
    return part.merge(ahead[[UNIQUE_ID, DS, Y]], on=[UNIQUE_ID, DS], how="left")
