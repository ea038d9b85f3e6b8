"""After deployment: how good a forecast was, and which observations are outside their intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from forecastkit.errors import DataError
from forecastkit.evaluation.metrics import coverage, mase, smape
from forecastkit.evaluation.scoreboard import seasonal_errors
from forecastkit.evaluation.skill import Skill, skill
from forecastkit.methods.registry import METHODS
from forecastkit.model.distribution import Stored
from forecastkit.model.history import new_history
from forecastkit.model.model import FittedModel, fitted_model
from forecastkit.network.runtime import ensemble_paths
from forecastkit.network.threads import single_blas_thread
from forecastkit.reading.frames import to_new_table
from forecastkit.series.effects import Adjusted
from forecastkit.series.intervals import Level, checked_levels, column_names, normal, quantiles_at
from forecastkit.series.intervals import tails as tails_of
from forecastkit.series.panel import Panel
from forecastkit.tables.dataset import Dataset
from forecastkit.tables.frame import DS, UNIQUE_ID, Y
from forecastkit.tables.future import with_future

_LEVELS = (80, 95)
# periods of a series that are checked for anomalies at most, the last ones
_MAX_PERIODS = 2000
ANOMALY = "anomaly"


class Score(float):
    """Negative MASE of a forecast, so that higher is better, with the details.

    Attributes
    ----------
    table : DataFrame
        A row for the model and for seasonal naive: `mase`, `smape`, `coverage_level80`,
        `coverage_level95`, and `n`, the number of values.
    drift : Skill or None
        The error against that of the same model on the last steps of its history.
    """

    table: pd.DataFrame
    drift: Skill | None

    def __str__(self) -> str:
        lines = [self.table.round(3).to_string(index=False)]
        if self.drift is not None:
            lines.append(f"Against the last steps of the history: {self.drift}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self)


@single_blas_thread()
def score_actuals(model: Any, df: Any) -> Score:
    """Compare the forecast of a model with what came after its history.

    Parameters
    ----------
    model : forecaster or Predictor
        Fitted, or loaded from a file.
    df : DataFrame or another table
        Observations after the history of its series; those within it are ignored. Columns known in
        advance are read from it, too.

    Returns
    -------
    Score
        A number, -MASE, with a table and a paired comparison with the last steps of the history.

    Raises
    ------
    DataError
        If no row is after the history of its series.

    Examples
    --------
    >>> import forecastkit as fk
    >>> table = fk.datasets.load("air_passengers")
    >>> model = fk.LSTMForecaster(h=6, preset="instant").train(table.head(132))
    >>> model.score(table.tail(12)).table["model"].tolist()
    ['LSTM', 'SeasonalNaive']
    """
    fitted = fitted_model(model)
    table = to_new_table(df, fitted.metadata.facts)
    data = fitted.history
    series, steps = data.index.locate(table)
    ahead = steps - data.panel.lengths[np.maximum(series, 0)]
    is_new = (series >= 0) & (ahead >= 0) & table[Y].notna().to_numpy()
    if not is_new.any():
        raise DataError(
            "No row is after the history of its series.",
            fix="Give the observations that followed, with the ids of the fit.",
        )
    h = int(ahead[is_new].max()) + 1
    actual = np.full((data.panel.n_series, h), np.nan)
    actual[series[is_new], ahead[is_new]] = table[Y].to_numpy(float)[is_new]
    at_horizon = fitted.with_horizon(h)
    if fitted.blend.effects is not None:
        data = with_future(data, _known_ahead(table, data), h, complete=False)
    paths = _paths(at_horizon, data.panel)
    scales = seasonal_errors(data.panel, fitted.blend.season_length)
    own = mase(actual, paths[..., 0], scales)
    naive, deviation = METHODS["SeasonalNaive"].forecast(
        data.panel.alone(), h, fitted.blend.season_length
    )
    z = np.array([normal(tau) for tau in (0.5, *_tails())])
    rows = {
        fitted.metadata.alias: paths,
        "SeasonalNaive": naive[..., None] + deviation[..., None] * z,
    }
    score = Score(-float(np.nanmean(own)) if np.isfinite(own).any() else np.nan)
    score.table = pd.DataFrame([_row(name, actual, path, scales) for name, path in rows.items()])
    score.drift = _drift(at_horizon, data.panel, own, scales)
    return score


def _known_ahead(table: pd.DataFrame, data: Dataset) -> pd.DataFrame:
    names = [column.name for column in data.schema.known_ahead if not column.is_derived]
    return table[[UNIQUE_ID, DS, *(name for name in names if name in table)]]


def _tails() -> list[float]:
    return [tau for level in _LEVELS for tau in tails_of(level)]


def _paths(model: FittedModel, panel: Panel) -> np.ndarray:
    """Median and bounds of the intervals, shape (n_series, h, 5)."""
    z = [normal(tau) for tau in (0.5, *_tails())]
    return model.blend.quantiles(panel, z, Stored(panel.alone()))


def _row(name: str, actual: np.ndarray, paths: np.ndarray, scales: np.ndarray) -> dict[str, Any]:
    errors = mase(actual, paths[..., 0], scales)
    row = {"model": name, "mase": _mean(errors), "smape": _mean(smape(actual, paths[..., 0]))}
    for k, level in enumerate(_LEVELS):
        inside = coverage(actual, paths[..., 1 + 2 * k], paths[..., 2 + 2 * k])
        row[f"coverage_level{level}"] = _mean(inside)
    return {**row, "n": int((~np.isnan(actual)).sum())}


def _mean(values: np.ndarray) -> float:
    finite = np.asarray(values)[np.isfinite(values)]
    return float(finite.mean()) if finite.size else float("nan")


def _drift(model: FittedModel, panel: Panel, own: np.ndarray, scales: np.ndarray) -> Skill | None:
    """Error against that on as many steps at the end of the history, series by series."""
    past = panel.drop_last(model.h)
    known = np.array([(~np.isnan(past.values[a:b])).sum() for a, b in _bounds(past)])
    rows = np.flatnonzero(known > 2)
    if not len(rows):
        return None
    before = panel.take(rows).last_values(model.h)
    paths = _paths(model, past.take(rows))
    errors = mase(before, paths[..., 0], scales[rows])
    return skill("on the last steps of the history", own[rows], errors, rows)


def _bounds(panel: Panel) -> list[tuple[int, int]]:
    return list(zip(panel.offsets[:-1].tolist(), panel.offsets[1:].tolist(), strict=True))


@single_blas_thread()
def detect_anomalies(model: Any, df: Any = None, level: Level = 99) -> pd.DataFrame:
    """Find observations outside the interval that is forecast one step ahead.

    Parameters
    ----------
    model : forecaster or Predictor
        Fitted, or loaded from a file. The networks of its largest part forecast each observation
        from those before it.
    df : DataFrame or another table, optional
        Observations; rows that follow the history of a series continue it. By default the history.
    level : number
        Level of the interval in percent.

    Returns
    -------
    DataFrame
        `unique_id`, `ds`, `y`, the forecast under the name of the part, the bounds of the interval,
        and `anomaly`: whether `y` is outside. The last 2,000 periods of every series, without its
        first ones, from which there is no forecast, and missing values.

    Raises
    ------
    OptionError
        If the level is invalid.

    Examples
    --------
    >>> import forecastkit as fk
    >>> table = fk.datasets.load("air_passengers")
    >>> table.loc[100, "y"] = 900.0
    >>> model = fk.LSTMForecaster(h=6, preset="instant").train(table)
    >>> found = fk.detect_anomalies(model)
    >>> found.loc[found["y"] == 900, "anomaly"].tolist()
    [True]
    """
    (percent,) = checked_levels(level)
    fitted = fitted_model(model)
    data = fitted.history
    if df is not None:
        data = new_history(fitted, to_new_table(df, fitted.metadata.facts)).data
    panel, members = data.panel, fitted.blend.leading
    view = members[0].network.view
    windows = fitted.blend.windows(panel, view)
    adjusted = Adjusted.of(panel, fitted.blend.effects)
    position = np.arange(len(panel.values))
    step = position - panel.offsets[panel.owner]
    checked = (step > 0) & (step >= panel.lengths[panel.owner] - _MAX_PERIODS)
    checked &= ~np.isnan(panel.values) & windows.is_used(np.where(step > 0, position - 1, -1))
    at = position[checked]
    series, ends = panel.owner[at], step[at] - 1
    paths = ensemble_paths(members, windows, series, ends)[:, :1]
    z = np.array([normal(tau) for tau in (0.5, *tails_of(percent))])
    levels = fitted.blend.calibration.calibrated(z)[:1]
    quantiles = quantiles_at(paths, members[0].network.quantiles, levels)[:, 0]
    scale = adjusted.scale.take(series)
    values = scale.inverse(quantiles)
    if adjusted.series_effects is not None:
        values = scale.moved(values, adjusted.effect[at][:, None])
    low, high = column_names(fitted.metadata.alias, percent)
    table = data.periods().iloc[at].reset_index(drop=True)
    y = panel.values[at]
    table[Y] = y
    for k, name in enumerate((fitted.metadata.alias, low, high)):
        table[name] = values[:, k]
    table[ANOMALY] = (y < values[:, 1]) | (y > values[:, 2])
    return table
