"""Generator of the synthetic series on which the pretrained networks are trained.

A series is a path of log values, the sum of random components, most of them optional, ::

    z = trend or growth curve + cycle + seasons + calendar + regimes + spikes + outliers + noise

from which observations are generated: on a logarithmic or a linear scale, crossing zero, capped,
rounded, as counts, cumulative, intermittent, or with gaps. All parameters are drawn from wide
priors; none is estimated from data.

The series is known as well as its law: `Drawn.futures` draws further futures after a cutoff, which
share the past, so that a loss can be averaged over them (Biswas & El Karoui, "Synthetic data
distillation", 2026, who show that the gradient keeps its mean and loses variance).

References
----------
Trend and seasons follow state space models (Hyndman et al., *Forecasting with Exponential
Smoothing*, 2008; Harvey, *Forecasting, Structural Time Series Models and the Kalman Filter*, 1989).
Training on samples from a prior: Mueller et al., "Transformers can do Bayesian inference", ICLR
2022; Dooley et al., "ForecastPFN", NeurIPS 2023.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecastkit.pretraining.curves import (
    draw_bends,
    draw_curves,
    draw_held,
    draw_regimes,
    draw_spikes,
)
from forecastkit.pretraining.dates import calendar_effects
from forecastkit.pretraining.draws import Rng, bernoulli
from forecastkit.pretraining.observation import Observation
from forecastkit.pretraining.prior import PRIOR, Kind, Prior
from forecastkit.pretraining.seasons import draw_seasons
from forecastkit.pretraining.trend import Innovations, draw_rare, draw_trend
from forecastkit.series.panel import Panel


@dataclass(frozen=True, eq=False)
class Drawn:
    """Series of one kind and the law that they were drawn from.

    Attributes
    ----------
    panel : Panel
        Observations; every series has a value.
    first : ndarray of int, shape (n,)
        Step of each series' first value in the arrays below.
    y : ndarray, shape (n, length)
        Observations without gaps.
    z : ndarray, shape (n, length + horizon)
        Log values, without outliers.
    outliers : ndarray, shape (n, length + horizon)
    held : ndarray of bool, shape (n, length + horizon)
        Steps that repeat the value before.
    innovations : Innovations
        Of z.
    observation : Observation
    """

    panel: Panel
    first: np.ndarray
    y: np.ndarray
    z: np.ndarray
    outliers: np.ndarray
    held: np.ndarray
    innovations: Innovations
    observation: Observation

    def futures(
        self, rng: Rng, rows: np.ndarray, steps: np.ndarray, horizon: int, n_draws: int
    ) -> np.ndarray:
        """Draw futures after cutoffs, all with the past that the panel has.

        Parameters
        ----------
        rng : numpy.random.Generator
        rows : ndarray of int, shape (batch,)
            Series.
        steps : ndarray of int, shape (batch, n_cutoffs)
            Cutoffs, as steps of each series of the panel.
        horizon, n_draws : int

        Returns
        -------
        ndarray, shape (batch, n_cutoffs, horizon, n_draws)
            In the series' own units.
        """
        at = steps + self.first[rows][:, None]
        ahead = at[..., None] + np.arange(1, horizon + 1)
        row = rows[:, None, None]
        z = self.z[row, ahead][:, :, None] + self.innovations.redraw(rng, rows, ahead, n_draws)
        # the outliers of another stretch of the series
        other = rng.integers(0, self.outliers.shape[1], (*at.shape, n_draws, horizon))
        y = self.observation.observe(rng, z + self.outliers[row[..., None], other], rows)
        now = self.y[rows[:, None], at][..., None, None]
        cumulative = self.observation.is_cumulative(rows)
        if cumulative.any():
            y[cumulative] = now[cumulative] + np.cumsum(y[cumulative], axis=-1)
        held = np.broadcast_to(self.held[row, ahead][:, :, None], y.shape)
        return np.moveaxis(_forward_filled(y, held, now), 2, 3)


def draw(
    rng: Rng, n: int, kind: Kind, prior: Prior = PRIOR, horizon: int = 0, length: int | None = None
) -> Drawn:
    """Draw series of one kind.

    Parameters
    ----------
    rng : numpy.random.Generator
    n : int
        Number of series.
    kind : Kind
    prior : Prior
    horizon : int
        Longest horizon of `Drawn.futures`.
    length : int, optional
        Of every series; drawn from the kind's range when left out.

    Examples
    --------
    >>> from forecastkit.pretraining.prior import KINDS
    >>> series = draw(np.random.default_rng(0), 3, KINDS[2], horizon=6)
    >>> futures = series.futures(np.random.default_rng(1), np.arange(3), np.full((3, 1), 20), 6, 4)
    >>> series.panel.n_series, futures.shape
    (3, (3, 1, 6, 4))
    """
    lengths = _lengths(rng, n, kind) if length is None else np.full(n, length)
    longest = int(lengths.max())
    total = longest + horizon
    # scale of the noise of a step, in logs: the unit of all other components
    unit = np.exp(rng.normal(-2.7 if max(kind.season_lengths) == 1 else -3.2, 0.9, n))
    share = prior.growth_curves * (1.5 if max(kind.season_lengths) == 1 else 1.0)
    is_curve = bernoulli(rng, n, share * (0.3 if kind.is_subdaily else 1.0)) > 0
    unit = np.where(is_curve, unit * np.exp(rng.uniform(-3, 0, n)), unit)
    z, innovations = draw_trend(rng, unit, total, kind, prior, max(horizon, 1))
    z = z + np.where(is_curve[:, None], draw_curves(rng, n, total), 0.0)
    z = z + draw_bends(rng, n, total, prior) + draw_regimes(rng, unit, total, prior)
    z = z + draw_seasons(rng, unit, total, kind, prior) + draw_spikes(rng, unit, total, prior)
    has_calendar = bernoulli(rng, n, prior.calendar)[:, None]
    z = z + has_calendar * calendar_effects(rng, unit, total, kind.season_lengths)
    outliers = draw_rare(rng, n, total, prior.outliers) * 8 * unit[:, None]
    observation = Observation.draw(rng, z, kind, prior)
    y = observation.observe(rng, z[:, :longest] + outliers[:, :longest], np.arange(n))
    cumulative = observation.is_cumulative(np.arange(n))
    y[cumulative] = np.cumsum(y[cumulative], axis=1)
    held = draw_held(rng, n, total, prior) & ~cumulative[:, None]
    y = _forward_filled(y, held[:, :longest], y[:, :1])
    gaps = _gaps(rng, n, longest, max(horizon, 6), prior)
    seen, first = np.where(gaps, np.nan, y), longest - lengths
    panel = Panel.of([row[start:] for row, start in zip(seen, first, strict=True)])
    return Drawn(panel, first, y, z, outliers, held, innovations, observation)


def _lengths(rng: Rng, n: int, kind: Kind) -> np.ndarray:
    shortest, longest = kind.lengths
    lengths = np.exp(rng.uniform(np.log(shortest), np.log(longest + 1), n)).astype(int)
    return np.where(rng.random(n) < 0.3, longest, lengths)


def _forward_filled(y: np.ndarray, held: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Repeat the last value that is not held along the last axis; `before` precedes the first."""
    if not held.any():
        return y
    steps = np.where(held, -1, np.arange(y.shape[-1]))
    last = np.maximum.accumulate(steps, axis=-1)
    filled = np.take_along_axis(y, np.maximum(last, 0), axis=-1)
    return np.where(last >= 0, filled, before)


def _gaps(rng: Rng, n: int, length: int, horizon: int, prior: Prior) -> np.ndarray:
    """Whether each value is missing, alone or in a stretch; never the last, shape (n, length)."""
    rate = rng.choice([0.02, 0.15], size=n) * bernoulli(rng, n, 0.5 * prior.gaps)
    single = rng.random((n, length)) < rate[:, None]
    start = rng.integers(0, length, (n, 2))
    longest = np.minimum(np.maximum(length // 5, 1), horizon)
    stop = start + rng.integers(1, 1 + longest, (n, 2)) * (rng.random((n, 2)) < [1.0, 0.5])
    stop = np.where(bernoulli(rng, n, prior.gaps)[:, None] > 0, stop, start)
    steps = np.arange(length)
    runs = ((steps >= start[..., None]) & (steps < stop[..., None])).any(axis=1)
    gaps = single | runs
    gaps[:, -1] = False
    return gaps
