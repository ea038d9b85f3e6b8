"""What a network may see at each cutoff, and what it is to foretell: the one place that decides.

A network reads a run of cutoffs in order, `stride` steps apart. At each it sees the values up to
the cutoff, as components and a window of what they leave, and is asked for the `horizon` steps
after it. Inputs at a cutoff are functions of the values up to it; targets are the only thing that
looks ahead. Everything is cut on the fly by index from arrays that hold one number a period.

Numbers that a network sees have no unit, no level and no season: the window and the targets are
deviations from the level and the season, over the noise. Their signs are known (`odd` inputs turn
with the series), so a series can be negated by negating those.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecastkit.series.components import LEVELS_KEPT, Components, measure
from forecastkit.series.effects import Terms
from forecastkit.series.panel import Panel
from forecastkit.series.scale import measure_scale, scaled

INPUT_CLIP = 12.0
SLOPE_CLIP = 4.0
TARGET_CLIP = 25.0
# a cutoff is shown once a season, or this many values, whichever is less, stand before it
_FEWEST_VALUES = 12
_N_EVEN = 8
_MOST_COUNTED = 2000


@dataclass(frozen=True)
class View:
    """How a network looks at a series.

    Attributes
    ----------
    input_size : int
        Steps of the window at each cutoff.
    horizon : int
        Steps to foretell from each cutoff.
    season_lengths : tuple of int
        Steps in each season, shortest first; (1,) for none.
    drift : float
        Share of the slope that the base path follows (1/2 is Theta's).
    n_cutoffs, stride : int
        Cutoffs that are read in order, and steps between them.
    lags : tuple of int
        For seasons longer than the window: how many steps back to look for what came next then;
        0 leaves the place empty.
    lag_steps : int
        Steps that are looked at after each lag.
    told, noted, fixed : int
        Numbers of covariates: of every step of the horizon, at every cutoff, of the series.
    """

    input_size: int
    horizon: int
    season_lengths: tuple[int, ...]
    drift: float
    n_cutoffs: int
    stride: int
    lags: tuple[int, ...] = ()
    lag_steps: int = 0
    told: int = 0
    noted: int = 0
    fixed: int = 0

    @property
    def n_without_lags(self) -> int:
        """Inputs that turn with the sign of the series, but for those of the lags."""
        return self.input_size + len(LEVELS_KEPT) + 1

    @property
    def n_odd(self) -> int:
        """Inputs that turn with the sign of the series."""
        return self.n_without_lags + len(self.lags) * (1 + self.lag_steps)

    @property
    def ages(self) -> np.ndarray:
        """Steps before the cutoff that each of the `n_odd` inputs stands for; -1 for none.

        Examples
        --------
        >>> View(3, 2, (4,), 0.0, 8, 1, lags=(4,), lag_steps=2).ages.tolist()
        [2, 1, 0, -1, -1, -1, -1, -1, 3, 2]
        """
        rest = np.full(self.n_without_lags - self.input_size, -1)
        back = [np.r_[-1, lag - 1 - np.arange(self.lag_steps)] for lag in self.lags]
        return np.concatenate([np.arange(self.input_size)[::-1], rest, *back]).clip(-1)

    @property
    def n_inputs(self) -> int:
        """Numbers that the network sees at one cutoff."""
        return self.n_odd + _N_EVEN + len(self.lags) + self.noted + self.fixed

    @property
    def asks(self) -> bool:
        """Whether it has room for covariates."""
        return self.told + self.noted + self.fixed > 0

    @property
    def signs(self) -> np.ndarray:
        """-1 for inputs that turn with the sign of the series, 1 for the others.

        Covariates turn: what raises a series lowers its negative.
        """
        even = np.ones(_N_EVEN + len(self.lags))
        parts = [-np.ones(self.n_odd), even, -np.ones(self.noted), np.ones(self.fixed)]
        return np.concatenate(parts).astype(np.float32)


@dataclass(frozen=True)
class Windows:
    """Inputs, base paths and targets of a panel, cut when asked for.

    Attributes
    ----------
    panel : Panel
        Values on the scale of `forecastkit.series.scale`.
    components : Components
        Of that panel.
    view : View
        How the network looks at it.
    beside : Terms, optional
        Covariates of the panel; those that the view asks for are 0 without.
    """

    panel: Panel
    components: Components
    view: View
    beside: Terms | None = None

    @classmethod
    def of(cls, panel: Panel, view: View) -> Windows:
        """Measure the components of a panel and make it ready to be cut."""
        return cls(panel, measure(panel, view.season_lengths), view)

    @classmethod
    def of_series(cls, panel: Panel, view: View) -> Windows:
        """Put a panel of series in their own units on its scale, and make it ready to be cut."""
        return cls.of(scaled(panel, measure_scale(panel)), view)

    def cutoffs(self, series: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Positions of the cutoffs that lead up to an end, oldest first; -1 before the start.

        Parameters
        ----------
        series : ndarray of int, shape (batch,)
            Numbers of the series.
        ends : ndarray of int, shape (batch,)
            Steps of the last cutoffs within their series, counted from 0.

        Returns
        -------
        ndarray of int, shape (batch, n_cutoffs)
        """
        back = np.arange(self.view.n_cutoffs - 1, -1, -1) * self.view.stride
        steps = ends[:, None] - back
        return np.where(steps >= 0, self.panel.offsets[series][:, None] + steps, -1)

    def shown(self, cutoffs: np.ndarray) -> np.ndarray:
        """Whether enough values stand before a cutoff for it to be shown, of its shape."""
        fewest = min(max(self.view.season_lengths), _FEWEST_VALUES)
        return (cutoffs >= 0) & (self.components.count[cutoffs] >= fewest)

    def inputs(self, series: np.ndarray, cutoffs: np.ndarray) -> np.ndarray:
        """What the network sees; zero where a cutoff is not shown.

        Parameters
        ----------
        series : ndarray of int, shape (batch,)
        cutoffs : ndarray of int, shape (batch, time)
            From `cutoffs`.

        Returns
        -------
        ndarray of float32, shape (batch, time, view.n_inputs)
            First `view.n_odd` inputs that turn with the sign of the series, then the others.
        """
        found = self.components
        at = np.maximum(cutoffs, 0)
        start = self.panel.offsets[series][:, None, None]
        scale, level = found.scale[at][..., None], found.level[at][..., None]
        window = (self._seen(at, 1 - self.view.input_size, 1, start) - level) / scale
        odd = [
            _bounded(window, INPUT_CLIP),
            _bounded((found.levels[at] - level) / scale, INPUT_CLIP),
            _bounded(found.slope[at][..., None] / scale, SLOPE_CLIP),
        ]
        even = [*self._facts(at), np.isnan(window).mean(axis=-1)]
        for lag in self.view.lags:
            block = self._lagged(at, lag, start)
            odd.append(_bounded(block, INPUT_CLIP))
            even.append(1.0 - np.isnan(block).mean(axis=-1))
        beside = self._noted(series, at)
        x = np.concatenate([*odd, np.stack(even, axis=-1), *beside], axis=-1)
        return np.where(self.shown(cutoffs)[..., None], x, 0.0).astype(np.float32)

    def _noted(self, series: np.ndarray, at: np.ndarray) -> list[np.ndarray]:
        """Covariates at each cutoff, and those of the series."""
        view, terms = self.view, self.beside
        if view.noted + view.fixed == 0 or terms is None:
            return [np.zeros((*at.shape, view.noted + view.fixed))]
        start = terms.offsets[series] - self.panel.offsets[series]
        fixed = np.broadcast_to(terms.fixed[series][:, None], (*at.shape, view.fixed))
        return [terms.noted[at + start[:, None]], fixed]

    def told(self, series: np.ndarray, cutoffs: np.ndarray) -> np.ndarray:
        """Covariates of the steps after each cutoff; 0 where nothing is known.

        Returns
        -------
        ndarray of float32, shape (batch, time, horizon, view.told)
        """
        view, terms = self.view, self.beside
        shape = (*cutoffs.shape, view.horizon, view.told)
        if view.told == 0 or terms is None:
            return np.zeros(shape, np.float32)
        start = (terms.offsets[series] - self.panel.offsets[series])[:, None, None]
        index = np.maximum(cutoffs, 0)[..., None] + start + np.arange(1, view.horizon + 1)
        inside = index < terms.offsets[series + 1][:, None, None]
        inside &= self.shown(cutoffs)[..., None]
        return np.where(inside[..., None], terms.told[np.where(inside, index, 0)], 0.0)

    def _seen(self, at: np.ndarray, first: int, stop: int, start: np.ndarray) -> np.ndarray:
        """Deseasonalised values from `at + first` to before `at + stop`; NaN where not known."""
        steps = at[..., None] + np.arange(first, stop)  # (batch, time, window)
        inside = (steps >= start) & (steps <= at[..., None])
        steps = np.where(inside, steps, start)
        season = self.components.season(at[..., None], steps, start)
        return np.where(inside, self.panel.values[steps] - season, np.nan)

    def _lagged(self, at: np.ndarray, lag: int, start: np.ndarray) -> np.ndarray:
        """How far the level has come since `lag` steps ago, and what came next then."""
        steps = self.view.lag_steps
        if lag == 0:
            return np.full((*at.shape, 1 + steps), np.nan)
        found, then = self.components, np.maximum(at - lag, start[..., 0])
        scale, level = found.scale[at][..., None], found.level[then][..., None]
        come = (level - found.level[at][..., None]) / scale
        next_then = (self._seen(at, 1 - lag, 1 + steps - lag, start) - level) / scale
        block = np.concatenate([come, next_then], axis=-1)
        return np.where((at - lag >= start[..., 0])[..., None], block, np.nan)

    def _facts(self, at: np.ndarray) -> list[np.ndarray]:
        """What does not turn with the sign of the series."""
        found, lengths = self.components, self.view.season_lengths
        scale = found.scale[at]
        return [
            np.log(scale) + 3.0,
            np.log(np.clip(found.count[at], 1.0, _MOST_COUNTED)) - 3.0,
            found.seasonal_strength[at],
            found.alpha[at],
            np.minimum(found.error[at] / scale, INPUT_CLIP),
            np.full(at.shape, np.log(max(lengths)) - 1.0),
            np.full(at.shape, np.log(min(lengths)) - 1.0),
        ]

    def base(self, series: np.ndarray, cutoffs: np.ndarray) -> np.ndarray:
        """Base path after each cutoff: season, level and a share of the slope.

        Returns
        -------
        ndarray, shape (batch, time, horizon)
            On the scale of the panel.
        """
        found = self.components
        at = np.maximum(cutoffs, 0)[..., None]
        ahead = np.arange(1, self.view.horizon + 1)
        season = found.season(at, at + ahead, self.panel.offsets[series][:, None, None])
        return season + found.level[at] + self.view.drift * found.slope[at] * ahead

    def targets(self, series: np.ndarray, cutoffs: np.ndarray) -> np.ndarray:
        """What is to be foretold: deviations from the base path, in units of the noise.

        Returns
        -------
        ndarray of float32, shape (batch, time, horizon)
            NaN where the series has no value or has ended, and where the cutoff is not shown.
        """
        at = np.maximum(cutoffs, 0)[..., None]
        ahead = at + np.arange(1, self.view.horizon + 1)
        inside = ahead < self.panel.offsets[series + 1][:, None, None]
        values = np.where(inside, self.panel.values[np.where(inside, ahead, 0)], np.nan)
        deviation = (values - self.base(series, cutoffs)) / self.components.scale[at]
        deviation = np.clip(deviation, -TARGET_CLIP, TARGET_CLIP)
        return np.where(self.shown(cutoffs)[..., None], deviation, np.nan).astype(np.float32)

    def spread(self, cutoffs: np.ndarray) -> np.ndarray:
        """Standard deviation of the base path's errors that smoothing implies.

        The variance k steps ahead is that of one step times 1 + (k - 1) alpha^2 (Hyndman et al.,
        *Forecasting with Exponential Smoothing*, 2008, table 6.1).

        Returns
        -------
        ndarray of float32, shape (batch, time, horizon)
            In units of the noise.
        """
        found = self.components
        at = np.maximum(cutoffs, 0)[..., None]
        ahead = np.arange(self.view.horizon)
        one = np.clip(found.error[at] / found.scale[at], 0.2, INPUT_CLIP)
        return (one * np.sqrt(1.0 + ahead * found.alpha[at] ** 2)).astype(np.float32)


def _bounded(x: np.ndarray, most: float) -> np.ndarray:
    return np.clip(np.nan_to_num(x, nan=0.0), -most, most)
