"""What a fitted model is: everything that the model file holds and prediction needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from forecastkit.network.config import NetworkConfig
from forecastkit.network.runtime import Weights
from forecastkit.series.panel import Panel
from forecastkit.tables.frame import Grid

# the most periods of a series that a model looks at and keeps
HISTORY = 20_000


@dataclass(frozen=True)
class Fitted:
    """A fitted model.

    Attributes
    ----------
    alias : str
        Name of its column in forecast tables.
    network : NetworkConfig
    members : tuple of dict of ndarray
        Weights of each network of the ensemble; their median counts.
    history : Grid
        The last periods of every series.
    scoreboard : list of dict
        Scores of the model and the baselines on the held-back window, best first.
    assumptions : list of dict
        What was found or assumed, and why.
    facts : dict
        Provenance: training span, seed, preset, steps, versions, fingerprint of the data.
    stretch : float
        What the network's intervals are widened by, so that they hold on held-back values.
    """

    alias: str
    network: NetworkConfig
    members: tuple[Weights, ...]
    history: Grid
    scoreboard: list[dict[str, Any]] = field(default_factory=list)
    assumptions: list[dict[str, str]] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    stretch: float = 1.0


def recent(grid: Grid) -> Grid:
    """Cut a grid to the last `HISTORY` periods of every series."""
    kept = panel_of(grid).last(HISTORY)
    return Grid(
        grid.ids,
        grid.last - kept.lengths + 1,
        kept.offsets,
        kept.values,
        grid.frequency,
        grid.time_zone,
    )


def panel_of(grid: Grid) -> Panel:
    """Return the values of a grid as a panel."""
    return Panel(grid.values, np.asarray(grid.offsets))
