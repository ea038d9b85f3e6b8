"""Fitting of a model to a table: preparation, hold-out scores, training on all data."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from forecastkit.evaluation.skill import MIN_ROWS
from forecastkit.methods.memo import MethodForecasts
from forecastkit.model.model import FittedModel, Metadata
from forecastkit.notes import Note
from forecastkit.ranges import MAX_STEPS
from forecastkit.reading.frames import FORM, to_series_table
from forecastkit.reading.gaps import filled_periods
from forecastkit.series.panel import Panel
from forecastkit.tables.dataset import Dataset, to_dataset, usual_horizon, with_covariates
from forecastkit.tables.frame import ASSUMPTIONS, READING, check_table
from forecastkit.tables.roles import find_columns, find_cycles
from forecastkit.tables.schema import FUTR, Column
from forecastkit.training.arguments import (
    check_arguments,
    check_time_limit,
    given_calendar,
    given_events,
    given_knobs,
    given_seasons,
)
from forecastkit.training.blending import BlendTrainer, TrainedBlend
from forecastkit.training.deadline import NEVER, Deadline
from forecastkit.training.plan import Plan, make_plan
from forecastkit.training.progress import Progress
from forecastkit.training.proposal import propose_future_columns
from forecastkit.training.provenance import provenance, table_notes
from forecastkit.training.scoring import (
    MAX_WINDOWS,
    WITHOUT,
    HoldoutScores,
    count_windows,
    score_windows,
)

# shares of the time limit: for training without the hold-outs, for training if nothing is scored,
# and at most for statistical methods, which forecast about so many windows of each series
_HOLDOUT_SHARE, _TRAINING_SHARE, _METHODS_SHARE, _N_FORECASTS = 0.5, 0.8, 0.3, 4
# number of series on which statistical methods are timed
_MAX_TIMED = 16


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
    table : DataFrame
        From which the data were made.
    columns : tuple of Column
        Covariates of the table, those that are not used included.
    """

    data: Dataset
    notes: list[Note]
    facts: dict[str, Any]
    estimated: np.ndarray | None
    table: pd.DataFrame
    columns: tuple[Column, ...] = ()


@dataclass(frozen=True)
class FitOptions:
    """Options of a fit that do not change what is fitted.

    Attributes
    ----------
    scored : bool
        Whether to score the model on hold-outs, for which it is trained once more, without them.
    progress : bool, optional
        Whether to show a progress bar; by default if standard error is a terminal.
    ablation : bool
        Whether to score a model with covariates without them as well, unless time is limited.
    time_limit : float, optional
        Seconds after which the fit should end.
    columns : mapping
        Names of the columns of the table, as for `to_series_table`.
    """

    scored: bool = True
    progress: bool | None = None
    ablation: bool = True
    time_limit: float | None = None
    columns: Mapping[str, Any] = field(default_factory=dict)


def fit_model(forecaster: Any, df: Any, options: FitOptions) -> FittedModel:
    """Fit a forecaster's model to a table.

    Parameters
    ----------
    forecaster : forecaster
        Provides arguments, cells and methods; not modified.
    df : DataFrame, or another table
        As for `to_series_table`.
    options : FitOptions

    Raises
    ------
    DataError, OptionError
        If the table or an argument is invalid, or the longest series is too short.
    """
    check_arguments(forecaster)
    limit = check_time_limit(options.time_limit)
    deadline = Deadline.after(limit)
    table = to_series_table(df, **dict(options.columns))
    forecaster, horizon_notes = _with_horizon(forecaster, table)
    prepared = prepare(forecaster, table)
    plans = _plans(forecaster, prepared.data)
    methods, method_notes = _affordable_methods(forecaster, prepared.data.panel, plans, deadline)
    with Progress(options.progress) as bar:
        bar.phase("preparing")
        fit = _Fit(forecaster, prepared, plans, methods, bar)
        trained, scores = fit.run(options, deadline)
        proposal = fit.proposal() if options.scored and not deadline.is_set else None
    notes = [*prepared.notes, *horizon_notes, *method_notes]
    if limit is not None:
        notes.append(Note(f"time limit {limit:g} s", "given"))
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
        **({"proposal": proposal} if proposal else {}),
        **({"losses": losses} if (losses := trained.losses or scores.losses) else {}),
        **prepared.facts,
    }
    metadata = Metadata(
        alias=forecaster.alias or forecaster.name,
        scoreboard=scores.board,
        assumptions=[note.to_dict() for note in notes + trained.notes],
        facts=facts,
    )
    return FittedModel(trained.blend, prepared.data, metadata)


def _with_horizon(forecaster: Any, table: pd.DataFrame) -> tuple[Any, list[Note]]:
    """Return a forecaster whose horizon is known: as given, or by the frequency of a table."""
    if forecaster.h is not None:
        return forecaster, []
    forecaster = copy(forecaster)
    forecaster.h = usual_horizon(table, forecaster.freq)
    return forecaster, [Note(f"horizon {forecaster.h}", "default for the frequency and length")]


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
        **({FORM: df.attrs[FORM]} if FORM in df.attrs else {}),
    }
    return TrainingData(data, notes, facts, filled_periods(data, df.attrs), table, columns)


