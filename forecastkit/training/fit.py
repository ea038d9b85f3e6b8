"""Fitting of a model to a table: preparation, hold-out scores, training on all data."""

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
from forecastkit.tables.schema import FUTR
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
    MAX_WINDOWS,
    WITHOUT,
    HoldoutScores,
    count_windows,
    score_windows,
)


@dataclass(frozen=True, eq=False)
class TrainingData:
    """The data of a fit, and what was inferred about them.

    Attributes
    ----------
    data : Dataset
        The last `MAX_STEPS` periods of every series, with the covariates.
    notes : list of Note
    facts : dict
        Metadata of the table and of the covariates.
    estimated : ndarray of bool, shape (n_periods,), optional
        Marks filled gaps.
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
        Provides arguments, cells and methods; not modified.
    df : DataFrame
        A series table.
    scored : bool
        Whether to score the model on hold-outs, for which it is trained once more, without them.
    progress : bool, optional
        Whether to show a progress bar; by default if standard error is a terminal.
    ablation : bool
        Whether to score a model with covariates without them as well.

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
        notes += [note for note in plan.notes if note not in notes]
    facts = {
        "model": type(forecaster).__name__,
        "preset": forecaster.preset,
        "seed": int(forecaster.seed),
        "steps": trained.steps,
        "holdout": scores.holdout,
        "n_windows": scores.n_windows,
        "skill": [skill.to_dict() for skill in scores.skills],
        "intervals": scores.intervals,
        **prepared.facts,
    }
    metadata = Metadata(
        alias=forecaster.alias or forecaster.name,
        scoreboard=scores.board,
        assumptions=[note.to_dict() for note in notes + trained.notes],
        facts=facts,
    )
    return FittedModel(trained.blend, prepared.data, metadata)


def prepare(forecaster: Any, df: pd.DataFrame) -> TrainingData:
    """Check a table, infer its frequency and the roles of its covariates, and convert it."""
    table = check_table(df)
    table.attrs = dict(df.attrs)
    roles = forecaster.futr_exog, forecaster.hist_exog, forecaster.stat_exog
    events = given_events(table, forecaster.holidays, forecaster.events)
    columns, column_notes = find_columns(table, *roles, int(forecaster.h), events)
    data = to_dataset(table, forecaster.freq)
    calendar = given_calendar(table, forecaster.calendar)
    if forecaster.preset == "instant":  # its network has no covariate inputs
        unused = [column.name for column in columns if column.role != FUTR]
        if unused:
            why = "the preset instant uses future covariates only"
            column_notes.append(Note(f"not used: {', '.join(unused)}", why))
    else:
        cycles, cycle_notes = find_cycles(columns, data.index.frequency, calendar)
        columns, column_notes = columns + cycles, column_notes + cycle_notes
    notes = [Note(**note) for note in df.attrs.get(ASSUMPTIONS, [])]
    notes += table_notes(data, table) + column_notes
    data = with_covariates(data, table, columns).recent(MAX_STEPS)
    facts = {
        "covariates": [column.to_dict() for column in columns],
        **provenance(table, data),
        READING: df.attrs.get(READING, {}),
    }
    return TrainingData(data, notes, facts, filled_periods(data, df.attrs))


def _train(
    forecaster: Any,
    prepared: TrainingData,
    plans: Mapping[str, Plan],
    bar: Progress,
    scored: bool,
    ablation: bool,
) -> tuple[TrainedBlend, HoldoutScores]:
    """Train without the hold-outs and score on them, then train on all data."""
    data, panel = prepared.data, prepared.data.panel
    forecasts = MethodForecasts(int(forecaster.h))

    def make_trainer(plans: Mapping[str, Plan]) -> BlendTrainer:
        season_length = min(min(plan.season_lengths) for plan in plans.values())
        settings = int(forecaster.h), season_length, int(forecaster.seed)
        return BlendTrainer(plans, forecaster.methods, *settings, bar.step, forecasts)

    trainer = holdout_trainer = make_trainer(plans)
    h, n_windows = _holdout_size(data, int(forecaster.h), plans) if scored else (0, 0)
    if n_windows:  # seasons and pairs of covariates are inferred without the hold-outs, too
        past_plans = _plans(forecaster, data, panel.drop_last(h * n_windows))
        if any(not past_plans[name].is_equivalent(plan) for name, plan in plans.items()):
            holdout_trainer = make_trainer(past_plans)
    ablated = ablation and _uses_covariates(forecaster, panel) and bool(n_windows)
    bar.start(trainer.max_steps + (bool(n_windows) + ablated) * holdout_trainer.max_steps)
    scores = HoldoutScores(holdout=h)
    alias = forecaster.alias or forecaster.name
    settings = h, n_windows, holdout_trainer, prepared.estimated
    if n_windows:
        scores = score_windows(alias, panel, *settings)
        bar.skip(holdout_trainer.max_steps)
    if ablated:
        name = f"{alias} {WITHOUT}"
        scores = scores.with_row(score_windows(name, panel.alone(), *settings), name)
        bar.skip(holdout_trainer.max_steps)
    return trainer(panel), scores


def _uses_covariates(forecaster: Any, panel: Panel) -> bool:
    """Whether covariates can change the forecast; those of the past do not without training."""
    covariates = panel.covariates
    if covariates is None:
        return False
    return forecaster.preset != "instant" or bool(covariates.effective.any())


def _plans(forecaster: Any, data: Dataset, past: Panel | None = None) -> dict[str, Plan]:
    """Return the training plan of each ensemble of a forecaster, by the name of the part."""
    input_size = None if forecaster.input_size is None else int(forecaster.input_size)
    seasons = given_seasons(forecaster.season_length)
    plans = {}
    for name, cell in forecaster.cells.items():
        preset = forecaster.preset
        fine_tuned = cell not in forecaster.not_fine_tuned or input_size is not None
        if preset in ("fast", "default") and not fine_tuned:
            preset = "instant"
        plans[name] = make_plan(data, cell, int(forecaster.h), preset, input_size, seasons, past)
    return plans


def _holdout_size(data: Dataset, h: int, plans: Mapping[str, Plan]) -> tuple[int, int]:
    """Return the steps of a held-out window, and the number of windows."""
    longest = int(data.panel.lengths.max())
    window = min(h, longest // 3)
    is_trained = any(plan.recipes for plan in plans.values())
    one_window = data.panel.n_series >= MIN_ROWS and is_trained
    return window, count_windows(data.panel, window, 1 if one_window else MAX_WINDOWS)
