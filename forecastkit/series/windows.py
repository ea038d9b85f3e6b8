"""Inputs and targets of networks at each cutoff; the only module that defines them.

A network processes a sequence of cutoffs in order, `sequence_stride` steps apart. Its inputs at a
cutoff are the components and a window of residuals, all functions of the values up to the cutoff;
its targets are the `horizon` steps after it. Both are computed on demand by indexing arrays with
one entry per period.

Inputs and targets are scale-free and deseasonalised: deviations from level and season, in units of
the noise. Each input is sign-equivariant (it changes its sign with the series) or sign-invariant,
so that a series is negated by negating the former.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecastkit.ranges import MAX_STEPS, check_length, check_number, check_whole
from forecastkit.series.components import LEVEL_ALPHAS, Components, measure
from forecastkit.series.effects import CovariateFeatures
from forecastkit.series.panel import Panel
from forecastkit.series.scale import measure_scale, scaled

INPUT_CLIP = 12.0
SLOPE_CLIP = 4.0
TARGET_CLIP = 25.0
# minimum number of values up to a cutoff, unless the longest season is shorter
MIN_VALUES = 12
MAX_COUNT = 2000
N_INVARIANT = 8
MAX_SEASONS = 8
MAX_FEATURES = 1000
MIN_ERROR = 0.2  # in units of the noise


@dataclass(frozen=True)
class View:
    """Specification of the inputs and outputs of a network.

    Attributes
    ----------
    input_size : int
        Length of the window at each cutoff, in steps.
    horizon : int
        Number of steps to forecast after each cutoff.
    season_lengths : tuple of int
        Steps per season, shortest first; (1,) for none.
    trend_share : float
        Share of the slope in the baseline forecast (1/2 in the Theta method).
    sequence_length, sequence_stride : int
        Number of cutoffs in a sequence, and steps between them.
    lags : tuple of int
        Offsets of additional windows in the past, for seasons longer than the main window; 0 for an
        unused one, whose inputs are zero.
    lag_steps : int
        Length of each additional window, in steps.
    n_future, n_historical, n_static : int
        Numbers of covariate features: per step of the horizon, per cutoff, per series.
    """

    input_size: int
    horizon: int
    season_lengths: tuple[int, ...]
    trend_share: float
    sequence_length: int
    sequence_stride: int
    lags: tuple[int, ...] = ()
    lag_steps: int = 0
    n_future: int = 0
    n_historical: int = 0
    n_static: int = 0

    def __post_init__(self) -> None:
        for name in ("input_size", "horizon", "sequence_length", "sequence_stride"):
            check_whole(name, getattr(self, name), 1, MAX_STEPS)
        check_length("season_lengths", self.season_lengths, 1, MAX_SEASONS)
        check_length("lags", self.lags, 0, MAX_SEASONS)
        for length in self.season_lengths:
            check_whole("a season length", length, 1, MAX_STEPS)
        for lag in (*self.lags, self.lag_steps):
            check_whole("a lag", lag, 0, MAX_STEPS)
        for name in ("n_future", "n_historical", "n_static"):
            check_whole(name, getattr(self, name), 0, MAX_FEATURES)
        check_number("trend_share", self.trend_share, 0, 1)

    @property
    def n_without_lags(self) -> int:
        """Number of sign-equivariant inputs, except those of the lags."""
        return self.input_size + len(LEVEL_ALPHAS) + 1

    @property
    def n_equivariant(self) -> int:
        """Number of sign-equivariant inputs."""
        return self.n_without_lags + len(self.lags) * (1 + self.lag_steps)

    @property
    def ages(self) -> np.ndarray:
        """Age in steps of each sign-equivariant input; -1 for inputs that are not values.

        Examples
        --------
        >>> View(3, 2, (4,), 0.0, 8, 1, lags=(4,), lag_steps=2).ages.tolist()
        [2, 1, 0, -1, -1, -1, -1, -1, 3, 2]
        """
        components = np.full(self.n_without_lags - self.input_size, -1)
        lagged = [np.r_[-1, lag - 1 - np.arange(self.lag_steps)] for lag in self.lags]
        return np.concatenate([np.arange(self.input_size)[::-1], components, *lagged]).clip(-1)

    @property
    def n_inputs(self) -> int:
        """Number of inputs of the network at each cutoff."""
        covariates = self.n_historical + self.n_static
        return self.n_equivariant + N_INVARIANT + len(self.lags) + covariates

    @property
    def uses_covariates(self) -> bool:
        """Whether the network has inputs for covariates."""
        return self.n_future + self.n_historical + self.n_static > 0

    @property
    def signs(self) -> np.ndarray:
        """-1 for sign-equivariant and 1 for sign-invariant inputs, shape (n_inputs,).

        Historical covariates are equivariant: an effect on a series changes its sign when the
        series is negated.
        """
        invariant = np.ones(N_INVARIANT + len(self.lags))
        covariates = [-np.ones(self.n_historical), np.ones(self.n_static)]
        parts = [-np.ones(self.n_equivariant), invariant, *covariates]
        return np.concatenate(parts).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Windows:
    """Inputs, baseline forecasts and targets of a panel, computed on demand.

    Attributes
    ----------
    panel : Panel
        Values on the transformed scale.
    components : Components
        Components of that panel.
    view : View
    features : CovariateFeatures, optional
        Covariates of the panel; without them, covariate inputs are 0.
    """

    panel: Panel
    components: Components
    view: View
    features: CovariateFeatures | None = None

    @classmethod
    def of(cls, panel: Panel, view: View) -> Windows:
        """Estimate the components of a panel on the transformed scale."""
        return cls(panel, measure(panel, view.season_lengths), view)

    @classmethod
    def of_series(cls, panel: Panel, view: View) -> Windows:
        """Transform a panel in original units, and estimate its components."""
        return cls.of(scaled(panel, measure_scale(panel)), view)

    def cutoffs(self, series: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Return the positions of the cutoffs of sequences, oldest first; -1 before the start.

        Parameters
        ----------
        series : ndarray of int, shape (batch,)
            Positions of the series in the panel.
        ends : ndarray of int, shape (batch,)
            Step of the last cutoff within each series, counted from 0.

        Returns
        -------
        ndarray of int, shape (batch, sequence_length)
        """
        age = np.arange(self.view.sequence_length - 1, -1, -1) * self.view.sequence_stride
        steps = ends[:, None] - age
        return np.where(steps >= 0, self.panel.offsets[series][:, None] + steps, -1)

    def is_used(self, cutoffs: np.ndarray) -> np.ndarray:
        """Whether enough values are available at each cutoff, with the shape of `cutoffs`."""
        min_values = min(max(self.view.season_lengths), MIN_VALUES)
        return (cutoffs >= 0) & (self.components.count[cutoffs] >= min_values)

    def inputs(self, series: np.ndarray, cutoffs: np.ndarray) -> np.ndarray:
        """Return the inputs of the network; zero at unused cutoffs.

        Parameters
        ----------
        series : ndarray of int, shape (batch,)
        cutoffs : ndarray of int, shape (batch, time)
            From `cutoffs`.

        Returns
        -------
        ndarray of float32, shape (batch, time, view.n_inputs)
            The first `view.n_equivariant` inputs are sign-equivariant.
        """
        components = self.components
        at = np.maximum(cutoffs, 0)
        start = self.panel.offsets[series][:, None, None]
        scale, level = components.scale[at][..., None], components.level[at][..., None]
        window = (self._residuals(at, 1 - self.view.input_size, 1, start) - level) / scale
        equivariant = [
            _clipped(window, INPUT_CLIP),
            _clipped((components.levels[at] - level) / scale, INPUT_CLIP),
            _clipped(components.slope[at][..., None] / scale, SLOPE_CLIP),
        ]
        invariant = [*self._characteristics(at), np.isnan(window).mean(axis=-1)]
        for lag in self.view.lags:
            block = self._lagged(at, lag, start)
            equivariant.append(_clipped(block, INPUT_CLIP))
            invariant.append(1.0 - np.isnan(block).mean(axis=-1))
        covariates = self._covariates(series, at)
        x = np.concatenate([*equivariant, np.stack(invariant, axis=-1), *covariates], axis=-1)
        return np.where(self.is_used(cutoffs)[..., None], x, 0.0).astype(np.float32)

    def _covariates(self, series: np.ndarray, at: np.ndarray) -> list[np.ndarray]:
        """Historical features at each cutoff, and static features."""
        view, features = self.view, self.features
        if view.n_historical + view.n_static == 0 or features is None:
            return [np.zeros((*at.shape, view.n_historical + view.n_static))]
        start = features.offsets[series] - self.panel.offsets[series]
        static = features.static[series][:, None]
        static = np.broadcast_to(static, (*at.shape, view.n_static))
        return [features.historical[at + start[:, None]], static]

    def future(self, series: np.ndarray, cutoffs: np.ndarray) -> np.ndarray:
        """Return the future features of the steps after each cutoff; 0 where missing.

        Returns
        -------
        ndarray of float32, shape (batch, time, horizon, view.n_future)
        """
        view, features = self.view, self.features
        shape = (*cutoffs.shape, view.horizon, view.n_future)
        if view.n_future == 0 or features is None:
            return np.zeros(shape, np.float32)
        start = (features.offsets[series] - self.panel.offsets[series])[:, None, None]
        index = np.maximum(cutoffs, 0)[..., None] + start + np.arange(1, view.horizon + 1)
        inside = index < features.offsets[series + 1][:, None, None]
        inside &= self.is_used(cutoffs)[..., None]
        return np.where(inside[..., None], features.future[np.where(inside, index, 0)], 0.0)

    def _residuals(self, at: np.ndarray, first: int, stop: int, start: np.ndarray) -> np.ndarray:
        """Deseasonalised values from `at + first` to before `at + stop`; NaN where unavailable."""
        steps = at[..., None] + np.arange(first, stop)  # (batch, time, window)
        inside = (steps >= start) & (steps <= at[..., None])
        steps = np.where(inside, steps, start)
        season = self.components.season(at[..., None], steps, start)
        return np.where(inside, self.panel.values[steps] - season, np.nan)

    def _lagged(self, at: np.ndarray, lag: int, start: np.ndarray) -> np.ndarray:
        """Difference of the level `lag` steps ago, and the residuals of the steps after it."""
        steps = self.view.lag_steps
        if lag == 0:
            return np.full((*at.shape, 1 + steps), np.nan)
        components, past = self.components, np.maximum(at - lag, start[..., 0])
        scale, level = components.scale[at][..., None], components.level[past][..., None]
        difference = (level - components.level[at][..., None]) / scale
        window = (self._residuals(at, 1 - lag, 1 + steps - lag, start) - level) / scale
        block = np.concatenate([difference, window], axis=-1)
        return np.where((at - lag >= start[..., 0])[..., None], block, np.nan)

    def _characteristics(self, at: np.ndarray) -> list[np.ndarray]:
        """Sign-invariant inputs that describe the series."""
        components, lengths = self.components, self.view.season_lengths
        scale = components.scale[at]
        return [
            np.log(scale) + 3.0,
            np.log(np.clip(components.count[at], 1.0, MAX_COUNT)) - 3.0,
            components.seasonal_strength[at],
            components.alpha[at],
            np.minimum(components.error[at] / scale, INPUT_CLIP),
            np.full(at.shape, np.log(max(lengths)) - 1.0),
            np.full(at.shape, np.log(min(lengths)) - 1.0),
        ]

    def baseline(self, series: np.ndarray, cutoffs: np.ndarray) -> np.ndarray:
        """Return the baseline forecast after each cutoff: season, level and a share of the slope.

        Returns
        -------
        ndarray, shape (batch, time, horizon)
            On the transformed scale.
        """
        components = self.components
        at = np.maximum(cutoffs, 0)[..., None]
        ahead = np.arange(1, self.view.horizon + 1)
        season = components.season(at, at + ahead, self.panel.offsets[series][:, None, None])
        trend = self.view.trend_share * components.slope[at] * ahead
        return season + components.level[at] + trend

    def targets(self, series: np.ndarray, cutoffs: np.ndarray) -> np.ndarray:
        """Return the targets: deviations from the baseline forecast, in units of the noise.

        Returns
        -------
        ndarray of float32, shape (batch, time, horizon)
            NaN where a value is missing, after the end of a series, and at unused cutoffs.
        """
        at = np.maximum(cutoffs, 0)[..., None]
        ahead = at + np.arange(1, self.view.horizon + 1)
        values = self.panel.y.at(ahead, series)
        deviation = (values - self.baseline(series, cutoffs)) / self.components.scale[at]
        deviation = np.clip(deviation, -TARGET_CLIP, TARGET_CLIP)
        return np.where(self.is_used(cutoffs)[..., None], deviation, np.nan).astype(np.float32)

    def standard_error(self, cutoffs: np.ndarray) -> np.ndarray:
        """Return the standard error of the baseline forecast under exponential smoothing.

        The variance k steps ahead is the one-step variance times 1 + (k - 1) alpha^2 (Hyndman et
        al., *Forecasting with Exponential Smoothing*, 2008, table 6.1).

        Returns
        -------
        ndarray of float32, shape (batch, time, horizon)
            In units of the noise.
        """
        components = self.components
        at = np.maximum(cutoffs, 0)[..., None]
        ahead = np.arange(self.view.horizon)
        one_step = np.clip(components.error[at] / components.scale[at], MIN_ERROR, INPUT_CLIP)
        return (one_step * np.sqrt(1.0 + ahead * components.alpha[at] ** 2)).astype(np.float32)


def _clipped(x: np.ndarray, limit: float) -> np.ndarray:
    """Clip values to [-limit, limit], with NaN replaced by 0."""
    return np.clip(np.nan_to_num(x, nan=0.0), -limit, limit)
