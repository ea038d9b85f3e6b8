"""From log values to observations: the scale, caps, counts and rounding of every series."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from forecastkit.pretraining.draws import Rng, log_normal
from forecastkit.pretraining.prior import Kind, Prior

_MAX_ABS_Z = 30.0  # keeps exp(z) finite and its logarithm exact
# how observations depend on log values; the first is the default
EXPONENTIAL, LINEAR, AROUND_ZERO, CLIPPED, COUNTS, FLOW, COUNTED_FLOW = range(7)


@dataclass(frozen=True, eq=False)
class Observation:
    """What turns log values into observations; every array has shape (n,).

    Attributes
    ----------
    form : ndarray of int
        EXPONENTIAL, LINEAR (1 + factor * z, positive), AROUND_ZERO, CLIPPED at zero, Poisson
        COUNTS, or a cumulative FLOW of exponentials or of counts.
    centre : ndarray
        Mean of the log values of the series.
    factor, offset : ndarray
        Of the linear forms; of counts the mean rate.
    active, dispersion : ndarray
        Share of steps at which counts can be above zero; whether they are overdispersed, 0 or 1.
    cap, floor : ndarray
        Bounds of the observations; infinite in most series.
    rounding : ndarray
        Factor before rounding to whole numbers; 0 for none.
    """

    form: np.ndarray
    centre: np.ndarray
    factor: np.ndarray
    offset: np.ndarray
    active: np.ndarray
    dispersion: np.ndarray
    cap: np.ndarray
    floor: np.ndarray
    rounding: np.ndarray

    @classmethod
    def draw(cls, rng: Rng, z: np.ndarray, kind: Kind, prior: Prior) -> Observation:
        """Draw the scales of series with log values z, shape (n, length)."""
        n = len(z)
        centre = z.mean(axis=1)
        scale, u = rng.random(n), rng.random(n)
        form = np.full(n, EXPONENTIAL)
        form[scale < 0.42] = CLIPPED
        form[scale < 0.39] = EXPONENTIAL
        form[scale < 0.36] = AROUND_ZERO
        form[scale < 0.30] = LINEAR
        form[u < kind.counted * prior.counts] = COUNTS
        flow = rng.random(n) < prior.cumulative
        form[flow] = np.where(form[flow] == COUNTS, COUNTED_FLOW, FLOW)
        is_count = (form == COUNTS) | (form == COUNTED_FLOW)
        factor = np.where(is_count, log_normal(rng, 0.7, 1.2, n), rng.uniform(0.5, 1.0, n))
        spread = z.std(axis=1)
        made = cls(
            form=form,
            centre=centre,
            factor=factor,
            offset=rng.normal(0, 1.0, n) * spread,
            active=np.where(form == COUNTS, rng.choice([1.0, 0.6, 0.3], size=n), 1.0),
            dispersion=(rng.random(n) < 0.5).astype(float),
            cap=np.full(n, np.inf),
            floor=np.full(n, -np.inf),
            rounding=np.zeros(n),
        )
        return made._bounded(rng, z, prior)

    def _bounded(self, rng: Rng, z: np.ndarray, prior: Prior) -> Observation:
        """With caps, floors and rounding, which depend on the observations themselves."""
        n, y = len(z), self.observe(rng, z, np.arange(len(z)))
        high, low = (np.quantile(y, q, axis=1) for q in (rng.uniform(0.5, 1.0), 0.15))
        capped = (rng.random(n) < prior.capped) & (self.form < FLOW)
        below = rng.random(n) < 0.3
        whole = (rng.random(n) < 0.1) & (self.form == EXPONENTIAL)
        mean = np.maximum(np.abs(y).mean(axis=1), 1e-9)
        return replace(
            self,
            cap=np.where(capped & ~below, high, np.inf),
            floor=np.where(capped & below, low, -np.inf),
            rounding=np.where(whole, log_normal(rng, 3.5, 1.2, n) / mean, 0.0),
        )

    def observe(self, rng: Rng, z: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Observations at log values; cumulative flows before they are added up.

        Parameters
        ----------
        rng : numpy.random.Generator
            For counts.
        z : ndarray, shape (batch, ...)
        rows : ndarray of int, shape (batch,)
            Series.
        """
        shape = (-1, *[1] * (z.ndim - 1))

        def of(values: np.ndarray) -> np.ndarray:
            return values[rows].reshape(shape)

        form = of(self.form)
        z = np.clip(z, -_MAX_ABS_Z, _MAX_ABS_Z)
        centred = z - of(self.centre)
        y = np.exp(z)
        y = np.where(form == LINEAR, np.maximum(1 + centred * of(self.factor), 0.05), y)
        y = np.where(form == AROUND_ZERO, centred + of(self.offset), y)
        y = np.where(form == CLIPPED, np.maximum(centred, 0.0), y)
        y = np.where(form == FLOW, np.exp(np.clip(centred, -8, 8)), y)
        counted = np.flatnonzero((self.form[rows] == COUNTS) | (self.form[rows] == COUNTED_FLOW))
        if len(counted):
            y[counted] = self._counts(rng, centred[counted], rows[counted])
        y = np.clip(y, of(self.floor), of(self.cap))
        rounding = of(self.rounding)
        return np.where(rounding > 0, np.round(y * rounding), y)

    def _counts(self, rng: Rng, centred: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Poisson counts, overdispersed in some series, with excess zeros in some."""
        shape = (-1, *[1] * (centred.ndim - 1))
        rate = self.factor[rows].reshape(shape) * np.exp(np.clip(1.5 * centred, -4, 3))
        burst = rng.gamma(2.0, 0.5, centred.shape) ** self.dispersion[rows].reshape(shape)
        is_active = rng.random(centred.shape) < self.active[rows].reshape(shape)
        return rng.poisson(rate * burst * is_active).astype(float)

    def is_cumulative(self, rows: np.ndarray) -> np.ndarray:
        """Whether observations are cumulative sums, shape (batch,)."""
        return self.form[rows] >= FLOW
