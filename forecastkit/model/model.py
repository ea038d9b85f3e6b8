"""A blend of networks and statistical methods, and the fitted model that is saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from forecastkit.errors import OptionError
from forecastkit.methods.memo import MethodForecasts
from forecastkit.model.calibration import Calibration
from forecastkit.model.dependence import Dependence
from forecastkit.model.distribution import MAX_MEMBERS, Distribution, Part, Stored
from forecastkit.model.states import States
from forecastkit.network.carried import can_be_carried
from forecastkit.network.pretrained import with_horizon
from forecastkit.network.runtime import Member
from forecastkit.ranges import (
    MAX_STEPS,
    RangeError,
    check_length,
    check_number,
    check_whole,
    check_whole_option,
    refuse,
)
from forecastkit.series.effects import Adjusted, Effects
from forecastkit.series.panel import Panel
from forecastkit.series.view import View
from forecastkit.series.windows import Windows
from forecastkit.tables.dataset import Dataset
from forecastkit.tables.future import missing_future


@dataclass(frozen=True, eq=False)
class Blend:
    """Weighted mean of parts, with calibrated intervals.

    Attributes
    ----------
    parts : tuple of Part
        Their weights sum to 1.
    h, season_length : int
        Horizon in steps, and season length of statistical parts.
    calibration : Calibration
        Radius of its intervals.
    effects : Effects, optional
        Effects of the covariates known in advance.
    dependence : Dependence
        Of forecast errors over steps and series, for sample paths.
    """

    parts: tuple[Part, ...]
    h: int
    season_length: int
    calibration: Calibration
    effects: Effects | None = None
    dependence: Dependence = Dependence()

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
        """Networks of all parts, in the order of the parts."""
        return tuple(member for part in self.parts for member in part.members)

    @property
    def has_state(self) -> bool:
        """Whether the networks have a state to carry on; see `can_be_carried`."""
        return self.effects is None and can_be_carried([member.network for member in self.members])

    @property
    def leading(self) -> tuple[Member, ...]:
        """Networks of the first configuration in the ensemble with the largest weight."""
        part = max((part for part in self.parts if part.members), key=lambda part: part.weight)
        first = part.members[0].network
        return tuple(member for member in part.members if member.network == first)

    def with_horizon(self, h: int) -> Blend:
        """Return the blend for another horizon; see `with_horizon` of the pretrained networks."""
        parts = []
        for part in self.parts:
            pairs = [with_horizon(member.network, member.weights, h) for member in part.members]
            parts.append(replace(part, members=tuple(Member(*pair) for pair in pairs)))
        return replace(self, parts=tuple(parts), h=h, calibration=self.calibration.at_horizon(h))

    def windows(self, panel: Panel, view: View) -> Windows:
        """Windows of a panel for networks with a given view, adjusted for covariate effects."""
        adjusted = Adjusted.of(panel, self.effects)
        return replace(Windows.of(adjusted.panel, view), features=adjusted.features)

    def distribution(
        self,
        panel: Panel,
        stored: Stored | None = None,
        methods: MethodForecasts | None = None,
        h: int | None = None,
    ) -> Distribution:
        """Distribution of the next steps of every series of a panel.

        Parameters
        ----------
        panel : Panel
            In the series' own units; every series has a value.
        stored : Stored, optional
            What a model stores beside the panel.
        methods : MethodForecasts, optional
            Cache of forecasts of statistical methods.
        h : int, optional
            Number of steps, at most the horizon; by default the horizon.
        """
        settings = h or self.h, self.season_length, self.effects, stored, methods
        return Distribution(panel, self.parts, *settings)

    def quantiles(
        self, panel: Panel, z: Sequence[float], stored: Stored | None = None
    ) -> np.ndarray:
        """Calibrated quantiles of the next steps of every series of a panel.

        Parameters
        ----------
        panel : Panel
            As for `distribution`.
        z : sequence of float
            Which quantiles, as quantiles of the standard normal distribution.
        stored : Stored, optional
            As for `distribution`.

        Returns
        -------
        ndarray, shape (n_series, h, len(z))
            In the series' own units; non-negative and whole if all values of the series are.
        """
        distribution = self.distribution(panel, stored)
        levels = self.calibration.calibrated(np.asarray(z, float))
        return distribution.clip_to_support(distribution.quantiles(levels))


@dataclass(frozen=True)
class Metadata:
    """Metadata of a fitted model: name, scores, assumptions and provenance.

    Attributes
    ----------
    alias : str
        Name of its column in forecast tables.
    scoreboard : list of dict
        Scores of the model and the baselines on the hold-out, best first.
    assumptions : list of dict
        Each inference or assumption (`what`) and its reason (`why`).
    facts : dict
        Provenance: training span, seed, preset, steps, versions, fingerprint of the data.
    """

    alias: str
    scoreboard: list[dict[str, Any]] = field(default_factory=list)
    assumptions: list[dict[str, str]] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class FittedModel:
    """A fitted model, as saved, loaded, and held by a forecaster as `model_`.

    Attributes
    ----------
    blend : Blend
    history : Dataset
        Last periods of every series, at most `MAX_STEPS`.
    metadata : Metadata
    states : States, optional
        States of the series of the history, from which forecasts continue once the model has been
        updated; without them forecasts are computed from the history.
    """

    blend: Blend
    history: Dataset
    metadata: Metadata
    states: States | None = None

    def __post_init__(self) -> None:
        panel = self.history.panel
        check_whole("the shortest history", panel.lengths.min(initial=1), 1, MAX_STEPS)
        check_whole("the longest history", panel.lengths.max(initial=1), 1, MAX_STEPS)
        arrays = [panel.values]
        if panel.covariates is not None:
            arrays += [panel.covariates.changing.values, panel.covariates.static]
        if any(np.isinf(array).any() for array in arrays):
            raise RangeError("The history holds an infinite value.")
        if self.states is not None:
            check_length("the states", self.states.size, panel.n_series, panel.n_series)
        effects, covariates = self.blend.effects, panel.covariates
        if effects is not None and (
            covariates is None or not np.array_equal(effects.known_ahead, covariates.known_ahead)
        ):
            raise RangeError("The effects are not those of the covariates in the history.")

    @property
    def h(self) -> int:
        """Horizon, in steps."""
        return self.blend.h

    def with_horizon(self, h: int) -> FittedModel:
        """Return the model for another horizon; beyond that of the fit, intervals are less certain.

        Raises
        ------
        OptionError
            If the horizon is not a whole number from 1 to `MAX_STEPS`.
        """
        check_whole_option("h", h, 1, MAX_STEPS)
        if h == self.h:
            return self
        blend = self.blend.with_horizon(int(h))
        states = self.states
        if states is not None:
            states = States.from_arrays(blend.members, states.arrays())
        return replace(self, blend=blend, states=states)

    @property
    def missing_future(self) -> list[str]:
        """Columns known in advance whose values for the forecast steps are not in the history."""
        return [] if self.blend.effects is None else missing_future(self.history, self.h)

    def quantiles(
        self, panel: Panel, z: Sequence[float], states: States | None = None
    ) -> np.ndarray:
        """Quantiles of the next steps of every series of a panel; see `Blend.quantiles`."""
        return self.blend.quantiles(panel, z, Stored(self.history.panel.alone(), states))


def fitted_model(model: Any, kind: str = "model") -> FittedModel:
    """Return the fitted model of a forecaster or a `Predictor`.

    Raises
    ------
    OptionError
        If it is neither, or not fitted; the message calls it a `kind`.
    """
    fitted = getattr(model, "model_", getattr(model, "model", None))
    if not isinstance(fitted, FittedModel):
        raise OptionError(f"{model!r} is not a fitted {kind}.", fix="Call fit, or load a file.")
    return fitted
