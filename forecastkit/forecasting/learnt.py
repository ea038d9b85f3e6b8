"""What learning from a panel came to, and how it is judged on values that were held back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from forecastkit.evaluation.metrics import quantile_loss
from forecastkit.evaluation.scoreboard import (
    LEVEL,
    baseline_forecasts,
    compare,
    last_values,
    score,
    seasonal_errors,
)
from forecastkit.evaluation.skill import Skill
from forecastkit.forecasting.calibration import Calibration
from forecastkit.forecasting.outlook import Outlook, Part
from forecastkit.forecasting.plan import Notes
from forecastkit.series.intervals import normal, tails
from forecastkit.series.panel import Panel

# origins that a network which trains nothing is scored at
ORIGINS = 3
_FEWEST_BEFORE = 4
# what forecasts are judged by when parts and ways of training are compared
JUDGED = (0.1, 0.5, 0.5, 0.9)
# percent; intervals whose coverage and width every fit shows
SHOWN_LEVELS = (80, 95)


@dataclass(frozen=True)
class Learnt:
    """What came of a panel.

    Attributes
    ----------
    parts : tuple of Part
        Forecasts whose weighted mean the model is.
    calibration : Calibration
        Set on the tail, by parts that had not seen it.
    notes : list of dict
        What was found, and why.
    steps : int
        Gradient steps of all networks together; 0 says that none was trained.
    """

    parts: tuple[Part, ...]
    calibration: Calibration
    notes: Notes
    steps: int = 0


@dataclass(frozen=True)
class Window:
    """A stretch of the past that was held back, and what was known before it.

    Attributes
    ----------
    past : Panel
        Of the series that have a value in it.
    actual : ndarray, shape (n_series, h)
        What came next, NaN where nothing did.
    series : ndarray of int, shape (n_series,)
        Their numbers in the whole panel.
    """

    past: Panel
    actual: np.ndarray
    series: np.ndarray

    @classmethod
    def joined(cls, windows: list[Window]) -> Window:
        """Lay windows of one width end to end."""
        return cls(
            Panel.joined([one.past for one in windows]),
            np.concatenate([one.actual for one in windows]),
            np.concatenate([one.series for one in windows]),
        )


def window(panel: Panel, h: int, back: int = 0, most: int | None = None) -> Window:
    """Hold back the `h` steps that end `back` steps before the end of every series.

    Parameters
    ----------
    panel : Panel
    h, back : int
    most : int, optional
        Take so many series at the most, spread over all of them.
    """
    whole = panel.drop_last(back)
    past = whole.drop_last(h)
    seen = past.owner[~np.isnan(past.values)]
    rows = np.flatnonzero(np.bincount(seen, minlength=past.n_series) > 0)
    if most is not None:
        rows = rows[:: max(1, -(-len(rows) // most))]
    return Window(past.take(rows), last_values(whole.take(rows), h), rows)


def judged_at(h: int) -> np.ndarray:
    """Quantiles that forecasts are judged by, as an `Outlook` takes them, shape (h, 4)."""
    return np.tile([normal(q) for q in JUDGED], (h, 1))


def tail_loss(held_back: Window, part: Part, season_length: int) -> float:
    """Loss of a part on a window: quantile losses in units of the seasonal naive error.

    Parameters
    ----------
    held_back : Window
    part : Part
        That has not seen it.
    season_length : int

    Returns
    -------
    float
        Mean over series, steps and the quantiles of `JUDGED`; NaN where no series has a
        scale.
    """
    h = held_back.actual.shape[1]
    outlook = Outlook(held_back.past, (part,), h, season_length)
    losses = part_losses(held_back, outlook.possible(outlook.at(judged_at(h))), season_length)
    return float(np.mean(losses)) if len(losses) else float("nan")


def part_losses(held_back: Window, paths: np.ndarray, season_length: int) -> np.ndarray:
    """Mean quantile losses of each series that has a scale, shape (n,); `paths` are at `judged_at`."""
    past, actual = held_back.past, held_back.actual
    scale = seasonal_errors(past, season_length)
    each = [quantile_loss(actual, paths[..., k], q) for k, q in enumerate(JUDGED)]
    with np.errstate(divide="ignore", invalid="ignore"):
        losses = np.mean(each, axis=0) / scale
    return losses[np.isfinite(losses)]


def windows_that_fit(longest: int, holdout: int, most: int) -> int:
    """How many windows of `holdout` steps leave something before them; 0 without steps.

    Examples
    --------
    >>> windows_that_fit(40, 12, most=5), windows_that_fit(40, 0, most=5)
    (3, 0)
    """
    return max(1, min(most, (longest - _FEWEST_BEFORE) // holdout)) if holdout else 0


Learn = Callable[[Panel], Learnt]


def score_windows(
    alias: str, panel: Panel, h: int, season_length: int, n_windows: int, learn: Learn
) -> tuple[list[dict[str, Any]], list[Skill], list[dict[str, Any]]]:
    """Score a way of learning on the last windows of every series, which it does not see.

    Parameters
    ----------
    alias : str
        Name of the model's row.
    panel : Panel
        In the series' own units.
    h, season_length : int
        Steps of a window, and the season of baselines and statistical parts.
    n_windows : int
        Windows one before the other.
    learn : callable
        From a panel to `Learnt`; it is called with the past of the first window.

    Returns
    -------
    board : list of dict
        As from `forecastkit.evaluation.scoreboard.score`; the means are over series and windows.
    skills : list of Skill
        How the model compares with its rivals.
    intervals : list of dict
        As from `coverage_by_horizon`.
    """
    windows = [window(panel, h, k * h) for k in range(n_windows)]
    learnt = learn(windows[-1].past)
    held_back = Window.joined(windows)
    past, actual = held_back.past, held_back.actual
    z = np.array([normal(q) for q in (0.5, *tails(LEVEL))])
    outlook = Outlook(past, learnt.parts, h, season_length)
    reach = learnt.calibration.stretched(z)[:h]
    found = {alias: outlook.possible(outlook.at(reach))}
    if len(learnt.parts) > 1:
        for part in learnt.parts:
            found[part.name] = outlook.possible(outlook.of_part(part, reach))
    forecasts = {name: tuple(np.moveaxis(paths, -1, 0)) for name, paths in found.items()}
    rest = baseline_forecasts(past, h, season_length)
    forecasts = {**rest, **forecasts}
    board = score(past, actual, forecasts, season_length)
    skills = compare(past, actual, forecasts, season_length, alias, held_back.series)
    scored = np.unique(held_back.series[(~np.isnan(actual)).any(axis=1)])
    board = [{**row, "n_series": len(scored)} for row in board]
    return board, skills, coverage_by_horizon(held_back, outlook, learnt.calibration, season_length)


def coverage_by_horizon(
    held_back: Window, outlook: Outlook, calibration: Calibration, season_length: int
) -> list[dict[str, Any]]:
    """Coverage and width of the intervals in each third of the horizon, and in all of it.

    Returns
    -------
    list of dict
        `steps` ("1 to 6"), and for 80 and 95 percent `coverage_level80` (a share), `width_level80`
        (mean width over the seasonal naive error).
    """
    past, actual = held_back.past, held_back.actual
    h = actual.shape[1]
    scale = seasonal_errors(past, season_length)
    scale = np.where(scale > 0, scale, np.nan)[:, None]
    bounds = np.unique(np.round(np.linspace(0, h, 4)).astype(int))
    spans = [*zip(bounds[:-1], bounds[1:], strict=True), (0, h)] if h > 1 else [(0, h)]
    rows = [{"steps": f"{a + 1} to {b}"} for a, b in spans]
    for level in SHOWN_LEVELS:
        reach = calibration.stretched(np.array([normal(q) for q in tails(level)]))[:h]
        low, high = np.moveaxis(outlook.possible(outlook.at(reach)), -1, 0)
        inside = np.where(np.isnan(actual), np.nan, (actual >= low) & (actual <= high))
        width = np.where(np.isnan(actual), np.nan, (high - low) / scale)
        for row, (a, b) in zip(rows, spans, strict=True):
            row[f"coverage_level{level}"] = _mean_or_none(inside[:, a:b])
            row[f"width_level{level}"] = _mean_or_none(width[:, a:b])
    return rows


def _mean_or_none(values: np.ndarray) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else None
