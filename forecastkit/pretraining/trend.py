"""Stochastic trend, cycle and noise of the synthetic series, and their innovations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecastkit.pretraining.draws import Rng, bernoulli, log_normal, markov
from forecastkit.pretraining.prior import Kind, Prior

WARM_UP = 20
_SHARES = np.array([0.005, 0.02])  # of steps with a jump or an outlier


@dataclass(frozen=True, eq=False)
class Innovations:
    """The innovations of a path that is linear in them, so that other futures can be drawn.

    Attributes
    ----------
    standard : ndarray, shape (n, n_components, length)
        Of variance about one.
    scale : ndarray, shape (n, n_components, length)
        Standard deviation of each.
    response : ndarray, shape (n, n_components, horizon)
        Change of the path, 0, 1, ... steps after an innovation of 1.
    """

    standard: np.ndarray
    scale: np.ndarray
    response: np.ndarray

    def redraw(self, rng: Rng, rows: np.ndarray, ahead: np.ndarray, n_draws: int) -> np.ndarray:
        """Change of the path when the innovations of the coming steps are drawn again.

        The path after a cutoff is linear in the innovations since: other futures with the same
        past differ by the response to the difference of innovations.

        Parameters
        ----------
        rows : ndarray of int, shape (batch,)
            Series.
        ahead : ndarray of int, shape (batch, n_cutoffs, horizon)
            Steps after each cutoff.
        n_draws : int

        Returns
        -------
        ndarray, shape (batch, n_cutoffs, n_draws, horizon)
        """
        batch, n_cutoffs, horizon = ahead.shape
        length, row = self.standard.shape[2], rows[:, None, None]
        change = np.zeros((batch, n_cutoffs * n_draws, horizon))
        lag = np.arange(horizon)[None] - np.arange(horizon)[:, None]  # (innovation, step)
        for c in range(self.standard.shape[1]):
            draws = rng.integers(0, length, (batch, n_cutoffs, n_draws, horizon))
            fresh = self.standard[row[..., None], c, draws]
            difference = fresh - self.standard[row, c, ahead][:, :, None]
            difference *= self.scale[row, c, ahead][:, :, None]
            response = np.where(lag >= 0, self.response[rows, c][:, np.maximum(lag, 0)], 0.0)
            change += difference.reshape(batch, -1, horizon) @ response
        return change.reshape(batch, n_cutoffs, n_draws, horizon)


def draw_trend(
    rng: Rng, unit: np.ndarray, length: int, kind: Kind, prior: Prior, horizon: int
) -> tuple[np.ndarray, Innovations]:
    """Sum of level, drift, cycle and autocorrelated noise, shape (n, length).

    Parameters
    ----------
    rng : numpy.random.Generator
    unit : ndarray, shape (n,)
        Scale of the noise of a step, in logs.
    length : int
    kind : Kind
    prior : Prior
    horizon : int
        Steps for which the responses to innovations are computed.
    """
    n, length = len(unit), length + WARM_UP
    share = prior.flows * (0.3 if kind.is_subdaily else float(max(kind.season_lengths) > 1))
    is_flow = bernoulli(rng, n, share) > 0
    # growth per step is smaller for shorter steps
    pace = 0.07 if kind.is_subdaily else min(1.0, 12.0 / max(kind.season_lengths))
    sizes, coefficients = _coefficients(rng, unit, kind, is_flow, pace)
    standard = np.stack([_shocks(rng, n, length, prior) for _ in sizes], axis=1)
    scale = np.stack(sizes, axis=1)[..., None] * np.ones_like(standard)
    scale[:, 0] *= _volatility(rng, n, length, prior)
    jumps = draw_rare(rng, n, length, prior.jumps) * (6 * unit[:, None]) * pace
    growth = np.where(is_flow[:, None], 0.0, _growth(rng, unit, length, kind, pace))
    path = _path(coefficients, standard * scale, jumps, growth)
    kept = slice(WARM_UP, None)
    response = _responses(coefficients, horizon)
    return path[:, kept], Innovations(standard[..., kept], scale[..., kept], response)


def _coefficients(
    rng: Rng, unit: np.ndarray, kind: Kind, is_flow: np.ndarray, pace: float
) -> tuple[list[np.ndarray], tuple[np.ndarray, ...]]:
    """Standard deviations of the innovations, and coefficients of the recursions, by series."""
    n = len(unit)
    noise_sd = unit * log_normal(rng, 0.0, 0.7, n) * bernoulli(rng, n, 0.85)
    level_sd = unit * log_normal(rng, -0.5, 0.8, n) * bernoulli(rng, n, 0.8) * np.sqrt(pace)
    slope_sd = unit * log_normal(rng, -2.3, 0.8, n) * bernoulli(rng, n, 0.35) * pace * ~is_flow
    slope_ar = rng.choice([0.8, 0.9, 0.95, 0.98], size=n)
    level_ar = np.where(rng.random(n) < 0.25, 1 - np.clip(log_normal(rng, -2.5, 1, n), 0, 0.9), 1)
    level_ar = np.where(is_flow, 1 - np.clip(log_normal(rng, -1.5, 1, n), 0.02, 0.9), level_ar)
    noise_ar = np.where(rng.random(n) < 0.3, rng.uniform(-0.5, 0.8, n), 0.0)
    shock_ar = np.zeros(n)
    if kind.is_subdaily:  # noise persists over several steps
        persistent = 1 - np.clip(log_normal(rng, -3.0, 1.0, n), 0.003, 0.8)
        noise_ar = np.where(rng.random(n) < 0.85, persistent, noise_ar)
        shock_ar = rng.uniform(0.3, 0.9, n) * bernoulli(rng, n, 0.5)
        level_sd = level_sd * np.where(rng.random(n) < 0.5, 0.2, 1.0)
    angle = 2 * np.pi / rng.uniform(5, 50, n) * np.where(pace < 1, pace, 1.0)
    cycle_sd = unit * log_normal(rng, -1.0, 0.8, n) * bernoulli(rng, n, 0.3)
    turn = rng.uniform(0.9, 0.995, n) * np.exp(1j * angle)
    return [level_sd, slope_sd, noise_sd, cycle_sd], (level_ar, slope_ar, noise_ar, shock_ar, turn)


def _responses(coefficients: tuple[np.ndarray, ...], horizon: int) -> np.ndarray:
    """Change of the path after an innovation of 1, shape (n, n_components, horizon)."""
    level_ar, slope_ar, noise_ar, shock_ar, turn = coefficients
    steps = np.arange(horizon)
    level = level_ar[:, None] ** steps
    drift = np.cumsum(slope_ar[:, None] ** steps, axis=1)
    noise = _double_response(noise_ar, shock_ar, horizon)
    return np.stack([level, drift, noise, (turn[:, None] ** steps).real], axis=1)


def _path(
    coefficients: tuple[np.ndarray, ...], shocks: np.ndarray, jumps: np.ndarray, growth: np.ndarray
) -> np.ndarray:
    """Run the recursions over time, shape (n, length)."""
    level_ar, slope_ar, noise_ar, shock_ar, turn = coefficients
    n, length = growth.shape
    level, drift, slope, shock, noise = (np.zeros(n) for _ in range(5))
    cycle, path = np.zeros(n, complex), np.empty((n, length))
    for t in range(length):
        slope = slope_ar * slope + shocks[:, 1, t]
        level = level_ar * level + shocks[:, 0, t] + jumps[:, t]
        drift = drift + growth[:, t] + slope
        shock = shock_ar * shock + shocks[:, 2, t]
        noise = noise_ar * noise + shock
        cycle = turn * cycle + shocks[:, 3, t]
        path[:, t] = level + drift + noise + cycle.real
    return path


def _double_response(outer: np.ndarray, inner: np.ndarray, horizon: int) -> np.ndarray:
    """Response of one autoregression that is fed by another, shape (n, horizon)."""
    response, shock, noise = [], np.ones_like(outer), np.zeros_like(outer)
    for _ in range(horizon):
        noise = outer * noise + shock
        shock = inner * shock
        response.append(noise)
    return np.stack(response, axis=1)


def _growth(rng: Rng, unit: np.ndarray, length: int, kind: Kind, pace: float) -> np.ndarray:
    """Deterministic growth of every step, shape (n, length): persistent, damped, or turning."""
    n = len(unit)
    direction = np.sign(rng.normal(0.7, 1.0, n))
    growth = unit * log_normal(rng, -1.3, 0.9, n) * direction * pace
    # in half of the series a total excursion over the whole series, whatever its length
    excursion = rng.choice([0.4, 1.5], size=n) * rng.normal(0.3, 1.0, n)
    growth = np.where(rng.random(n) < 0.3, excursion / length, growth)
    growth = growth * bernoulli(rng, n, kind.trending)
    fading = np.where(rng.random(n) < 0.5, 1 - np.clip(log_normal(rng, -3.5, 1.0, n), 0, 0.2), 1)
    size = np.median(np.abs(growth[growth != 0])) if growth.any() else 0.0
    turned = np.where(growth != 0, np.abs(growth), size) * rng.normal(size=n)
    turned = turned * bernoulli(rng, n, 0.7)
    turn_steps = np.where(rng.random(n) < 0.12, rng.integers(0, length, n), length)[:, None]
    steps = np.arange(length)
    after = fading[:, None] ** np.maximum(steps - turn_steps, 0) * turned[:, None]
    before = fading[:, None] ** (steps + 1) * growth[:, None]
    return np.where(steps >= turn_steps, after, before)


def _shocks(rng: Rng, n: int, length: int, prior: Prior) -> np.ndarray:
    """Innovations of variance about one; the weight of their tails varies by series."""
    tails = rng.choice([3.0, 5.0], size=(n, 1))
    dof = np.where(rng.random((n, 1)) < prior.heavy_tails, tails, 20.0)
    return 0.8 * rng.standard_t(dof, size=(n, length))


def draw_rare(rng: Rng, n: int, length: int, share: float) -> np.ndarray:
    """Standard normal values at random steps of some series, else 0, shape (n, length)."""
    rate = np.where(rng.random(n) < share, rng.choice(_SHARES, size=n), 0.0)
    occurs = rng.random((n, length)) < rate[:, None]
    return np.where(occurs, rng.normal(size=(n, length)), 0.0)


def _volatility(rng: Rng, n: int, length: int, prior: Prior) -> np.ndarray:
    """Volatility of the level over time; 1 in most series, shape (n, length)."""
    n_blocks = 1 + length // 20
    blocks = np.repeat(np.exp(rng.normal(0, 0.8, (n, n_blocks))), 20, axis=1)[:, :length]
    volatility = np.where(bernoulli(rng, n, prior.unrest)[:, None] > 0, blocks, 1.0)
    regime = markov(rng, n, length, 1 - log_normal(rng, -3.5, 0.7, n).clip(0.001, 0.2))
    factor = 1 + regime * (log_normal(rng, 0.5, 0.8, n)[:, None])
    return volatility * np.where(bernoulli(rng, n, prior.regimes)[:, None] > 0, factor, 1.0)
