"""What learning from a panel came to, and the scoreboard of a way of learning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from forecastkit.evaluation.scoreboard import LEVEL, baseline_forecasts, held_back, score
from forecastkit.forecasting.plan import Notes, note
from forecastkit.forecasting.predictor import forecast_paths
from forecastkit.network.config import NetworkConfig
from forecastkit.network.runtime import Weights
from forecastkit.series.intervals import tails
from forecastkit.series.panel import Panel

# origins that a network which trains nothing is scored at
ORIGINS = 3
_FEWEST_BEFORE = 4


@dataclass(frozen=True)
class Learnt:
    """What training on a panel came to.

    Attributes
    ----------
    members : tuple of dict of ndarray
        Weights of each network.
    steps : int
        Gradient steps of each; 0 says that what training started from did best on the tail.
    tail : int
        Steps at the end of every series that early stopping was judged on; 0 for none.
    gain : float
        Share of the validation loss that training took away.
    stretch : float
        What intervals are widened by to hold on the tail.
    """

    members: tuple[Weights, ...]
    steps: int = 0
    tail: int = 0
    gain: float = 0.0
    stretch: float = 1.0

    def notes(self, shipped: bool) -> Notes:
        """Say what training brought; `shipped` says that it started from the shipped network."""
        start = "the shipped network as it is" if shipped else "the statistical base path alone"
        if self.steps == 0:
            why = f"training brought nothing on the last {self.tail} steps"
            return [note(start, why if self.tail else "too few values to train on")]
        loss = "the shipped network" if shipped else "the base path"
        why = f"on the last {self.tail} steps they took {100 * self.gain:.1f} % off the loss of "
        return [note(f"{self.steps} training steps", why + loss)]


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
    alias: str, network: NetworkConfig, panel: Panel, holdout: int, n_windows: int, learn: Learn
) -> list[dict[str, Any]]:
    """Score a way of learning on the last windows of every series, which it does not see.

    Parameters
    ----------
    alias : str
        Name of the model's row.
    network : NetworkConfig
    panel : Panel
        In the series' own units.
    holdout : int
        Steps of a window.
    n_windows : int
        Windows one before the other.
    learn : callable
        From a panel to `Learnt`; it is called with the past of the first window.

    Returns
    -------
    list of dict
        As from `forecastkit.evaluation.scoreboard.score`; the means are over series and windows.
    """
    pasts, actuals, series = [], [], []
    for window in range(n_windows):
        whole = panel.drop_last(window * holdout)
        past = whole.drop_last(holdout)
        seen = past.owner[~np.isnan(past.values)]
        rows = np.flatnonzero(np.bincount(seen, minlength=past.n_series) > 0)
        pasts.append(past.take(rows))
        actuals.append(held_back(whole, holdout)[rows])
        series.append(rows)
    learnt = learn(pasts[-1])
    past, actual = Panel.joined(pasts), np.concatenate(actuals)
    paths = forecast_paths(network, learnt.members, past, (0.5, *tails(LEVEL)), learnt.stretch)
    point, low, high = np.moveaxis(paths[:, :holdout], -1, 0)
    season = min(network.view.season_lengths)
    baselines = baseline_forecasts(past, holdout, season)
    board = score(past, actual, {alias: (point, low, high), **baselines}, season)
    scored = np.unique(np.concatenate(series)[(~np.isnan(actual)).any(axis=1)])
    return [{**row, "n_series": len(scored)} for row in board]
