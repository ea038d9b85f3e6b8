"""What forecasts, and what is saved: a blend, and the fitted model around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from forecastkit.errors import OptionError
from forecastkit.methods.memo import MethodForecasts
from forecastkit.model.calibration import Calibration
from forecastkit.model.distribution import MAX_MEMBERS, Distribution, Part
from forecastkit.network.runtime import Member
from forecastkit.ranges import (
    MAX_STEPS,
    RangeError,
    check_length,
    check_number,
    check_whole,
    refuse,
)
from forecastkit.series.effects import Adjusted, Effects
from forecastkit.series.panel import Panel
from forecastkit.series.windows import View, Windows
from forecastkit.tables.dataset import Dataset
from forecastkit.tables.future import missing_future


@dataclass(frozen=True, eq=False)
class Blend:
    """What forecasts: the weighted mean of its parts, with calibrated intervals.

    Attributes
    ----------
    parts : tuple of Part
        Their weights sum to 1.
    h, season_length : int
        Horizon in steps, and season length of statistical parts.
    calibration : Calibration
        How far its intervals reach from the median.
    effects : Effects, optional
        Of the covariates that are known in advance.
    """

    parts: tuple[Part, ...]
    h: int
    season_length: int
    calibration: Calibration
    effects: Effects | None = None

    def __post_init__(self) -> None:
        check_whole("h", self.h, 1, MAX_STEPS)
        check_whole("season_length", self.season_length, 1, MAX_STEPS)
        check_length("members", self.members, 1, MAX_MEMBERS)
        total = sum(part.weight for part in self.parts)
        check_number("the sum of the weights", total, 1 - 1e-6, 1 + 1e-6)
        horizons = {member.network.view.horizon for member in self.members}
        if horizons != {self.h} or len(self.calibration.radius) != self.h:
            refuse("h", self.h, "the horizon of every network and of the calibration")

    @property
    def members(self) -> tuple[Member, ...]:
        """All its networks, part after part."""
        return tuple(member for part in self.parts for member in part.members)

    @property
    def leading(self) -> tuple[Member, ...]:
        """Networks of one configuration in the network part with the largest weight."""
        part = max((one for one in self.parts if one.members), key=lambda one: one.weight)
        first = part.members[0].network
        return tuple(member for member in part.members if member.network == first)

    def windows(self, panel: Panel, view: View) -> Windows:
        """Inputs of a network with that view, adjusted for the effects of covariates."""
        adjusted = Adjusted.of(panel, self.effects)
        return replace(Windows.of(adjusted.panel, view), features=adjusted.features)

    def distribution(
        self,
        panel: Panel,
        others: Panel | None = None,
        methods: MethodForecasts | None = None,
        h: int | None = None,
    ) -> Distribution:
        """Distribution of the next steps of every series of a panel.

        Parameters
        ----------
        panel : Panel
            In the series' own units; every series has a value.
        others : Panel, optional
            Series whose errors show how uncertain a cold start is; by default the panel itself.
        methods : MethodForecasts, optional
            Forecasts of statistical methods that are computed already.
        h : int, optional
            Fewer steps than the horizon.
        """
        h = h or self.h
        return Distribution(panel, self.parts, h, self.season_length, self.effects, others, methods)

    def quantiles(
        self, panel: Panel, z: Sequence[float], others: Panel | None = None
    ) -> np.ndarray:
        """Calibrated quantiles of the next steps of every series of a panel.

        Parameters
        ----------
        panel, others : Panel
            As for `distribution`.
        z : sequence of float
            Quantiles as those of the standard normal distribution.

        Returns
        -------
        ndarray, shape (n_series, h, len(z))
            In the series' own units; not negative and whole where all values of a series are.
        """
        distribution = self.distribution(panel, others)
        levels = self.calibration.calibrated(np.asarray(z, float))
        return distribution.clip_to_support(distribution.quantiles(levels))


@dataclass(frozen=True)
class Metadata:
    """What a model reports about itself.

    Attributes
    ----------
    alias : str
        Name of its column in forecast tables.
    scoreboard : list of dict
        Scores of the model and the baselines on the hold-out, best first.
    assumptions : list of dict
        What was inferred or assumed (`what`), and why (`why`).
    facts : dict
        Provenance: training span, seed, preset, steps, versions, fingerprint of the data.
    """

    alias: str
    scoreboard: list[dict[str, Any]] = field(default_factory=list)
    assumptions: list[dict[str, str]] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class FittedModel:
    """What is saved, loaded, and held by a forecaster as `model_`.

    Attributes
    ----------
    blend : Blend
    history : Dataset
        The last periods of every series.
    metadata : Metadata
    """

    blend: Blend
    history: Dataset
    metadata: Metadata

    def __post_init__(self) -> None:
        panel = self.history.panel
        check_whole("the shortest history", panel.lengths.min(initial=1), 1, MAX_STEPS)
        check_whole("the longest history", panel.lengths.max(initial=1), 1, MAX_STEPS)
        arrays = [panel.values]
        if panel.covariates is not None:
            arrays += [panel.covariates.changing.values, panel.covariates.static]
        if any(np.isinf(array).any() for array in arrays):
            raise RangeError("The history holds an infinite value.")
        effects, covariates = self.blend.effects, panel.covariates
        if effects is not None and (
            covariates is None or not np.array_equal(effects.known_ahead, covariates.known_ahead)
        ):
            raise RangeError("The effects are not those of the covariates in the history.")

    @property
    def h(self) -> int:
        """Horizon, in steps."""
        return self.blend.h

    @property
    def missing_future(self) -> list[str]:
        """Columns known in advance whose values a forecast after the history still needs."""
        return [] if self.blend.effects is None else missing_future(self.history, self.h)

    def quantiles(self, panel: Panel, z: Sequence[float]) -> np.ndarray:
        """Quantiles of the next steps of every series of a panel; see `Blend.quantiles`."""
        return self.blend.quantiles(panel, z, others=self.history.panel.alone())


def fitted_model(model: Any, what: str = "model") -> FittedModel:
    """Return the fitted model of a forecaster or a `Predictor`.

    Raises
    ------
    OptionError
        If it is neither, or not fitted; `what` names it in the message.
    """
    fitted = getattr(model, "model_", getattr(model, "model", None))
    if not isinstance(fitted, FittedModel):
        raise OptionError(f"{model!r} is not a fitted {what}.", fix="Call fit, or load a file.")
    return fitted
