"""States of the series of a model, from which forecasts continue without their history.

The state of a series is a small record: its transform, which stays as it was, sums of its
components, and the recurrent states of the networks. New values advance it one step each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from forecastkit.network.carried import CarriedNetworks
from forecastkit.network.runtime import ROWS_PER_CHUNK, Member
from forecastkit.network.threads import map_chunks
from forecastkit.ranges import RangeError, refuse
from forecastkit.series.panel import Panel
from forecastkit.series.scale import MIN_POSITIVE_SHARE, Scale, measure_scale, scaled
from forecastkit.tables.dataset import Dataset

# the transform is determined again up to this many values, and beyond this multiple of its size
_MIN_VALUES, _MAX_RATIO = 100, 20.0
# cost of a single step, in steps of a history that are computed at once
_COST_OF_STEP, _FIXED_COST = 100, 100


@dataclass(frozen=True, eq=False)
class States:
    """State of every series of a panel.

    Attributes
    ----------
    size, shift : ndarray, shape (n_series,)
        Transform of each series, as in `Scale`.
    networks : CarriedNetworks
        What the networks remember of the transformed series.
    """

    size: np.ndarray
    shift: np.ndarray
    networks: CarriedNetworks

    def __post_init__(self) -> None:
        if not (np.isfinite(self.size) & (self.size > 0)).all():
            refuse("the size of a series", self.size.min(initial=0), "positive")
        if not (np.isnan(self.shift) | (self.shift >= 0)).all():
            refuse("the shift of a series", self.shift.min(initial=0), "not negative")
        if any(np.isinf(array).any() for array in self.networks.arrays().values()):
            raise RangeError("A state holds an infinite value.")

    @classmethod
    def of(cls, members: Sequence[Member], panel: Panel, like: States | None = None) -> States:
        """States after all values of a panel.

        Parameters
        ----------
        members : sequence of Member
        panel : Panel
            In the series' own units.
        like : States, optional
            Earlier states of the same series, whose transform and first cutoffs are kept.
        """
        scale = measure_scale(panel)
        if like is not None:
            scale = like.scale(panel)
        origins = None if like is None else like.networks.origins
        networks = CarriedNetworks.of(members, scaled(panel, scale), origins)
        return cls(scale.size, scale.shift, networks)

    def scale(self, panel: Panel) -> Scale:
        """Transform of a panel of the same series, with the stored size and shift."""
        floor = np.where(np.isnan(self.shift), -np.inf, 0.0)
        return replace(measure_scale(panel), size=self.size, shift=self.shift, floor=floor)

    def paths(self) -> list[np.ndarray]:
        """Quantiles of the next steps on the transformed scale, of every network.

        Returns
        -------
        list of ndarray, shape (n_series, horizon, n_quantiles)
        """

        def chunk(start: int) -> list[np.ndarray]:
            rows = np.arange(start, min(start + ROWS_PER_CHUNK, len(self.size)))
            quantiles, windows = self.networks.quantiles(rows)
            last = windows.panel.offsets[1:] - 1
            return [windows.paths(np.arange(len(rows)), last, each) for each in quantiles]

        chunks = map_chunks(chunk, range(0, len(self.size), ROWS_PER_CHUNK))
        return [np.concatenate(paths) for paths in zip(*chunks, strict=True)]

    def arrays(self) -> dict[str, np.ndarray]:
        """All arrays by name, without copies; the first axis is that of the series."""
        return {"size": self.size, "shift": self.shift, **self.networks.arrays()}

    @classmethod
    def from_arrays(cls, members: Sequence[Member], arrays: Mapping[str, np.ndarray]) -> States:
        """States with copies of arrays as `arrays` returns them."""
        networks = CarriedNetworks.from_arrays(members, arrays)
        return cls(arrays["size"].copy(), arrays["shift"].copy(), networks)

    def take(self, rows: np.ndarray) -> States:
        """Copies of the states of some series."""
        arrays = {name: array[rows] for name, array in self.arrays().items()}
        return States.from_arrays(self.networks.members, arrays)

    @staticmethod
    def joined(states: Sequence[States]) -> States:
        """States of the series of several panels, one after the other."""
        arrays = [each.arrays() for each in states]
        joined = {name: np.concatenate([each[name] for each in arrays]) for name in arrays[0]}
        return States.from_arrays(states[0].networks.members, joined)

    def fits(self, y: np.ndarray) -> np.ndarray:
        """Whether the transform of each series fits further values, shape (n_series, n)."""
        lowest = np.where(self.shift > 0, 0.0, MIN_POSITIVE_SHARE * self.size)
        lowest = np.where(np.isnan(self.shift), -np.inf, lowest)[:, None]
        fits = (y >= lowest) & (np.abs(y) <= _MAX_RATIO * self.size[:, None])
        has_enough = self.networks.components.levels.n > _MIN_VALUES
        return np.asarray((fits | np.isnan(y)).all(axis=1) & has_enough)

    def advance(self, panel: Panel, n_new: np.ndarray) -> None:
        """Advance the series by the last values of a panel, `n_new` of each."""
        scale = self.scale(panel)
        for k in range(int(n_new.max(initial=0))):
            rows = np.flatnonzero(n_new > k)
            y = panel.values[panel.offsets[rows + 1] - n_new[rows] + k]
            self.networks.advance(rows, scale.take(rows).forward(y))


def continued_states(
    members: Sequence[Member],
    states: States | None,
    stored: Dataset,
    data: Dataset,
    source: np.ndarray,
) -> States:
    """States after further values.

    Parameters
    ----------
    members : sequence of Member
    states : States or None
        Those of `stored`; None if they are computed from it.
    stored, data : Dataset
        History before, and after.
    source : ndarray of int, shape (n_series,)
        Position among the stored series of the one that each series of `data` continues; -1 for
        new ones. The transform of a continued series stays, unless its new values do not fit it or
        it has few values.
    """
    n_new = np.where(source >= 0, data.last - stored.last[source], 0)
    rows = np.flatnonzero(_starts_alike(stored.panel, data.panel, source, n_new))
    panel = data.panel.alone().take(rows)
    old = (
        States.of(members, stored.panel.alone().take(source[rows]))
        if states is None
        else states.take(source[rows])
    )
    n_new = n_new[rows]
    ages = np.arange(max(int(n_new.max(initial=0)), 1))[::-1]
    fits = old.fits(np.where(ages < n_new[:, None], panel.last_values(len(ages)), np.nan))
    whole = old.networks.components.steps + n_new == panel.lengths
    cheaper = whole & (n_new * _COST_OF_STEP > panel.lengths + _FIXED_COST)
    at_once, by_step = np.flatnonzero(fits & cheaper), np.flatnonzero(fits & ~cheaper)
    stepped = old.take(by_step)
    stepped.advance(panel.take(by_step), n_new[by_step])
    restarted = np.setdiff1d(np.arange(len(source)), rows[fits])
    groups = {
        "stepped": (rows[by_step], stepped),
        "at once": (
            rows[at_once],
            States.of(members, panel.take(at_once), like=old.take(at_once)),
        ),
        "restarted": (restarted, States.of(members, data.panel.alone().take(restarted))),
    }
    order = np.concatenate([positions for positions, _ in groups.values()])
    return States.joined([each for _, each in groups.values()]).take(np.argsort(order))


def _starts_alike(stored: Panel, panel: Panel, source: np.ndarray, n_new: np.ndarray) -> np.ndarray:
    """Whether each series is the stored one and `n_new` values more."""
    old = np.maximum(source, 0)
    n_common = np.minimum(panel.lengths - n_new, stored.lengths[old])
    n_common = np.where((source >= 0) & (n_new >= 0), np.maximum(n_common, 0), 0)
    stops, old_stops = panel.offsets[1:] - n_new, stored.offsets[old + 1]
    here = panel.y.between(stops - n_common, stops)
    there = stored.y.between(old_stops - n_common, old_stops)
    same = (here.values == there.values) | (np.isnan(here.values) & np.isnan(there.values))
    n_different = np.bincount(here.owner, ~same, minlength=panel.n_series)
    return np.asarray((n_common > 0) & (n_different == 0))
