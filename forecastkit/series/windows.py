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
from functools import cached_property

import numpy as np

from forecastkit.series.components import Components, measure
from forecastkit.series.effects import CovariateFeatures
from forecastkit.series.panel import Panel
from forecastkit.series.scale import measure_scale, scaled
from forecastkit.series.view import View

INPUT_CLIP = 12.0
SLOPE_CLIP = 4.0
TARGET_CLIP = 60.0
# cutoffs that an anchored sequence has at most when a model is fitted
MAX_CUTOFFS = 128
MAX_COUNT = 2000
MIN_ERROR = 0.2  # in units of the noise


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
        return cls(panel, measure(panel, view.season_lengths, view.has_slow_memory), view)

    @classmethod
    def of_series(cls, panel: Panel, view: View) -> Windows:
        """Transform a panel in original units, and estimate its components."""
        return cls.of(scaled(panel, measure_scale(panel)), view)

    def cutoffs(
        self, series: np.ndarray, ends: np.ndarray, origins: np.ndarray | None = None
    ) -> np.ndarray:
        """Return the positions of the cutoffs of sequences, oldest first; -1 before the start.

        Parameters
        ----------
        series : ndarray of int, shape (batch,)
            Positions of the series in the panel.
        ends : ndarray of int, shape (batch,)
            Step of the last cutoff within each series, counted from 0.

        origins : ndarray of int, shape (batch,), optional
            Of an anchored view: first cutoff of each sequence, as a step of its series.

        Returns
        -------
        ndarray of int, shape (batch, time)
            `sequence_length` cutoffs up to the end; of an anchored view those from the origin on, a
            stride apart, and the end, so that sequences from one origin to different ends have
            all cutoffs but the last in common.
        """
        if self.view.anchored:
            origins = self.origins(series, ends) if origins is None else origins
            return self._anchored_cutoffs(series, ends, origins)
        age = np.arange(self.view.sequence_length - 1, -1, -1) * self.view.sequence_stride
        steps = ends[:, None] - age
        return np.where(steps >= 0, self.panel.offsets[series][:, None] + steps, -1)

    @cached_property
    def first_used(self) -> np.ndarray:
        """First step of each series at which a cutoff is used; its length if there is none."""
        unused = ~self.is_used(np.arange(len(self.panel.values)))
        return np.add.reduceat(unused.astype(np.int64), self.panel.offsets[:-1])

    def origins(self, series: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """First cutoff of the anchored sequences that lead to an end, as a step of the series."""
        first, stride = self.first_used[series], self.view.sequence_stride
        n_strides = np.maximum(ends - first, 0) // stride
        return first + np.maximum(n_strides - MAX_CUTOFFS + 2, 0) * stride

    def _anchored_cutoffs(
        self, series: np.ndarray, ends: np.ndarray, origins: np.ndarray
    ) -> np.ndarray:
        """Cutoffs from an origin on, a stride apart, and the end; -1 before the origin."""
        stride, origins = self.view.sequence_stride, np.minimum(origins, ends)
        n_gaps = -(-(ends - origins) // stride)
        longest = int(n_gaps.max(initial=0))
        back = n_gaps[:, None] - np.arange(longest, -1, -1)  # strides from the origin
        steps = np.minimum(origins[:, None] + back * stride, ends[:, None])
        return np.where(back >= 0, self.panel.offsets[series][:, None] + steps, -1)

    def training_cutoffs(
        self, series: np.ndarray, ends: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Cutoffs of sequences for training, from the first used one on; -1 after the last.

        Of an anchored view some gaps are shorter than the stride, the last one more often than
        not: forecasts are made between anchors too.

        Returns
        -------
        ndarray of int, shape (batch, sequence_length)
        """
        length, stride = self.view.sequence_length, self.view.sequence_stride
        if not self.view.anchored:
            return self.cutoffs(series, ends)
        gaps = np.full((len(ends), length - 1), stride)
        short = rng.random(gaps.shape) < 0.1
        short[:, -1] = rng.random(len(ends)) < 0.6
        gaps = np.where(short, rng.integers(1, stride + 1, gaps.shape), gaps)
        age = np.concatenate(
            [np.cumsum(gaps[:, ::-1], axis=1)[:, ::-1], np.zeros((len(ends), 1), int)], axis=1
        )
        steps = ends[:, None] - age
        used = steps >= self.first_used[series][:, None]
        n = used.sum(axis=1)
        shifted = np.arange(length) + (length - n)[:, None]
        steps = np.take_along_axis(steps, np.minimum(shifted, length - 1), axis=1)
        return np.where(shifted < length, self.panel.offsets[series][:, None] + steps, -1)

    def is_used(self, cutoffs: np.ndarray) -> np.ndarray:
        """Whether enough values are available at each cutoff, with the shape of `cutoffs`."""
        return (cutoffs >= 0) & (self.components.count[cutoffs] >= self.view.min_values)

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
        if self.view.has_slow_memory:
            equivariant += self._slow_memory(at, start)
        invariant = [*self._characteristics(at), np.isnan(window).mean(axis=-1)]
        if self.view.anchored:
            gaps = np.diff(cutoffs, axis=1, prepend=-1)
            is_first = np.diff(cutoffs >= 0, axis=1, prepend=False) | (cutoffs < 0)
            invariant.append(np.where(is_first, 1.0, gaps / self.view.sequence_stride))
        for lag in self.view.lags:
            block = self._lagged(at, lag, start)
            equivariant.append(_clipped(block, INPUT_CLIP))
            invariant.append(1.0 - np.isnan(block).mean(axis=-1))
        covariates = self._covariates(series, at)
        x = np.concatenate([*equivariant, np.stack(invariant, axis=-1), *covariates], axis=-1)
        return np.where(self.is_used(cutoffs)[..., None], x, 0.0).astype(np.float32)

    def _slow_memory(self, at: np.ndarray, start: np.ndarray) -> list[np.ndarray]:
        """Slow levels, the season of the coming steps, and how the slow season differs from it."""
        components = self.components
        scale, level = components.scale[at][..., None], components.level[at][..., None]
        now = at[..., None]
        ahead = now + np.arange(1, self.view.season_steps + 1)
        return [
            _clipped((components.slow_levels[at] - level) / scale, INPUT_CLIP),
            _clipped(components.season(now, ahead, start) / scale, INPUT_CLIP),
            _clipped(components.slow_difference(now, ahead, start) / scale, INPUT_CLIP),
        ]

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

    def paths(self, series: np.ndarray, last: np.ndarray, deviations: np.ndarray) -> np.ndarray:
        """Quantiles of the next steps on the transformed scale.

        Parameters
        ----------
        series, last : ndarray of int, shape (batch,)
            Positions of the series, and of the last cutoff of each.
        deviations : ndarray, shape (batch, horizon, n_quantiles)
            From the baseline forecast, in units of the noise.

        Returns
        -------
        ndarray, shape (batch, horizon, n_quantiles)
        """
        noise, scale = self.components.noise[last], self.components.scale[last]
        # a constant series has no noise: its forecast is the baseline, of zero width
        unit = np.where(noise > 0, scale, 0.0)[:, None, None]
        return self.baseline(series, last[:, None])[:, 0][..., None] + unit * deviations

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
