"""What a fitted model is: everything that the model file holds and prediction needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from forecastkit.model.calibration import Calibration
from forecastkit.model.distribution import Outlook, Part
from forecastkit.network.runtime import Member
from forecastkit.series.effects import Adjusted, Effects
from forecastkit.series.panel import Panel
from forecastkit.series.windows import View, Windows
from forecastkit.tables.dataset import Dataset
from forecastkit.tables.future import missing_future

# the most periods of a series that a model looks at and keeps
HISTORY = 20_000


@dataclass(frozen=True)
class Fitted:
    """A fitted model.

    Attributes
    ----------
    alias : str
        Name of its column in forecast tables.
    h, season_length : int
        Steps that it foretells, and the season of its baselines and statistical parts.
    parts : tuple of Part
        Forecasts whose weighted mean it is.
    history : Dataset
        The last periods of every series.
    scoreboard : list of dict
        Scores of the model and the baselines on the held-back window, best first.
    assumptions : list of dict
        What was found or assumed, and why.
    facts : dict
        Provenance: training span, seed, preset, steps, versions, fingerprint of the data.
    effects : Effects, optional
        Of the covariates that are known ahead.
    calibration : Calibration, optional
        How far its intervals reach, so that they hold on held-back values; as the parts say when
        left out.
    """

    alias: str
    h: int
    season_length: int
    parts: tuple[Part, ...]
    history: Dataset
    scoreboard: list[dict[str, Any]] = field(default_factory=list)
    assumptions: list[dict[str, str]] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    calibration: Calibration | None = None
    effects: Effects | None = None

    @property
    def members(self) -> tuple[Member, ...]:
        """All its networks, part after part."""
        return tuple(member for part in self.parts for member in part.members)

    @property
    def leading(self) -> tuple[Member, ...]:
        """Networks of the kind that leads: of one shape, in the part that counts most."""
        part = max((one for one in self.parts if one.members), key=lambda one: one.weight)
        first = part.members[0].network
        return tuple(member for member in part.members if member.network == first)

    @property
    def missing_future(self) -> list[str]:
        """Columns known ahead that a forecast after the history still needs values of."""
        return [] if self.effects is None else missing_future(self.history, self.h)

    def windows(self, panel: Panel, view: View) -> Windows:
        """Cut a panel as a network with that view sees it, without effects of covariates."""
        seen = Adjusted.of(panel, self.effects)
        return replace(Windows.of(seen.panel, view), features=seen.features)

    def paths(self, panel: Panel, z: Sequence[float]) -> np.ndarray:
        """Quantiles of the next steps of every series of a panel.

        Parameters
        ----------
        panel : Panel
            In the series' own units; every series has a value.
        z : sequence of float
            Which, as quantiles of the standard normal distribution.

        Returns
        -------
        ndarray, shape (n_series, h, len(z))
            In the series' own units, not negative and whole where all values of the series are.
        """
        known = self.history.panel.alone()
        outlook = Outlook(panel, self.parts, self.h, self.season_length, self.effects, known)
        reach = (self.calibration or Calibration.none(self.h)).stretched(np.asarray(z, float))
        return outlook.possible(outlook.at(reach))
