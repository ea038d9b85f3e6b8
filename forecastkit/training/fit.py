"""A fit from the table to the fitted model: prepare, score on hold-outs, train on everything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from forecastkit.evaluation.skill import MIN_ROWS
from forecastkit.methods.memo import MethodForecasts
from forecastkit.model.model import FittedModel, Metadata
from forecastkit.notes import Note
from forecastkit.ranges import MAX_STEPS
from forecastkit.reading.gaps import filled_periods
from forecastkit.series.panel import Panel
from forecastkit.tables.dataset import Dataset, to_dataset, with_covariates
from forecastkit.tables.frame import ASSUMPTIONS, READING, check_table
from forecastkit.tables.roles import find_columns, find_cycles
from forecastkit.training.arguments import (
    check_arguments,
    given_calendar,
    given_events,
    given_seasons,
)
from forecastkit.training.blending import BlendTrainer, TrainedBlend
from forecastkit.training.plan import Plan, make_plan
from forecastkit.training.progress import Progress
from forecastkit.training.provenance import provenance, table_notes
from forecastkit.training.scoring import (
    ORIGINS,
    WITHOUT,
    HoldoutScores,
    score_windows,
    windows_that_fit,
)


@dataclass(frozen=True, eq=False)
class Prepared:
    """A table that is ready for training.

    Attributes
    ----------
    data : Dataset
        The last periods of every series, with the covariates.
    notes : list of Note
    facts : dict
        Provenance of the table, and the covariates.
    estimated : ndarray of bool, shape (n_periods,), optional
        Values that fill a gap.
    """

    data: Dataset
    notes: list[Note]
    facts: dict[str, Any]
    estimated: np.ndarray | None


def fit_model(
    forecaster: Any, df: pd.DataFrame, scored: bool, progress: bool | None, ablation: bool
) -> FittedModel:
    """Fit a forecaster's model to a series table.

    Parameters
    ----------
    forecaster : forecaster
        Its arguments, cells and methods are read; it is not changed.
    df : DataFrame
        A series table.
    scored : bool
        Whether to train before the last windows first, and score the model on them.
    progress : bool, optional
        Whether to show a progress bar; on a terminal by default.
    ablation : bool
        Whether to score the model without its covariates too, where it has some.

    Raises
    ------
    DataError, OptionError
        If the table or an argument is invalid, or the longest series is too short.
    """
    check_arguments(forecaster)
    prepared = prepare(forecaster, df)
    plans = _plans(forecaster, prepared.data)
    with Progress(progress) as bar:
        trained, scores = _train(forecaster, prepared, plans, bar, scored, ablation)
    notes = [*prepared.notes]
    for plan in plans.values():
        notes += [one for one in plan.notes if one not in notes]
    facts = {
        "model": type(forecaster).__name__,
        "preset": forecaster.preset,
        "seed": int(forecaster.seed),
        "steps": trained.steps,
        "holdout": scores.holdout,
        "n_windows": scores.n_windows,
        "skill": [one.to_dict() for one in scores.skills],
        "intervals": scores.intervals,
        **prepared.facts,
    }
    metadata = Metadata(
        alias=forecaster.alias or forecaster.name,
        scoreboard=scores.board,
        assumptions=[one.to_dict() for one in notes + trained.notes],
        facts=facts,
    )
    return FittedModel(trained.blend, prepared.data, metadata)


def prepare(forecaster: Any, df: pd.DataFrame) -> Prepared:
    """Check a table, infer the roles of its covariates, and lay it on its grid."""
    table = check_table(df)
    table.attrs = dict(df.attrs)
    roles = forecaster.futr_exog, forecaster.hist_exog, forecaster.stat_exog
    events = given_events(table, forecaster.holidays, forecaster.events)
    columns, column_notes = find_columns(table, *roles, int(forecaster.h), events)
    data = to_dataset(table, forecaster.freq)
    calendar = given_calendar(table, forecaster.calendar)
    if forecaster.preset != "instant":  # its network has no covariate inputs
        cycles, more = find_cycles(columns, data.index.frequency, calendar)
        columns, column_notes = columns + cycles, column_notes + more
    notes = [Note(**one) for one in df.attrs.get(ASSUMPTIONS, [])]
    notes += table_notes(data, table) + column_notes
    data = with_covariates(data, table, columns).recent(MAX_STEPS)
    facts = {
        "covariates": [column.to_dict() for column in columns],
        **provenance(table, data),
        READING: df.attrs.get(READING, {}),
    }
    return Prepared(data, notes, facts, filled_periods(data, df.attrs))


def _train(
    forecaster: Any,
    prepared: Prepared,
    plans: Mapping[str, Plan],
    bar: Progress,
    scored: bool,
    ablation: bool,
) -> tuple[TrainedBlend, HoldoutScores]:
    """Train before the hold-outs and score on them, then train on everything."""
    data, panel = prepared.data, prepared.data.panel
    forecasts = MethodForecasts(int(forecaster.h))

    def trainer_of(several: Mapping[str, Plan]) -> BlendTrainer:
        season = min(min(plan.season_lengths) for plan in several.values())
        sizes = int(forecaster.h), season, int(forecaster.seed)
        return BlendTrainer(several, forecaster.methods, *sizes, bar.step, forecasts)

    trainer = scorer = trainer_of(plans)
    holdout, n_windows = _to_hold_out(data, int(forecaster.h), plans) if scored else (0, 0)
    if n_windows:  # seasons and pairs of covariates come from before the first window as well
        earlier = _plans(forecaster, data, panel.drop_last(holdout * n_windows))
        if any(not earlier[name].looks_like(plan) for name, plan in plans.items()):
            scorer = trainer_of(earlier)
    without = ablation and panel.covariates is not None and bool(n_windows)
    bar.start(trainer.max_steps + (bool(n_windows) + without) * scorer.max_steps)
    scores = HoldoutScores(holdout=holdout)
    alias = forecaster.alias or forecaster.name
    if n_windows:
        scores = score_windows(alias, panel, holdout, n_windows, scorer, prepared.estimated)
        bar.skip(scorer.max_steps)
    if without:
        name, alone = f"{alias} {WITHOUT}", panel.alone()
        other = score_windows(name, alone, holdout, n_windows, scorer, prepared.estimated)
        scores = scores.beside(other, name)
        bar.skip(scorer.max_steps)
    return trainer(panel), scores


def _plans(forecaster: Any, data: Dataset, past: Panel | None = None) -> dict[str, Plan]:
    """A plan for each ensemble of networks of a forecaster."""
    window = None if forecaster.input_size is None else int(forecaster.input_size)
    seasons = given_seasons(forecaster.season_length)
    plans = {}
    for name, cell in forecaster.cells.items():
        preset = forecaster.preset
        fine_tuned = cell not in forecaster.not_fine_tuned or window is not None
        if preset in ("fast", "default") and not fine_tuned:
            preset = "instant"
        plans[name] = make_plan(data, cell, int(forecaster.h), preset, window, seasons, past)
    return plans


def _to_hold_out(data: Dataset, h: int, plans: Mapping[str, Plan]) -> tuple[int, int]:
    """Steps of a held-out window, and the number of windows."""
    longest = int(data.panel.lengths.max())
    holdout = min(h, longest // 3)
    trains = any(plan.recipes for plan in plans.values())
    many = data.panel.n_series >= MIN_ROWS and trains
    return holdout, windows_that_fit(data.panel, holdout, 1 if many else ORIGINS)
