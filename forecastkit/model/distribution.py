"""Forecast distributions of the next steps of every series, in the series' own units.

The quantiles of a model are weighted means of those of its parts. A part is a statistical method or
an ensemble of networks, combined by the median.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace

import numpy as np

from forecastkit.methods.memo import MethodForecasts
from forecastkit.methods.paths import Paths
from forecastkit.methods.registry import METHODS
from forecastkit.model.states import States
from forecastkit.network.runtime import Member, network_quantiles
from forecastkit.ranges import check_length, check_number, refuse
from forecastkit.series.components import Components, measure
from forecastkit.series.effects import Adjusted, CovariateFeatures, Effects
from forecastkit.series.intervals import quantiles_at
from forecastkit.series.panel import Panel
from forecastkit.series.support import Support
from forecastkit.series.windows import Windows

# standard normal quantiles between which PIT scores are interpolated; the ends clip the scores
_GRID = np.linspace(-5.0, 5.0, 41)
_ROWS_PER_CHUNK = 1024
MAX_MEMBERS = 64
_MAX_RATIO_TO_LARGEST = 4.0
# the noise of a constant series with fewer values cannot be estimated
_MIN_VALUES = 3
# one-step error of a cold start on the transformed scale if no series has noise
_DEFAULT_ERROR = 1.0


@dataclass(frozen=True)
class Part:
    """A component of a blend: an ensemble of networks or a statistical method.

    Attributes
    ----------
    name : str
        Its alias, or the name of a method in `METHODS`.
    weight : float
        From 0 to 1; those of all parts sum to 1.
    members : tuple of Member
        Networks; none for a statistical method.
    """

    name: str
    weight: float = 1.0
    members: tuple[Member, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            refuse("the name of a part", self.name, "text")
        check_number(f"the weight of {self.name}", self.weight, 0, 1)
        statistical = self.name in METHODS
        check_length(
            f"the members of {self.name}",
            self.members,
            0 if statistical else 1,
            0 if statistical else MAX_MEMBERS,
        )


@dataclass(frozen=True, eq=False)
class Stored:
    """What a fitted model stores beside the series that it forecasts.

    Attributes
    ----------
    others : Panel, optional
        Series from which the uncertainty of cold starts (a single value, for instance) is
        estimated. A cold start has the intervals of a random walk with the largest one-step error
        among these series.
    states : States, optional
        States of the series, from which the forecasts of all networks continue; otherwise they are
        computed from the panel. There are no effects then.
    """

    others: Panel | None = None
    states: States | None = None


class Distribution:
    """Forecast distributions of the next steps of every series of a panel.

    Parameters
    ----------
    panel : Panel
        The past, in the series' own units; every series has a value.
    parts : sequence of Part
    h, season_length : int
        Horizon in steps, and season length of statistical methods.
    effects : Effects, optional
        Effects of the panel's covariates: the parts forecast the adjusted series, and the effects
        of the future steps are added back.
    stored : Stored, optional
        By default the uncertainty of cold starts is estimated from the panel itself.
    methods : MethodForecasts, optional
        Cache of forecasts of statistical methods.
    """

    def __init__(
        self,
        panel: Panel,
        parts: Sequence[Part],
        h: int,
        season_length: int,
        effects: Effects | None = None,
        stored: Stored | None = None,
        methods: MethodForecasts | None = None,
    ) -> None:
        self.parts, self.h = tuple(parts), h
        methods = methods or MethodForecasts(h)
        others, states = (stored.others, stored.states) if stored else (None, None)
        scale = None if states is None else states.scale(panel)
        adjusted = Adjusted.of(panel, effects, scale=scale)
        self.cold = _cold_starts(adjusted.panel)
        self.scale, series_effects = adjusted.scale, adjusted.series_effects
        if self.cold.any():
            self.scale = replace(self.scale, whole=self.scale.whole & ~self.cold)
            reference = adjusted if others is None else Adjusted.of(others, None)
            error = _largest_error(reference.panel)
            walk = np.broadcast_to(np.sqrt(np.arange(1, h + 1)) * error, (panel.n_series, h))
            self._random_walk = _last_values(adjusted.panel), walk
        self.support = Support.of(panel, self.scale)
        views = [member.network.view for part in self.parts for member in part.members]
        features = adjusted.features if any(view.uses_covariates for view in views) else None
        self._effect = None if series_effects is None else series_effects.ahead(panel, h)[..., None]
        if series_effects is not None:
            scale = self.scale.take(panel.owner)
            panel = panel.alone().with_values(scale.moved(panel.values, -adjusted.effect))
        self._upper_bound = self._upper_bounds(panel)
        components: dict[tuple[tuple[int, ...], bool], Components] = {}
        self._paths: dict[str, np.ndarray] = {}
        self._normal: dict[str, Paths] = {}
        continued = iter([] if states is None else states.paths())
        for part in self.parts:
            if part.members:
                if states is None:
                    paths = _median_paths(adjusted.panel, part.members, components, features)
                else:
                    paths = _median([next(continued) for _ in part.members])
                self._paths[part.name] = paths[:, :h]
            else:
                self._normal[part.name] = methods(part.name, panel, h, season_length)

    def with_weights(self, weights: Sequence[float]) -> Distribution:
        """Return the same forecasts with other weights of the parts."""
        reweighted = copy(self)
        pairs = zip(self.parts, weights, strict=True)
        reweighted.parts = tuple(replace(part, weight=weight) for part, weight in pairs)
        return reweighted

    def _upper_bounds(self, panel: Panel) -> np.ndarray:
        """Upper bound of the network forecasts on the transformed scale, shape (n_series,).

        For series with zeros it is a few times their largest value: on a log scale the upper tail
        of counts would be too heavy.
        """
        largest = np.full(panel.n_series, -np.inf)
        np.fmax.at(largest, panel.owner, panel.values)
        bound = self.scale.forward(_MAX_RATIO_TO_LARGEST * np.maximum(largest, 0.0))
        return np.where(self.scale.shift > 0, bound, np.inf)

    def quantiles(self, z: np.ndarray) -> np.ndarray:
        """Quantiles of the blend, neither rounded nor clipped at zero.

        Parameters
        ----------
        z : ndarray, shape (h, n_quantiles)
            Which quantiles, as quantiles of the standard normal distribution.

        Returns
        -------
        ndarray, shape (n_series, h, n_quantiles)
        """
        return self._rows_at(slice(None), z)

    def component_quantiles(self, part: Part, z: np.ndarray) -> np.ndarray:
        """Quantiles of a single part; otherwise as `quantiles`."""
        return self._part_rows(part, slice(None), z)

    def _rows_at(self, rows: slice, z: np.ndarray) -> np.ndarray:
        weighted = [
            part.weight * self._part_rows(part, rows, z) for part in self.parts if part.weight > 0
        ]
        return np.sum(weighted, axis=0)

    def _part_rows(self, part: Part, rows: slice, z: np.ndarray) -> np.ndarray:
        if part.members:
            taus = part.members[0].network.quantiles
            scale = self.scale.take(rows)
            paths = quantiles_at(self._paths[part.name][rows], taus, z)
            quantiles = scale.inverse(np.minimum(paths, self._upper_bound[rows, None, None]))
        else:
            point, deviation = (array[rows, :, None] for array in self._normal[part.name])
            quantiles = point + z * deviation
        if self.cold[rows].any():
            level, error = (array[rows] for array in self._random_walk)
            walk = self.scale.take(rows).inverse(level[:, None, None] + z * error[..., None])
            quantiles = np.where(self.cold[rows, None, None], walk, quantiles)
        if self._effect is None:
            return quantiles
        return self.scale.take(rows).moved(quantiles, self._effect[rows])

    def clip_to_support(self, paths: np.ndarray) -> np.ndarray:
        """Clip and round forecasts to the support of each series; see `Support.clip`."""
        return self.support.clip(paths)

    def pit_scores(self, actual: np.ndarray) -> np.ndarray:
        """Probability integral transform of values, as standard normal quantiles.

        Parameters
        ----------
        actual : ndarray, shape (n_series, h)

        Returns
        -------
        ndarray, shape (n_series, h)
            From -5 to 5. If several quantiles equal the value (a count of zero), the one nearest
            the median. NaN for missing values, for distributions of zero width, and for cold
            starts, whose width is estimated from other series.
        """
        z = np.broadcast_to(_GRID, (self.h, len(_GRID)))
        chunks = [np.zeros((0, self.h))]
        for start in range(0, len(actual), _ROWS_PER_CHUNK):
            rows = slice(start, start + _ROWS_PER_CHUNK)
            grid = self.support.take(rows).clip(self._rows_at(rows, z))
            chunks.append(_interpolated_scores(actual[rows], grid))
        return np.where(self.cold[:, None], np.nan, np.concatenate(chunks))


def _cold_starts(panel: Panel) -> np.ndarray:
    """Whether each series has only one or two values, all equal, shape (n_series,)."""
    observed = ~np.isnan(panel.values)
    owner, y, n = panel.owner[observed], panel.values[observed], panel.n_series
    high, low = np.full(n, -np.inf), np.full(n, np.inf)
    np.maximum.at(high, owner, y)
    np.minimum.at(low, owner, y)
    counts = np.bincount(owner, minlength=n)
    return (counts > 0) & (counts < _MIN_VALUES) & (high == low)


def _last_values(panel: Panel) -> np.ndarray:
    """Last value of every series, on the scale of the panel, shape (n_series,)."""
    last = np.full(panel.n_series, np.nan)
    observed = ~np.isnan(panel.values)
    last[panel.owner[observed]] = panel.values[observed]
    return last


def _largest_error(panel: Panel) -> float:
    """Largest one-step error of exponential smoothing among the series of a transformed panel."""
    errors = measure(panel, ()).error[panel.offsets[1:] - 1]
    return float(errors.max(initial=0.0)) or _DEFAULT_ERROR


def _interpolated_scores(actual: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """PIT scores of values (n, h), interpolated between the quantiles (n, h, n_grid) at `_GRID`."""
    n_below = (grid < actual[..., None]).sum(axis=-1)
    n_up_to = (grid <= actual[..., None]).sum(axis=-1)
    ties = [_GRID[np.clip(index, 0, len(_GRID) - 1)] for index in (n_below, n_up_to - 1)]
    right = np.clip(n_below, 1, len(_GRID) - 1)[..., None]
    low, high = (np.take_along_axis(grid, index, -1)[..., 0] for index in (right - 1, right))
    width, left = high - low, _GRID[right[..., 0] - 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        score = left + (actual - low) / width * (_GRID[1] - _GRID[0])
    score = np.where(n_up_to > n_below, np.clip(0.0, *ties), score)
    score = np.clip(np.where(np.isfinite(score), score, left), _GRID[0], _GRID[-1])
    degenerate = grid[..., -1] - grid[..., 0] <= 1e-9 * np.abs(grid[..., 0])
    return np.where(degenerate | np.isnan(actual), np.nan, score)


def _median_paths(
    panel: Panel,
    members: Sequence[Member],
    components: dict[tuple[tuple[int, ...], bool], Components],
    features: CovariateFeatures | None,
) -> np.ndarray:
    """Median of the networks' quantiles on the transformed scale, (n_series, h, n_quantiles).

    `components` caches the components of the panel by the arguments of `measure`.
    """
    series, ends = np.arange(panel.n_series), panel.lengths - 1
    paths = []
    for member in members:
        view = member.network.view
        key = view.season_lengths, view.has_slow_memory
        if key not in components:
            components[key] = measure(panel, *key)
        windows = Windows(panel, components[key], view, features)
        deviations = network_quantiles(member.network, member.weights, windows, series, ends)
        last = panel.offsets[1:] - 1
        paths.append(windows.paths(series, last, deviations))
    return _median(paths)


def _median(paths: Sequence[np.ndarray]) -> np.ndarray:
    return np.median(paths, axis=0) if len(paths) > 1 else paths[0]
