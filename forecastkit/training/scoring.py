"""Scores on held-out windows: accuracy, skill against baselines, coverage of the intervals."""

from __future__ import annotations

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

# windows that few series, or networks that train nothing, are scored on
ORIGINS = 3
_MIN_BEFORE = 4
WITH, WITHOUT = "with covariates", "without covariates"
# percent; intervals whose coverage and width every fit shows
SHOWN_LEVELS = (80, 95)


@dataclass(frozen=True)
class HoldoutScores:
    """Scores of a model on held-out windows; empty where none could be held out.

    Attributes
    ----------
    board : list of dict
        As from `forecastkit.evaluation.scoreboard.score`; the means are over series and windows.
    skills : list of Skill
        How the model compares with its rivals.
    intervals : list of dict
        As from `coverage_by_horizon`.
    holdout, n_windows : int
        Steps of a window, and the number of windows.
    """

    board: list[dict[str, Any]] = field(default_factory=list)
    skills: list[Skill] = field(default_factory=list)
    intervals: list[dict[str, Any]] = field(default_factory=list)
    holdout: int = 0
    n_windows: int = 0

    def beside(self, other: HoldoutScores, name: str) -> HoldoutScores:
        """Add the row of that name on another board to this one's."""
        board = self.board + [row for row in other.board if row["model"] == name]
        return replace(self, board=ranked(board))


def windows_that_fit(panel: Panel, holdout: int, most: int) -> int:
    """How many windows of `holdout` steps leave a value before them; 0 without steps or values.

    Examples
    --------
    >>> panel = Panel.of([np.ones(40)])
    >>> windows_that_fit(panel, 12, most=5), windows_that_fit(panel, 0, most=5)
    (3, 0)
    >>> windows_that_fit(Panel.of([np.r_[np.full(36, np.nan), 1.0, 2.0, 3.0, 4.0]]), 12, most=5)
    0
    """
    if holdout < 1:
        return 0
    fits = max(1, min(most, (int(panel.lengths.max()) - _MIN_BEFORE) // holdout))
    with_value = [
        n for n in range(1, fits + 1) if not np.isnan(panel.drop_last(n * holdout).values).all()
    ]
    return max(with_value, default=0)


def score_windows(
    alias: str,
    panel: Panel,
    h: int,
    n_windows: int,
    trainer: BlendTrainer,
    estimated: np.ndarray | None = None,
) -> HoldoutScores:
    """Train a blend before the last windows of every series, and score it on them.

    Parameters
    ----------
    alias : str
        Name of the model's row.
    panel : Panel
        In the series' own units.
    h : int
        Steps of a window.
    n_windows : int
        Consecutive windows.
    trainer : BlendTrainer
        Called with the past of the first window; its forecasts of statistical methods are reused
        for the baselines.
    estimated : ndarray of bool, shape (n_periods,), optional
        Values that fill a gap; see `hold_out`.

    Returns
    -------
    HoldoutScores
    """
    windows = [hold_out(panel, h, k * h, estimated=estimated) for k in range(n_windows)]
    holdout = Holdout.joined(windows)
    past, actual = holdout.past, holdout.actual
    forecasts, season_length = trainer.forecasts, trainer.season_length
    forecasts.expect(past)
    blend = trainer(windows[-1].past).blend
    distribution = blend.distribution(past, methods=forecasts, h=h)
    z = np.array([normal(q) for q in (0.5, *tails(LEVEL))])
    levels = blend.calibration.calibrated(z)[:h]
    paths = {alias: distribution.quantiles(levels)}
    if len(blend.parts) > 1:
        adjusted = blend.effects is not None and len(blend.effects.mean) > 0
        for part in blend.parts:
            # a method on series adjusted for covariates is not the baseline of that name
            name = f"{part.name} {WITH}" if adjusted else part.name
            paths[name] = distribution.component_quantiles(part, levels)
    own = {
        name: tuple(np.moveaxis(distribution.clip_to_support(one), -1, 0))
        for name, one in paths.items()
    }
    rest = baseline_forecasts(past, h, season_length, forecasts)
    every = {**rest, **own}
    board = score(past, actual, every, season_length)
    skills = compare(past, actual, every, season_length, alias, holdout.series)
    scored = np.unique(holdout.series[(~np.isnan(actual)).any(axis=1)])
    board = [{**row, "n_series": len(scored)} for row in board]
    intervals = coverage_by_horizon(holdout, distribution, blend.calibration, season_length)
    return HoldoutScores(board, skills, intervals, h, n_windows)


def coverage_by_horizon(
    holdout: Holdout, distribution: Distribution, calibration: Calibration, season_length: int
) -> list[dict[str, Any]]:
    """Coverage and width of the intervals in each third of the horizon, and in all of it.

    Returns
    -------
    list of dict
        `steps` ("1 to 6"), and for 80 and 95 percent `coverage_level80` (a share), `width_level80`
        (mean width over the seasonal naive error).
    """
    past, actual = holdout.past, holdout.actual
    h = actual.shape[1]
    scale = seasonal_errors(past, season_length)
    scale = np.where(scale > 0, scale, np.nan)[:, None]
    bounds = np.unique(np.round(np.linspace(0, h, 4)).astype(int))
    spans = [*zip(bounds[:-1], bounds[1:], strict=True), (0, h)] if h > 1 else [(0, h)]
    rows: list[dict[str, Any]] = [{"steps": f"{a + 1} to {b}"} for a, b in spans]
    for level in SHOWN_LEVELS:
        levels = calibration.calibrated(np.array([normal(q) for q in tails(level)]))[:h]
        low, high = np.moveaxis(distribution.clip_to_support(distribution.quantiles(levels)), -1, 0)
        inside = np.where(np.isnan(actual), np.nan, (actual >= low) & (actual <= high))
        width = np.where(np.isnan(actual), np.nan, (high - low) / scale)
        for row, (a, b) in zip(rows, spans, strict=True):
            row[f"coverage_level{level}"] = _mean_or_none(inside[:, a:b])
            row[f"width_level{level}"] = _mean_or_none(width[:, a:b])
    return rows


def _mean_or_none(values: np.ndarray) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else None
