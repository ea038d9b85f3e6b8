"""Columns that would lower the error if they were known in advance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from forecastkit.model.distribution import Part
from forecastkit.network.runtime import Member
from forecastkit.ranges import MAX_STEPS
from forecastkit.series.effects_fit import estimate_effects, pairs_of
from forecastkit.series.panel import Panel
from forecastkit.series.scale import measure_scale
from forecastkit.tables.dataset import Dataset, with_covariates
from forecastkit.tables.schema import FUTR, HIST, Column
from forecastkit.training.holdout import hold_out, holdout_loss
from forecastkit.training.plan import Plan

# decrease of the loss on the hold-out, in percent, from which a column is proposed
_MIN_GAIN = 2.0
_MAX_COLUMNS, _MAX_SERIES = 8, 500


def propose_future_columns(
    data: Dataset, table: pd.DataFrame, columns: Sequence[Column], plan: Plan, h: int
) -> dict[str, Any] | None:
    """Find the columns, used for the past only, that would help if they were known in advance.

    Each column alone, and then all that help together, are future covariates in a forecast of the
    last window by the pretrained network.

    Parameters
    ----------
    data : Dataset
    table : DataFrame
        From which it was made.
    columns : sequence of Column
        The covariates and their roles.
    plan : Plan
    h : int
        Horizon.

    Returns
    -------
    dict or None
        `columns`, and `gain`, the decrease of the loss in percent; None if no column helps.
    """
    past = [column for column in columns if column.role == HIST and not column.is_derived]
    known = [column for column in columns if column.role == FUTR]
    n = int(data.panel.lengths.max())
    if not past or len(past) > _MAX_COLUMNS or n < 4 * h:
        return None
    rows = np.arange(data.panel.n_series)[:: max(1, -(-data.panel.n_series // _MAX_SERIES))]
    future = [replace(column, role=FUTR) for column in past]

    def loss_with(selected: Sequence[Column]) -> float:
        panel = data.panel.alone()
        if [*known, *selected]:
            full = with_covariates(replace(data, panel=panel), table, [*known, *selected])
            panel = full.recent(MAX_STEPS).panel
        return _loss(panel.take(rows), plan, h)

    reference = loss_with([])
    losses = {column.name: loss_with([column]) for column in future}
    helpful = [column for column in future if _gain(losses[column.name], reference) >= _MIN_GAIN]
    if not helpful or not np.isfinite(reference):
        return None
    together = loss_with(helpful) if len(helpful) > 1 else losses[helpful[0].name]
    best = min(helpful, key=lambda column: losses[column.name])
    if losses[best.name] < together:
        helpful, together = [best], losses[best.name]
    gain = _gain(together, reference)
    return {"columns": [column.name for column in helpful], "gain": round(gain, 1)}


def _gain(loss: float, reference: float) -> float:
    return 100 * (1 - loss / reference) if reference > 0 else 0.0


def _loss(panel: Panel, plan: Plan, h: int) -> float:
    """Loss of the plan's network on the last window, with effects estimated before it."""
    holdout = hold_out(panel, h)
    effects = None
    if panel.covariates is not None:
        past = panel.drop_last(h)
        effects = estimate_effects(past, measure_scale(past), plan.season_lengths, pairs_of(past))
    member: Member = plan.incumbent
    return holdout_loss(holdout, Part("", 1.0, (member,)), min(plan.season_lengths), effects)
