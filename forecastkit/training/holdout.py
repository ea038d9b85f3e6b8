"""Hold-outs: windows of the past that parts of a model are scored on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecastkit.evaluation.metrics import quantile_loss
from forecastkit.evaluation.scoreboard import seasonal_errors
from forecastkit.model.distribution import Distribution, Part
from forecastkit.series.effects import Effects
from forecastkit.series.intervals import normal
from forecastkit.series.panel import Panel

# quantiles that parts and training configurations are scored on
SCORED_QUANTILES = (0.1, 0.5, 0.5, 0.9)


@dataclass(frozen=True)
class Holdout:
    """A held-out window, and the series before it.

    Attributes
    ----------
    past : Panel
        The series that have a value before the window.
    actual : ndarray, shape (n_series, h)
        Their values in the window, NaN where missing.
    series : ndarray of int, shape (n_series,)
        Their positions in the whole panel.
    """

    past: Panel
    actual: np.ndarray
    series: np.ndarray

    @classmethod
    def joined(cls, windows: list[Holdout]) -> Holdout:
        """Lay windows of one width end to end."""
        return cls(
            Panel.joined([one.past for one in windows]),
            np.concatenate([one.actual for one in windows]),
            np.concatenate([one.series for one in windows]),
        )


def hold_out(
    panel: Panel,
    h: int,
    back: int = 0,
    most: int | None = None,
    estimated: np.ndarray | None = None,
) -> Holdout:
    """Hold out the `h` steps that end `back` steps before the end of every series.

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
    return Holdout(past.take(rows), whole.take(rows).last_values(h), rows)


def _observed_at_end(panel: Panel, estimated: np.ndarray) -> Panel:
    """Replace the estimates that end a series by its last observed value."""
    observed = np.where(estimated, -1, np.arange(len(panel.values)))
    last = np.full(panel.n_series, -1)
    np.maximum.at(last, panel.owner, observed)
    at_end = (np.arange(len(panel.values)) > last[panel.owner]) & (last[panel.owner] >= 0)
    values = np.where(at_end, panel.values[last[panel.owner]], panel.values)
    return panel.with_values(values)


def hold_out_windows(panel: Panel, h: int, n: int, most: int | None = None) -> Holdout:
    """Hold out the last `n` windows of `h` steps of every series, newest first; see `hold_out`."""
    return Holdout.joined([hold_out(panel, h, k * h, most) for k in range(n)])


def scoring_levels(h: int) -> np.ndarray:
    """`SCORED_QUANTILES` as levels of a `Distribution`, shape (h, 4)."""
    return np.tile([normal(q) for q in SCORED_QUANTILES], (h, 1))


def holdout_loss(
    holdout: Holdout, part: Part, season_length: int, effects: Effects | None = None
) -> float:
    """Loss of a part on a window: quantile losses in units of the seasonal naive error.

    Parameters
    ----------
    holdout : Holdout
    part : Part
        That has not seen it.
    season_length : int
    effects : Effects, optional
        Found before it.

    Returns
    -------
    float
        Mean over series, steps and the quantiles of `SCORED_QUANTILES`; NaN where no series has a
        scale.
    """
    h = holdout.actual.shape[1]
    distribution = Distribution(holdout.past, (part,), h, season_length, effects)
    losses = part_losses(
        holdout,
        distribution.clip_to_support(distribution.quantiles(scoring_levels(h))),
        season_length,
    )
    return float(np.mean(losses)) if len(losses) else float("nan")


def part_losses(holdout: Holdout, paths: np.ndarray, season_length: int) -> np.ndarray:
    """Mean quantile loss of each series that has a scale, of paths at `scoring_levels`."""
    past, actual = holdout.past, holdout.actual
    scale = seasonal_errors(past, season_length)
    each = [quantile_loss(actual, paths[..., k], q) for k, q in enumerate(SCORED_QUANTILES)]
    with np.errstate(divide="ignore", invalid="ignore"):
        losses = np.mean(each, axis=0) / scale
    return losses[np.isfinite(losses)]
