"""Components of series advanced by one observation at a time, with a state of constant size.

The estimates are those of `forecastkit.series.components.measure`, which computes all steps of a
history at once: every quantity there is a recursion, so that a few sums per series and phase are
enough to continue it. The cost of a step does not depend on the length of the history.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from forecastkit.series.components import (
    ALPHAS,
    ERROR_DECAY,
    LEVEL_ALPHAS,
    NOISE_DECAY,
    SLOW_LEVEL_DECAY,
    SLOW_SHARE,
    Smoothing,
    season_passes,
    slow_pass,
)
from forecastkit.series.panel import Panel
from forecastkit.series.recurrence import decayed_sum
from forecastkit.series.seasonal import (
    MIN_OBSERVED_WEIGHT,
    centre_and_strength,
    component_at_steps,
    component_sums,
    cumulative_sum_by_phase,
    estimate_season,
    moving_average_weights,
    phase_sums,
)


@dataclass(eq=False)
class SeasonState:
    """State of one seasonal estimate; every array has one row per series.

    Attributes
    ----------
    length : int
        Steps per season.
    decay : float
        Memory per cycle.
    window : ndarray, shape (n_series, 2 * (length // 2) + 1)
        Latest values of the series, NaN where missing, by step modulo the width.
    weight, total, square, mean : ndarray, shape (n_series, length)
        Decayed sums of the deviations of each phase, and their means.
    counts : ndarray, shape (n_series, length, 2)
        Number of observed steps of each phase, and the sum of their times, half a season ago.
    observed : ndarray of bool, shape (n_series, length // 2 + 1)
        Whether the latest steps were observed, by step modulo the width.
    sums : ndarray, shape (n_series, 2)
        Sum of the seasonal component over the observed steps, and of its product with time.
    centre, strength : ndarray, shape (n_series,)
    """

    length: int
    decay: float
    window: np.ndarray
    weight: np.ndarray
    total: np.ndarray
    square: np.ndarray
    mean: np.ndarray
    counts: np.ndarray
    observed: np.ndarray
    sums: np.ndarray
    centre: np.ndarray
    strength: np.ndarray

    @classmethod
    def start(cls, n: int, m: int, decay: float) -> SeasonState:
        """State before the first step."""
        half = m // 2
        window = np.full((n, 2 * half + 1), np.nan)
        weight, total, square, mean = (np.zeros((n, m)) for _ in range(4))
        counts, observed = np.zeros((n, m, 2)), np.zeros((n, half + 1), bool)
        sums, flat = np.zeros((n, 2)), [np.zeros(n) for _ in range(2)]
        return cls(m, decay, window, weight, total, square, mean, counts, observed, sums, *flat)

    def advance(self, rows: np.ndarray, t: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Advance some series by one step, and return their seasonal components at it.

        Parameters
        ----------
        rows : ndarray of int, shape (k,)
            Positions of the series.
        t : ndarray of int, shape (k,)
            Step of each, counted from 0.
        x : ndarray, shape (k,)
            Values, adjusted for the seasons estimated before; NaN where missing.
        """
        m, half = self.length, self.length // 2
        is_observed = ~np.isnan(x)
        before = self.mean[rows, t % m]  # of this phase, one cycle ago
        self.window[rows, t % self.window.shape[1]] = x
        self.observed[rows, t % (half + 1)] = is_observed
        self.sums[rows] += (before * is_observed)[:, None] * np.stack([np.ones_like(t), t], axis=1)
        p = t - half  # the step whose centred moving average is complete now
        known = p >= 0
        rows_p, p = rows[known], p[known]
        was_observed = self.observed[rows_p, p % (half + 1)]
        phase = p % m
        self.counts[rows_p, phase] += np.stack([was_observed, was_observed * p], axis=1)
        change = self._update_phase(rows_p, p)
        self.sums[rows_p] += change[:, None] * self.counts[rows_p, phase]
        complete = rows_p[p >= m - 1]
        arrays = (self.weight, self.total, self.square, self.mean)
        terms = phase_sums(*(array[complete] for array in arrays))
        sums = [term.sum(axis=1) for term in terms]
        self.centre[complete], self.strength[complete] = centre_and_strength(sums, m)
        return self.strength[rows] * (before - self.centre[rows])

    def follow(self, rows: np.ndarray, ends: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Set the state of some series to that after all their steps.

        Parameters
        ----------
        rows, ends : ndarray of int, shape (k,)
            Positions of the series, and number of steps of each.
        x : ndarray, shape (k, n_steps)
            Values as for `advance`, NaN after the end.

        Returns
        -------
        ndarray, shape (k, n_steps)
            Seasonal component of every step, as estimated at that step.
        """
        m, half, row = self.length, self.length // 2, rows[:, None]
        observed = (~np.isnan(x)).astype(float)
        season = estimate_season(x, m, self.decay)
        step = ends[:, None] - 1 - half - np.arange(m)  # the latest known one of each phase
        names = {"weight": "weight", "total": "total", "square": "square", "phase_mean": "mean"}
        for source, name in names.items():
            getattr(self, name)[row, step % m] = _taken(season[source], step, 0.0)
        for k, each in enumerate((observed, observed * np.arange(x.shape[1]))):
            by_phase = cumulative_sum_by_phase(each, m)
            self.counts[row, step % m, k] = _taken(by_phase, step, 0.0)
        end = ends[:, None] - 1
        for k, sums in enumerate(component_sums(season["phase_mean"], observed, m)):
            self.sums[rows, k] = _taken(sums, end, 0.0)[:, 0]
        for name, width in (("window", 2 * half + 1), ("observed", half + 1)):
            step = end - np.arange(width)
            values = _taken(x, step, np.nan)
            getattr(self, name)[row, step % width] = (
                values if name == "window" else ~np.isnan(values)
            )
        self.centre[rows] = _taken(season["centre"], end, 0.0)[:, 0]
        self.strength[rows] = _taken(season["strength"], end, 0.0)[:, 0]
        return component_at_steps(season, m)

    def _update_phase(self, rows: np.ndarray, p: np.ndarray) -> np.ndarray:
        """Add the deviation at step p to its phase; return the change of the phase's mean."""
        m, half, width = self.length, self.length // 2, self.window.shape[1]
        order = (p[:, None] + np.arange(-half, half + 1)) % width
        window = self.window[rows[:, None], order]
        # weights of 1 and 1/2 are summed exactly, so that the share is that of the batch
        weights, seen = m * moving_average_weights(m), ~np.isnan(window)
        weight = np.where(p >= half, seen @ weights, 0.0) / m
        with np.errstate(invalid="ignore", divide="ignore"):
            average = (np.where(seen, window, 0.0) @ weights) / m / weight
        r = np.where(weight >= MIN_OBSERVED_WEIGHT, window[:, half] - average, np.nan)
        has_value, r = ~np.isnan(r), np.nan_to_num(r)
        phase = p % m
        for sums, value in ((self.weight, has_value), (self.total, r), (self.square, r * r)):
            sums[rows, phase] = self.decay * sums[rows, phase] + value
        mean = self.total[rows, phase] / np.maximum(self.weight[rows, phase], 1e-9)
        change = mean - self.mean[rows, phase]
        self.mean[rows, phase] = mean
        return change


@dataclass(eq=False)
class LevelState:
    """State of levels, noise and slope; every array has one row per series."""

    n: np.ndarray
    levels: np.ndarray  # (n_series, n_alphas)
    squared_errors: np.ndarray  # (n_series, n_alphas)
    changes: np.ndarray  # (n_series, 2): decayed sum of absolute changes, and their number
    previous: np.ndarray
    slow: np.ndarray  # (n_series, 2, 2): decayed and whole sums of values and of their number
    trend: np.ndarray  # (n_series, 4): sums of t, t^2, z and t z over the observed steps

    @classmethod
    def start(cls, n: int) -> LevelState:
        """State before the first step."""
        flat, by_alpha = [np.zeros(n) for _ in range(2)], [np.zeros((n, len(ALPHAS)))] * 2
        levels, errors = (array.copy() for array in by_alpha)
        return cls(
            n=flat[0],
            levels=levels,
            squared_errors=errors,
            changes=np.zeros((n, 2)),
            previous=flat[1],
            slow=np.zeros((n, 2, 2)),
            trend=np.zeros((n, 4)),
        )

    def advance(self, rows: np.ndarray, t: np.ndarray, z: np.ndarray, x: np.ndarray) -> None:
        """Advance some series by one step: values z, and deseasonalised values x."""
        is_observed = ~np.isnan(x)
        pair = np.stack([np.nan_to_num(x), is_observed], axis=1)
        self.slow[rows, 0] = SLOW_LEVEL_DECAY * self.slow[rows, 0] + pair
        self.slow[rows, 1] += pair
        rows, t, z, x = (array[is_observed] for array in (rows, t, z, x))
        is_first = self.n[rows] == 0
        errors = np.where(is_first[:, None], 0.0, x[:, None] - self.levels[rows])
        start = np.where(is_first[:, None], x[:, None], self.levels[rows])
        self.levels[rows] = start + ALPHAS * errors
        self.squared_errors[rows] = ERROR_DECAY * self.squared_errors[rows] + errors**2
        change = np.where(is_first, 0.0, np.abs(x - self.previous[rows]))
        counted = np.stack([change, ~is_first], axis=1)
        self.changes[rows] = NOISE_DECAY * self.changes[rows] + counted
        self.previous[rows] = x
        self.n[rows] += 1
        self.trend[rows] += np.stack([t, t * t, z, t * z], axis=1)

    def follow(self, rows: np.ndarray, ends: np.ndarray, z: np.ndarray, x: np.ndarray) -> None:
        """Set the state of some series to that after all their steps; see `SeasonState.follow`."""
        observed, end = ~np.isnan(x), ends[:, None] - 1
        filled, steps = np.where(observed, x, 0.0), observed.astype(float)
        for k, values in enumerate((filled, steps)):
            self.slow[rows, 0, k] = _taken(decayed_sum(values, SLOW_LEVEL_DECAY), end, 0.0)[:, 0]
            self.slow[rows, 1, k] = values.sum(axis=1)
        smoothing = Smoothing.of(x, observed)
        latest = observed.sum(axis=1)[:, None] - 1
        for k in range(len(ALPHAS)):
            self.levels[rows, k] = _taken(smoothing.levels[k], latest, 0.0)[:, 0]
            self.squared_errors[rows, k] = _taken(smoothing.squared_errors[k], latest, 0.0)[:, 0]
        for k, sums in enumerate(smoothing.changes):
            self.changes[rows, k] = _taken(sums, latest, 0.0)[:, 0]
        self.previous[rows] = _taken(smoothing.values, latest, 0.0)[:, 0]
        self.n[rows] = latest[:, 0] + 1
        t, z = np.arange(x.shape[1]) * steps, np.where(observed, z, 0.0)
        trend = [np.sum(each, axis=1) for each in (t, t * t, z, t * z)]
        self.trend[rows] = np.stack(trend, axis=1)


def _taken(values: np.ndarray, steps: np.ndarray, missing: float) -> np.ndarray:
    """Values (k, n_steps) at some steps of each row (k, n), or another value before the start."""
    taken = np.take_along_axis(values, np.maximum(steps, 0), axis=1)
    return np.where(steps >= 0, taken, missing)


class OnlineComponents:
    """Components of series that are advanced step by step.

    Parameters
    ----------
    n : int
        Number of series.
    season_lengths : tuple of int
        Steps per season, shortest first; lengths below 2 are ignored.

    Examples
    --------
    >>> online = OnlineComponents(1, (2,))
    >>> for value in np.tile([0.0, 1.0], 10):
    ...     online.advance(np.array([0]), np.array([value]))
    >>> now = online.now(np.array([0]))
    >>> now["count"].tolist(), now["level"].round(2).tolist()
    ([20.0], [0.5])
    """

    def __init__(self, n: int, season_lengths: tuple[int, ...]) -> None:
        passes = season_passes(season_lengths)
        self.steps = np.zeros(n, np.int64)
        self.levels = LevelState.start(n)
        self.seasons = [SeasonState.start(n, m, decay) for m, decay in passes]
        self.slow: SeasonState | None = None
        self.slow_position = -1
        if passes:
            self.slow_position = slow_pass(passes)
            m, decay = passes[self.slow_position]
            self.slow = SeasonState.start(n, m, 1 - (1 - decay) * SLOW_SHARE)

    @classmethod
    def of(cls, panel: Panel, season_lengths: tuple[int, ...]) -> OnlineComponents:
        """State after all steps of a panel, as if they had been advanced one by one.

        Parameters
        ----------
        panel : Panel
            Values on the transformed scale, as for `forecastkit.series.components.measure`.
        season_lengths : tuple of int
        """
        online = cls(panel.n_series, season_lengths)
        for index, inside in panel.blocks():
            z = np.where(inside, panel.values[index], np.nan)
            rows, ends, x = panel.owner[index[:, 0]], inside.sum(axis=1), z
            for k, season in enumerate(online.seasons):
                if k == online.slow_position and online.slow is not None:
                    online.slow.follow(rows, ends, x)
                x = x - season.follow(rows, ends, x)
            online.levels.follow(rows, ends, z, x)
        online.steps[:] = panel.lengths
        return online

    def advance(self, rows: np.ndarray, z: np.ndarray) -> None:
        """Advance some series by one step each; NaN for a missing value."""
        t, x = self.steps[rows], z
        for k, season in enumerate(self.seasons):
            if k == self.slow_position and self.slow is not None:
                self.slow.advance(rows, t, x)
            x = x - season.advance(rows, t, x)
        self.levels.advance(rows, t, z, x)
        self.steps[rows] += 1

    def now(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Components at the latest step, by the names of `Components`."""
        state = self.levels
        n = state.n[rows]
        best = state.squared_errors[rows].argmin(axis=1)[:, None]
        mean_square = np.take_along_axis(state.squared_errors[rows], best, axis=1)[:, 0]
        slow = state.slow[rows]
        return {
            "level": np.take_along_axis(state.levels[rows], best, axis=1)[:, 0],
            "alpha": np.where(n > 0, ALPHAS[best[:, 0]], 0.0),
            "error": np.sqrt(mean_square / np.clip(n, 1, 200)),
            "levels": state.levels[rows][:, LEVEL_ALPHAS],
            "slow_levels": slow[..., 0] / np.maximum(slow[..., 1], 1e-9),
            "slope": self._slope(rows),
            "noise": state.changes[rows, 0] / np.maximum(state.changes[rows, 1], 1.0),
            "count": n,
        }

    def _slope(self, rows: np.ndarray) -> np.ndarray:
        n = self.levels.n[rows]
        sum_t, sum_tt, sum_z, sum_tz = self.levels.trend[rows].T
        mean_t = sum_t / np.maximum(n, 1)
        product = sum_tz - mean_t * sum_z
        for season in self.seasons:
            total, with_time = season.sums[rows].T
            product = product - season.strength[rows] * (with_time - mean_t * total)
        return np.where(n >= 3, product / np.maximum(sum_tt - n * mean_t**2, 1e-9), 0.0)

    def arrays(self) -> dict[str, np.ndarray]:
        """All arrays of the state by name, without copies."""
        named = {"steps": self.steps}
        states = {"levels": self.levels, "slow": self.slow}
        states |= {f"season_{k}": season for k, season in enumerate(self.seasons)}
        for name, state in states.items():
            for field in fields(state) if state is not None else ():
                value = getattr(state, field.name)
                if isinstance(value, np.ndarray):
                    named[f"{name}/{field.name}"] = value
        return named
