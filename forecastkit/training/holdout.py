"""Hold-outs: past windows on which the parts of a model are scored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecastkit.evaluation.metrics import quantile_loss
from forecastkit.evaluation.scoreboard import seasonal_errors
from forecastkit.model.distribution import Distribution, Part
from forecastkit.series.effects import Effects
from forecastkit.series.intervals import normal
from forecastkit.series.panel import Panel

# quantiles on which parts and training settings are scored
SCORED_QUANTILES = (0.1, 0.5, 0.5, 0.9)


@dataclass(frozen=True)
class Holdout:
    """A held-out window of a panel, and the history before it.

    Attributes
    ----------
    past : Panel
        The series that have a value before the window, up to it.
    actual : ndarray, shape (n_series, h)
        Their values in the window, NaN where missing.
    series : ndarray of int, shape (n_series,)
        Their positions in the original panel.
    """

    past: Panel
    actual: np.ndarray
    series: np.ndarray

    @classmethod
    def joined(cls, holdouts: list[Holdout]) -> Holdout:
        """Concatenate hold-outs of equal length, as if of different series."""
        return cls(
            Panel.joined([holdout.past for holdout in holdouts]),
            np.concatenate([holdout.actual for holdout in holdouts]),
            np.concatenate([holdout.series for holdout in holdouts]),
        )


@dataclass(frozen=True)
class Validation:
    """Validation windows at the end of a panel.

    Attributes
    ----------
    size, n_windows : int
        Steps of a window, and number of consecutive windows.
    season_length : int
        Of the seasonal naive errors by which losses are scaled.
    """

    size: int
    season_length: int
    n_windows: int = 1

    @property
    def n_steps(self) -> int:
        """Steps of all windows together."""
        return self.size * self.n_windows


def hold_out(
    panel: Panel,
    h: int,
    offset: int = 0,
    max_series: int | None = None,
    estimated: np.ndarray | None = None,
) -> Holdout:
    """Hold out the `h` steps that end `offset` steps before the end of every series.

    Parameters
    ----------
    panel : Panel
    h, offset : int
    max_series : int, optional
        Hold out at most this many series, evenly spaced in the panel.
    estimated : ndarray of bool, shape (n_periods,), optional
        Marks filled gaps. Estimates are not scored, and those at the end of the past are replaced
        by the last observed value, because interpolation would leak the next one.
    """
    panel_to_end = panel.drop_last(offset)
    past = panel_to_end.drop_last(h)
    if estimated is not None:
        flags = panel.alone().with_values(estimated.astype(float)).drop_last(offset)
        past = _repeat_last_observed(past, flags.drop_last(h).values > 0)
        observed = np.where(flags.values > 0, np.nan, panel_to_end.values)
        panel_to_end = panel_to_end.with_values(observed)
    owners = past.owner[~np.isnan(past.values)]
    series = np.flatnonzero(np.bincount(owners, minlength=past.n_series) > 0)
    if max_series is not None:
        series = series[:: max(1, -(-len(series) // max_series))]
    return Holdout(past.take(series), panel_to_end.take(series).last_values(h), series)


def _repeat_last_observed(panel: Panel, estimated: np.ndarray) -> Panel:
    """Replace the estimates at the end of each series by its last observed value."""
    positions = np.where(estimated, -1, np.arange(len(panel.values)))
    last = np.full(panel.n_series, -1)
    np.maximum.at(last, panel.owner, positions)
    at_end = (np.arange(len(panel.values)) > last[panel.owner]) & (last[panel.owner] >= 0)
    values = np.where(at_end, panel.values[last[panel.owner]], panel.values)
    return panel.with_values(values)


def hold_out_windows(
    panel: Panel, h: int, n_windows: int, max_series: int | None = None
) -> Holdout:
    """Hold out the last windows of `h` steps of every series, newest first; see `hold_out`."""
    return Holdout.joined([hold_out(panel, h, k * h, max_series) for k in range(n_windows)])


def scoring_levels(h: int) -> np.ndarray:
    """Return `SCORED_QUANTILES` as standard normal quantiles, shape (h, 4)."""
    return np.tile([normal(q) for q in SCORED_QUANTILES], (h, 1))


def holdout_loss(
    holdout: Holdout, part: Part, season_length: int, effects: Effects | None = None
) -> float:
    """Return the mean scaled quantile loss of a part on a hold-out.

    Parameters
    ----------
    holdout : Holdout
    part : Part
        Not trained on the hold-out.
    season_length : int
    effects : Effects, optional
        Estimated without the hold-out.

    Returns
    -------
    float
        Mean over series, steps and `SCORED_QUANTILES`, in units of the seasonal naive error of
        each series; NaN if no series has such an error.
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
    """Return the mean scaled quantile loss of each series that has a scale.

    Parameters
    ----------
    holdout : Holdout
    paths : ndarray, shape (n_series, h, 4)
        Quantiles at `scoring_levels`.
    season_length : int
    """
    past, actual = holdout.past, holdout.actual
    scale = seasonal_errors(past, season_length)
    losses_by_quantile = [
        quantile_loss(actual, paths[..., k], q) for k, q in enumerate(SCORED_QUANTILES)
    ]
    with np.errstate(divide="ignore", invalid="ignore"):
        losses = np.mean(losses_by_quantile, axis=0) / scale
    return losses[np.isfinite(losses)]
