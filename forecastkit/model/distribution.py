"""What a model says of the next steps of every series: any quantile, in the series' own units.

A model is a weighted mean of parts, quantile by quantile. A part is an ensemble of networks, whose
median counts, or a statistical method.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace

import numpy as np

from forecastkit.methods.memo import MethodForecasts
from forecastkit.methods.paths import Paths
from forecastkit.methods.registry import METHODS
from forecastkit.network.runtime import Member, network_quantiles
from forecastkit.ranges import check_length, check_number, refuse
from forecastkit.series.components import Components, measure
from forecastkit.series.effects import Adjusted, CovariateFeatures, Effects
from forecastkit.series.intervals import quantiles_at
from forecastkit.series.panel import Panel
from forecastkit.series.windows import Windows

# standard normal scores between which values are looked up, and the most that one can be
_GRID = np.linspace(-5.0, 5.0, 41)
_ROWS_AT_ONCE = 1024
MAX_MEMBERS = 64
_MAX_OF_LARGEST = 4.0
# a series with fewer values that has never changed shows nothing of its noise
_MIN_VALUES = 3
# one-step error of a cold start where no series shows its noise: a factor of e, or once the size
_UNKNOWN_ERROR = 1.0


@dataclass(frozen=True)
class Part:
    """One of the forecasts whose weighted mean a model is.

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


class Distribution:
    """Distributions of the next steps of every series of a panel, all of whose values are past.

    Parameters
    ----------
    panel : Panel
        In the series' own units; every series has a value.
    parts : sequence of Part
    h, season_length : int
        Steps, and the season that statistical methods look for.
    effects : Effects, optional
        Of the panel's covariates: the parts see the series without them, and they are put back.
    others : Panel, optional
        Series that show how uncertain a cold start is, one with a single value for instance; those
        of the panel when left out. Its intervals are those of a random walk with the largest error
        among them.
    methods : MethodForecasts, optional
        Forecasts of statistical methods that are computed already.
    """

    def __init__(
        self,
        panel: Panel,
        parts: Sequence[Part],
        h: int,
        season_length: int,
        effects: Effects | None = None,
        others: Panel | None = None,
        methods: MethodForecasts | None = None,
    ) -> None:
        self.parts, self.h = tuple(parts), h
        methods = methods or MethodForecasts(h)
        seen = Adjusted.of(panel, effects)
        self.cold = _cold_starts(seen.panel)
        self.scale, response = seen.scale, seen.series_effects
        if self.cold.any():
            self.scale = replace(self.scale, whole=self.scale.whole & ~self.cold)
            known = seen if others is None else Adjusted.of(others, None)
            error = _largest_error(known.panel)
            walk = np.broadcast_to(np.sqrt(np.arange(1, h + 1)) * error, (panel.n_series, h))
            self._cold = _last_values(seen.panel), walk
        asked = any(one.network.view.uses_covariates for part in self.parts for one in part.members)
        terms = seen.features if asked else None
        self._effect = None if response is None else response.ahead(panel, h)[..., None]
        if response is not None:
            each = self.scale.take(panel.owner)
            panel = panel.alone().with_values(each.moved(panel.values, -seen.effect))
        self._highest = self._most(panel)
        measured: dict[tuple[int, ...], Components] = {}
        self._paths: dict[str, np.ndarray] = {}
        self._normal: dict[str, Paths] = {}
        for part in self.parts:
            if part.members:
                found = _median_paths(seen.panel, part.members, measured, terms)
                self._paths[part.name] = found[:, :h]
            else:
                self._normal[part.name] = methods(part.name, panel, h, season_length)

    def with_weights(self, weights: Sequence[float]) -> Distribution:
        """Return the same forecasts with other weights of the parts."""
        other = copy(self)
        pairs = zip(self.parts, weights, strict=True)
        other.parts = tuple(replace(part, weight=weight) for part, weight in pairs)
        return other

    def _most(self, panel: Panel) -> np.ndarray:
        """Highest forecast on the scale, shape (n_series,).

        Where a series touches zero it is a few times its largest value: logarithms of counts make
        tails that no count has.
        """
        largest = np.full(panel.n_series, -np.inf)
        np.fmax.at(largest, panel.owner, panel.values)
        most = self.scale.forward(_MAX_OF_LARGEST * np.maximum(largest, 0.0))
        return np.where(self.scale.shift > 0, most, np.inf)

    def quantiles(self, z: np.ndarray) -> np.ndarray:
        """Quantiles as the parts give them: not rounded, and not cut at zero.

        Parameters
        ----------
        z : ndarray, shape (h, n_wanted)
            Which, as quantiles of the standard normal distribution.

        Returns
        -------
        ndarray, shape (n_series, h, n_wanted)
        """
        return self._rows_at(slice(None), z)

    def component_quantiles(self, part: Part, z: np.ndarray) -> np.ndarray:
        """Quantiles of one part alone, of the shape that `at` returns."""
        return self._rows_of(part, slice(None), z)

    def _rows_at(self, rows: slice, z: np.ndarray) -> np.ndarray:
        weighted = [
            part.weight * self._rows_of(part, rows, z) for part in self.parts if part.weight > 0
        ]
        return np.sum(weighted, axis=0)

    def _rows_of(self, part: Part, rows: slice, z: np.ndarray) -> np.ndarray:
        if part.members:
            taus = part.members[0].network.quantiles
            some = self.scale.take(rows)
            paths = quantiles_at(self._paths[part.name][rows], taus, z)
            found = some.inverse(np.minimum(paths, self._highest[rows, None, None]))
        else:
            point, deviation = (one[rows, :, None] for one in self._normal[part.name])
            found = point + z * deviation
        if self.cold[rows].any():
            level, error = (one[rows] for one in self._cold)
            walk = self.scale.take(rows).inverse(level[:, None, None] + z * error[..., None])
            found = np.where(self.cold[rows, None, None], walk, found)
        if self._effect is None:
            return found
        return self.scale.take(rows).moved(found, self._effect[rows])

    def clip_to_support(self, paths: np.ndarray) -> np.ndarray:
        """Make forecasts what the series can be; see `Scale.clip_to_support`."""
        return self.scale.clip_to_support(paths)

    def pit_scores(self, actual: np.ndarray) -> np.ndarray:
        """Where values came to lie, as quantiles of the standard normal distribution.

        Parameters
        ----------
        actual : ndarray, shape (n_series, h)

        Returns
        -------
        ndarray, shape (n_series, h)
            -5 to 5; NaN where there is no value, or where the distribution has no width. Where
            many quantiles are that value (a count of zero), the one nearest the median. NaN too
            for cold starts, whose width is not their own.
        """
        z = np.broadcast_to(_GRID, (self.h, len(_GRID)))
        parts = [np.zeros((0, self.h))]
        for start in range(0, len(actual), _ROWS_AT_ONCE):
            rows = slice(start, start + _ROWS_AT_ONCE)
            grid = self.scale.take(rows).clip_to_support(self._rows_at(rows, z))
            parts.append(_looked_up(actual[rows], grid))
        return np.where(self.cold[:, None], np.nan, np.concatenate(parts))


