"""One forecast in its parts, which add up to it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from forecastkit.errors import OptionError
from forecastkit.model.distribution import Stored
from forecastkit.model.model import FittedModel
from forecastkit.model.simulation import requested
from forecastkit.network.runtime import ensemble_paths
from forecastkit.network.threads import single_blas_thread
from forecastkit.ranges import check_whole_option
from forecastkit.series.effects import Adjusted, SeriesEffects
from forecastkit.series.panel import Panel
from forecastkit.tables.schema import Schema

PART, CONTRIBUTION, TOTAL = "part", "contribution", "total"


@single_blas_thread()
def explain(
    model: Any, unique_id: str | None = None, step: int = 1, df: Any = None, futr_df: Any = None
) -> pd.DataFrame:
    """Split a forecast into level, trend, season, correction of the network and covariates.

    The parts are those of the network with the largest weight, added one after the other: on a log
    scale the contribution of each is the change that it makes to the sum of those before it.

    Parameters
    ----------
    model : forecaster or Predictor
        Fitted, or loaded from a file.
    unique_id : str, optional
        Series; not needed if there is only one.
    step : int
        Step of the horizon, from 1.
    df, futr_df
        As in `predict`.

    Returns
    -------
    DataFrame
        `part`, `contribution` (in the units of the series) and `total` (the sum so far); the last
        total is the forecast.

    Raises
    ------
    OptionError
        If there is no such series, or the step is not within the horizon.

    Examples
    --------
    >>> import forecastkit as fk
    >>> model = fk.LSTMForecaster(h=12, preset="instant").train(fk.datasets.load("air_passengers"))
    >>> parts = explain(model, step=7)
    >>> parts["part"].tolist()
    ['level', 'trend', 'season', 'correction of the LSTM', 'rounding and bounds']
    >>> parts["contribution"].sum() == model.predict()["LSTM"].iloc[6]
    np.True_
    """
    fitted, history = requested(model, df, futr_df=futr_df, impute=futr_df is None)
    row = _row(history.data.index.ids.astype(str).tolist(), unique_id)
    check_whole_option("step", step, 1, fitted.h, ", the horizon")
    panel = history.data.panel.take(np.array([row]))
    parts = _parts(fitted, panel, int(step), history.data.schema)
    table = pd.DataFrame(parts, columns=[PART, TOTAL])
    table.insert(1, CONTRIBUTION, np.diff(table[TOTAL], prepend=0.0))
    is_kept = (table[CONTRIBUTION] != 0) | (table.index < 1)
    return table[is_kept].reset_index(drop=True)


def _row(ids: list[str], unique_id: str | None) -> int:
    if unique_id is None and len(ids) == 1:
        return 0
    if unique_id is None or str(unique_id) not in ids:
        listed = ", ".join(ids[:5]) + (", ..." if len(ids) > 5 else "")
        raise OptionError(
            f"There is no series {unique_id!r}; there are: {listed}.",
            value=unique_id,
            fix="Name one of these as unique_id.",
        )
    return ids.index(str(unique_id))


def _parts(fitted: FittedModel, panel: Panel, step: int, schema: Schema) -> list[tuple[str, float]]:
    """Name of each part, and the sum up to it in the units of the series."""
    blend, members = fitted.blend, fitted.blend.leading
    windows = blend.windows(panel, members[0].network.view)
    adjusted = Adjusted.of(panel, blend.effects)
    components, end = windows.components, np.array([len(panel.values) - 1])
    level = float(components.level[end[0]])
    trend = windows.view.trend_share * float(components.slope[end[0]]) * step
    season = float(components.season(end, end + step, np.array([0]))[0])
    median = members[0].network.quantiles.index(0.5)
    path = ensemble_paths(members, windows, np.array([0]), end)[0, step - 1, median]
    names = (*("level", "trend", "season"), f"correction of the {members[0].network.cell.upper()}")
    scale = adjusted.scale
    levels = (level, level + trend, level + trend + season, float(path))
    sums = [
        (name, float(scale.inverse(np.array([[z]]))[0, 0]))
        for name, z in zip(names, levels, strict=True)
    ]
    if adjusted.series_effects is not None:
        start, effect = np.array([[sums[-1][1]]]), 0.0
        for name, own in _effects(adjusted.series_effects, panel, step, schema):
            effect += own
            sums.append((name, float(scale.moved(start, np.array([[effect]]))[0, 0])))
    stored = Stored(fitted.history.panel.alone())
    distribution = blend.distribution(panel, stored)
    whole = distribution.quantiles(np.zeros((fitted.h, 1)))
    sums.append(("other parts of the blend", float(whole[0, step - 1, 0])))
    sums.append(("rounding and bounds", float(distribution.clip_to_support(whole)[0, step - 1, 0])))
    return sums


def _effects(
    effects: SeriesEffects, panel: Panel, step: int, schema: Schema
) -> list[tuple[str, float]]:
    """Effect of each covariate at a step, on the transformed scale."""
    covariates = panel.covariates
    if covariates is None or not len(effects.effects.mean):
        return []
    rows = covariates.after(panel.lengths, step)[:, -1]
    terms = effects.effects.terms(rows, effects.centre)[0] * effects.coefficients[0]
    feature = np.cumsum(effects.effects.known_ahead) - 1
    result, used = [], 0
    for column in schema.known_ahead:
        positions = feature[schema.positions([column])]
        result.append((column.name, float(terms[positions].sum())))
        used += len(positions)
    if len(terms) > used:
        result.append(("products of covariates", float(terms[used:].sum())))
    return result
