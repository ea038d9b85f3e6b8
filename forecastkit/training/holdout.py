"""What learning from a panel came to, and windows of the past to judge parts of a model by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecastkit.evaluation.metrics import quantile_loss
from forecastkit.evaluation.scoreboard import seasonal_errors
from forecastkit.model.calibration import Calibration
from forecastkit.model.distribution import Outlook, Part
from forecastkit.notes import Note
from forecastkit.series.effects import Effects
from forecastkit.series.intervals import normal
from forecastkit.series.panel import Panel

# what forecasts are judged by when parts and ways of training are compared
JUDGED = (0.1, 0.5, 0.5, 0.9)


@dataclass(frozen=True)
class Learnt:
    """What came of a panel.

    Attributes
    ----------
    parts : tuple of Part
        Forecasts whose weighted mean the model is.
    calibration : Calibration
        Set on the tail, by parts that had not seen it.
    notes : list of Note
        What was found, and why.
    steps : int
        Gradient steps of all networks together; 0 says that none was trained.
    effects : Effects or None
        Of the covariates that are known ahead.
    """

    parts: tuple[Part, ...]
    calibration: Calibration
    notes: list[Note]
    steps: int = 0
    effects: Effects | None = None


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


def window(
    panel: Panel,
    h: int,
    back: int = 0,
    most: int | None = None,
    estimated: np.ndarray | None = None,
) -> Window:
    """Hold back the `h` steps that end `back` steps before the end of every series.

    Parameters
    ----------
    panel : Panel
    h, back : int
    most : int, optional
        Take so many series at the most, spread over all of them.
    estimated : ndarray of bool, shape (n_periods,), optional
        Values that fill a gap. None of them is scored, and those at the end of the past, which may
        be drawn towards a value after it, repeat the last one that was observed.
    """
    whole = panel.drop_last(back)
    past = whole.drop_last(h)
    if estimated is not None:
        marks = panel.alone().with_values(estimated.astype(float)).drop_last(back)
        past = _observed_at_end(past, marks.drop_last(h).values > 0)
        whole = whole.with_values(np.where(marks.values > 0, np.nan, whole.values))
    seen = past.owner[~np.isnan(past.values)]
    rows = np.flatnonzero(np.bincount(seen, minlength=past.n_series) > 0)
    if most is not None:
        rows = rows[:: max(1, -(-len(rows) // most))]
    return Window(past.take(rows), whole.take(rows).last_values(h), rows)


def _observed_at_end(panel: Panel, estimated: np.ndarray) -> Panel:
    """Replace the estimates that end a series by its last observed value."""
    observed = np.where(estimated, -1, np.arange(len(panel.values)))
    last = np.full(panel.n_series, -1)
    np.maximum.at(last, panel.owner, observed)
    at_end = (np.arange(len(panel.values)) > last[panel.owner]) & (last[panel.owner] >= 0)
    values = np.where(at_end, panel.values[last[panel.owner]], panel.values)
    return panel.with_values(values)


def windows(panel: Panel, h: int, n: int, most: int | None = None) -> Window:
    """Hold back the last `n` windows of `h` steps of every series, newest first; see `window`."""
    return Window.joined([window(panel, h, k * h, most) for k in range(n)])


def judged_at(h: int) -> np.ndarray:
    """Quantiles that forecasts are judged by, as an `Outlook` takes them, shape (h, 4)."""
    return np.tile([normal(q) for q in JUDGED], (h, 1))


def tail_loss(
    held_back: Window, part: Part, season_length: int, effects: Effects | None = None
) -> float:
    """Loss of a part on a window: quantile losses in units of the seasonal naive error.

    Parameters
    ----------
    held_back : Window
    part : Part
        That has not seen it.
    season_length : int
    effects : Effects, optional
        Found before it.

    Returns
    -------
    float
        Mean over series, steps and the quantiles of `JUDGED`; NaN where no series has a
        scale.
    """
    h = held_back.actual.shape[1]
    outlook = Outlook(held_back.past, (part,), h, season_length, effects)
    losses = part_losses(held_back, outlook.possible(outlook.at(judged_at(h))), season_length)
    return float(np.mean(losses)) if len(losses) else float("nan")


def part_losses(held_back: Window, paths: np.ndarray, season_length: int) -> np.ndarray:
    """Mean quantile losses of paths at `judged_at`, of each series that has a scale, shape (n,)."""
    past, actual = held_back.past, held_back.actual
    scale = seasonal_errors(past, season_length)
    each = [quantile_loss(actual, paths[..., k], q) for k, q in enumerate(JUDGED)]
    with np.errstate(divide="ignore", invalid="ignore"):
        losses = np.mean(each, axis=0) / scale
    return losses[np.isfinite(losses)]