@dataclass(frozen=True, eq=False)
class _Fit:
    """A fit in progress: its data, and what it trains."""

    forecaster: Any
    prepared: TrainingData
    plans: Mapping[str, Plan]
    methods: Sequence[str]
    bar: Progress

    def run(self, options: FitOptions, deadline: Deadline) -> tuple[TrainedBlend, HoldoutScores]:
        """Train without the hold-outs and score on them, then train on all data.

        The settings selected without the hold-outs are used for all data too.
        """
        data, panel = self.prepared.data, self.prepared.data.panel
        trainer = holdout_trainer = self._trainer(self.plans)
        h, n_windows = 0, 0
        if options.scored:
            h, n_windows = _holdout_size(data, int(self.forecaster.h), self.plans)
        scores = HoldoutScores(holdout=h)
        if not n_windows:
            reserved = deadline.share(_TRAINING_SHARE)
            return trainer.using({}, reserved)(panel), scores
        # seasons and pairs of covariates are inferred without the hold-outs, too
        past_plans = _plans(self.forecaster, data, panel.drop_last(h * n_windows))
        reused = all(past_plans[name].is_equivalent(plan) for name, plan in self.plans.items())
        if not reused:
            holdout_trainer = self._trainer(past_plans)
        alias = self.forecaster.alias or self.forecaster.name
        ablated = options.ablation and _uses_covariates(self.forecaster, panel)
        ablated = ablated and not deadline.is_set
        start = time.monotonic()
        first = holdout_trainer.using({}, deadline.share(_HOLDOUT_SHARE))
        scores = score_windows(alias, panel, h, n_windows, first, self.prepared.estimated)
        # scoring and weighting took as long as they will for all data
        seconds = time.monotonic() - start - first.training_seconds
        if ablated:
            name = f"{alias} {WITHOUT}"
            without = holdout_trainer.using(scores.selections, NEVER)
            settings = h, n_windows, without, self.prepared.estimated
            scores = scores.with_row(score_windows(name, panel.alone(), *settings), name)
        selections = scores.selections if reused else {}
        return trainer.using(selections, deadline.earlier(seconds))(panel), scores

    def _trainer(self, plans: Mapping[str, Plan]) -> BlendTrainer:
        season_length = min(min(plan.season_lengths) for plan in plans.values())
        h, seed = int(self.forecaster.h), int(self.forecaster.seed)
        return BlendTrainer(plans, self.methods, h, season_length, seed, self.bar, self.forecasts)

    def proposal(self) -> dict[str, Any] | None:
        """Return the columns that would help if they were known in advance."""
        prepared, h = self.prepared, int(self.forecaster.h)
        plan = next(iter(self.plans.values()))
        if not plan.is_pretrained:
            return None
        return propose_future_columns(prepared.data, prepared.table, prepared.columns, plan, h)

    @cached_property
    def forecasts(self) -> MethodForecasts:
        """Forecasts of the statistical methods, shared by all trainers."""
        return MethodForecasts(int(self.forecaster.h))


def _affordable_methods(
    forecaster: Any, panel: Panel, plans: Mapping[str, Plan], deadline: Deadline
) -> tuple[tuple[str, ...], list[Note]]:
    """Return the statistical parts, none if their forecasts would take too long."""
    methods = tuple(forecaster.methods)
    if not deadline.is_set or not methods:
        return methods, []
    sample = panel.alone().take(np.arange(0, panel.n_series, -(-panel.n_series // _MAX_TIMED)))
    season_length = min(min(plan.season_lengths) for plan in plans.values())
    forecasts, start = MethodForecasts(int(forecaster.h)), time.monotonic()
    for name in methods:
        forecasts(name, sample, int(forecaster.h), season_length)
    seconds = (time.monotonic() - start) * panel.n_series / sample.n_series * _N_FORECASTS
    if seconds <= _METHODS_SHARE * deadline.remaining:
        return methods, []
    why = f"their forecasts would take about {seconds:.0f} s of the time limit"
    return (), [Note(f"without {', '.join(methods)}", why)]


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
        settings = int(forecaster.h), preset, seasons, past, given_knobs(forecaster)
        plans[name] = make_plan(data, cell, *settings)
    return plans


def _holdout_size(data: Dataset, h: int, plans: Mapping[str, Plan]) -> tuple[int, int]:
    """Return the steps of a held-out window, and the number of windows."""
    longest = int(data.panel.lengths.max())
    window = min(h, longest // 3)
    is_trained = any(plan.recipes for plan in plans.values())
    one_window = data.panel.n_series >= MIN_ROWS and is_trained
    return window, count_windows(data.panel, window, 1 if one_window else MAX_WINDOWS)
