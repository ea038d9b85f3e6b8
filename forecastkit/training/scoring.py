"""Hold-out scores: accuracy, skill against baselines, coverage of the intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from forecastkit.evaluation.scoreboard import (
    LEVEL,
    baseline_forecasts,
    compare,
    ranked,
    score,
    seasonal_errors,
)
from forecastkit.evaluation.skill import Skill
from forecastkit.model.calibration import Calibration
from forecastkit.model.distribution import Distribution
from forecastkit.series.intervals import normal, tails
from forecastkit.series.panel import Panel
from forecastkit.training.blending import BlendTrainer
from forecastkit.training.holdout import Holdout, hold_out
from forecastkit.training.plan import Selected

# maximum number of held-out windows: used for few series, and for models without training
MAX_WINDOWS = 3
_MIN_PAST = 4
WITH, WITHOUT = "with covariates", "without covariates"
# levels, in percent, of the intervals whose coverage and width a fit reports
REPORTED_LEVELS = (80, 95)


@dataclass(frozen=True)
class HoldoutScores:
    """Scores of a model on its hold-outs; empty without a hold-out.

    Attributes
    ----------
    board : list of dict
        Rows of `forecastkit.evaluation.scoreboard.score`; means over series and windows.
    skills : list of Skill
        Of the model against the baselines.
    intervals : list of dict
        Rows of `coverage_by_horizon`.
    holdout, n_windows : int
        Steps of a held-out window, and the number of windows.
    selections : mapping of str to tuple of Selected
        Training settings that were selected without the hold-outs, by ensemble.
    losses : list of dict
        Validation losses of that selection.
    """

    board: list[dict[str, Any]] = field(default_factory=list)
    skills: list[Skill] = field(default_factory=list)
    intervals: list[dict[str, Any]] = field(default_factory=list)
    holdout: int = 0
    n_windows: int = 0
    selections: Mapping[str, tuple[Selected, ...]] = field(default_factory=dict)
    losses: list[dict[str, Any]] = field(default_factory=list)

    def with_row(self, other: HoldoutScores, name: str) -> HoldoutScores:
        """Return a copy whose scoreboard includes the row `name` of another one."""
        board = self.board + [row for row in other.board if row["model"] == name]
        return replace(self, board=ranked(board))


def count_windows(panel: Panel, h: int, max_windows: int) -> int:
    """Return how many windows of `h` steps can be held out with a value before the first.

    Examples
    --------
    >>> panel = Panel.of([np.ones(40)])
    >>> count_windows(panel, 12, max_windows=5), count_windows(panel, 0, max_windows=5)
    (3, 0)
    >>> late = Panel.of([np.r_[np.full(36, np.nan), 1.0, 2.0, 3.0, 4.0]])
    >>> count_windows(late, 12, max_windows=5)
    0
    """
    if h < 1:
        return 0
    n_max = max(1, min(max_windows, (int(panel.lengths.max()) - _MIN_PAST) // h))
    n_valid = [n for n in range(1, n_max + 1) if not np.isnan(panel.drop_last(n * h).values).all()]
    return max(n_valid, default=0)


def score_windows(
    alias: str,
    panel: Panel,
    h: int,
    n_windows: int,
    trainer: BlendTrainer,
    estimated: np.ndarray | None = None,
) -> HoldoutScores:
    """Train a blend without the last windows of every series, and score it on them.

    Parameters
    ----------
    alias : str
        Name of the model on the scoreboard.
    panel : Panel
        In the original units of its series.
    h : int
        Steps of a window.
    n_windows : int
        Number of consecutive windows.
    trainer : BlendTrainer
        Trains on the history before the first window; its forecasts of statistical methods are
        reused for the baselines.
    estimated : ndarray of bool, shape (n_periods,), optional
        Marks filled gaps; see `hold_out`.

    Returns
    -------
    HoldoutScores
    """
    windows = [hold_out(panel, h, k * h, estimated=estimated) for k in range(n_windows)]
    holdout = Holdout.joined(windows)
    past, actual = holdout.past, holdout.actual
    methods, season_length = trainer.forecasts, trainer.season_length
    methods.expect(past)
    trained = trainer(windows[-1].past)
    blend = trained.blend
    distribution = blend.distribution(past, methods=methods, h=h)
    z = np.array([normal(q) for q in (0.5, *tails(LEVEL))])
    levels = blend.calibration.calibrated(z)[:h]
    paths = {alias: distribution.quantiles(levels)}
    if len(blend.parts) > 1:
        adjusted = blend.effects is not None and len(blend.effects.mean) > 0
        for part in blend.parts:
            # on series adjusted for covariates, a method is not the baseline of the same name
            name = f"{part.name} {WITH}" if adjusted else part.name
            paths[name] = distribution.component_quantiles(part, levels)
    model_forecasts = {
        name: tuple(np.moveaxis(distribution.clip_to_support(path), -1, 0))
        for name, path in paths.items()
    }
    baselines = baseline_forecasts(past, h, season_length, methods)
    all_forecasts = {**model_forecasts, **baselines}
    board = score(past, actual, all_forecasts, season_length)
    skills = compare(past, actual, all_forecasts, season_length, alias, holdout.series)
    scored = np.unique(holdout.series[(~np.isnan(actual)).any(axis=1)])
    board = [{**row, "n_series": len(scored)} for row in board]
    intervals = coverage_by_horizon(holdout, distribution, blend.calibration, season_length)
    return HoldoutScores(board, skills, intervals, h, n_windows, trained.selections, trained.losses)


def coverage_by_horizon(
    holdout: Holdout, distribution: Distribution, calibration: Calibration, season_length: int
) -> list[dict[str, Any]]:
    """Return coverage and width of the intervals for each third of the horizon, and for all of it.

    Returns
    -------
    list of dict
        With `steps` ("1 to 6"), `n` and, per level, `coverage_level80` (between 0 and 1) and
        `width_level80` (mean width, divided as in MASE); None if undefined; `n`, values scored.
    """
    past, actual = holdout.past, holdout.actual
    h = actual.shape[1]
    scale = seasonal_errors(past, season_length)
    scale = np.where(scale > 0, scale, np.nan)[:, None]
    bounds = np.unique(np.round(np.linspace(0, h, 4)).astype(int))
    spans = [*zip(bounds[:-1], bounds[1:], strict=True), (0, h)] if h > 1 else [(0, h)]
    n_values = (~np.isnan(actual)).sum(axis=0)
    rows: list[dict[str, Any]] = [
        {"steps": f"{a + 1} to {b}", "n": int(n_values[a:b].sum())} for a, b in spans
    ]
    for level in REPORTED_LEVELS:
        levels = calibration.calibrated(np.array([normal(q) for q in tails(level)]))[:h]
        low, high = np.moveaxis(distribution.clip_to_support(distribution.quantiles(levels)), -1, 0)
        inside = np.where(np.isnan(actual), np.nan, (actual >= low) & (actual <= high))
        width = np.where(np.isnan(actual), np.nan, (high - low) / scale)
        for row, (a, b) in zip(rows, spans, strict=True):
            row[f"coverage_level{level}"] = _mean_or_none(inside[:, a:b])
            row[f"width_level{level}"] = _mean_or_none(width[:, a:b])
    return rows


def _mean_or_none(values: np.ndarray) -> float | None:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if finite.size else None