def _cold_starts(panel: Panel) -> np.ndarray:
    """Whether each series has one or two values, all of them equal, shape (n_series,)."""
    known = ~np.isnan(panel.values)
    owner, y, n = panel.owner[known], panel.values[known], panel.n_series
    high, low = np.full(n, -np.inf), np.full(n, np.inf)
    np.maximum.at(high, owner, y)
    np.minimum.at(low, owner, y)
    counts = np.bincount(owner, minlength=n)
    return (counts > 0) & (counts < _MIN_VALUES) & (high == low)


def _last_values(panel: Panel) -> np.ndarray:
    """Last value of every series, on the scale of the panel, shape (n_series,)."""
    found = np.full(panel.n_series, np.nan)
    known = ~np.isnan(panel.values)
    found[panel.owner[known]] = panel.values[known]
    return found


def _largest_error(panel: Panel) -> float:
    """Largest one-step error of smoothing among the series of a panel on its scale."""
    errors = measure(panel, ()).error[panel.offsets[1:] - 1]
    return float(errors.max(initial=0.0)) or _UNKNOWN_ERROR


def _looked_up(actual: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Scores of values (n, h) between the quantiles (n, h, scores) that stand at `_GRID`."""
    below = (grid < actual[..., None]).sum(axis=-1)
    upto = (grid <= actual[..., None]).sum(axis=-1)
    ends = [_GRID[np.clip(index, 0, len(_GRID) - 1)] for index in (below, upto - 1)]
    right = np.clip(below, 1, len(_GRID) - 1)[..., None]
    low, high = (np.take_along_axis(grid, index, -1)[..., 0] for index in (right - 1, right))
    width, left = high - low, _GRID[right[..., 0] - 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        score = left + (actual - low) / width * (_GRID[1] - _GRID[0])
    score = np.where(upto > below, np.clip(0.0, *ends), score)
    score = np.clip(np.where(np.isfinite(score), score, left), _GRID[0], _GRID[-1])
    flat = grid[..., -1] - grid[..., 0] <= 1e-9 * np.abs(grid[..., 0])
    return np.where(flat | np.isnan(actual), np.nan, score)


def _median_paths(
    panel: Panel,
    members: Sequence[Member],
    measured: dict[tuple[int, ...], Components],
    terms: CovariateFeatures | None,
) -> np.ndarray:
    """Median over the networks of their quantiles on the scale, (n_series, h, n_quantiles)."""
    series, ends = np.arange(panel.n_series), panel.lengths - 1
    found = []
    for member in members:
        view = member.network.view
        lengths = view.season_lengths
        if lengths not in measured:
            measured[lengths] = measure(panel, lengths)
        windows = Windows(panel, measured[lengths], view, terms)
        given = network_quantiles(member.network, member.weights, windows, series, ends)
        last = windows.cutoffs(series, ends)[:, -1:]
        seen = windows.components
        # a series that never changes has no noise: its forecast is what it is
        unit = np.where(seen.noise[last] > 0, seen.scale[last], 0.0)[..., None]
        found.append(windows.baseline(series, last)[:, 0][..., None] + unit * given)
    return np.median(found, axis=0) if len(found) > 1 else found[0]
