"""Exponential smoothing in state space form (ETS), vectorised over the series of a panel.

Parameters are not optimised: all models of a grid of smoothing parameters filter the series, and
their forecasts are averaged by Akaike weights. This takes one loop over time, and models that fit
equally well share the weight.

A model has a level, optionally a damped trend and optionally a season, all additive:

    error_t  = y_t - (level + phi slope + season)
    level   <- level + phi slope + alpha error_t
    slope   <- phi slope + alpha beta error_t
    season  <- season + gamma (1 - alpha) error_t

References
----------
Hyndman, Koehler, Ord & Snyder, *Forecasting with Exponential Smoothing*, 2008, chapters 2 and 6
(models, variances); Burnham & Anderson, *Model Selection and Multimodel Inference*, 2002, section
4.2 (weights).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from forecastkit.methods.paths import original_units
from forecastkit.series.panel import Panel
from forecastkit.series.scale import measure_scale, scaled

_ALPHAS = (0.02, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9)
_TRENDS = ((0.0, 0.0), *product((0.05, 0.2), (0.9, 0.98)))  # beta, phi
_GAMMAS = (0.0, 0.05, 0.15, 0.4)
# the history is limited to 400 steps or 6 seasons, whichever is longer
_MAX_STEPS, _MAX_SEASONS = 400, 6
_MAX_CELLS = 2_000_000  # of the states held at once, limits memory


@dataclass(frozen=True)
class Models:
    """Parameters of several models, each an array of shape (n_models, 1).

    Attributes
    ----------
    alpha, beta, phi, gamma : ndarray
        Coefficients of the error in the equations, so `beta` holds alpha beta and `gamma` holds
        gamma (1 - alpha); `phi` is 0 without a trend.
    seasonal : ndarray of bool
    n_parameters : ndarray
        Number of estimated parameters and initial states.
    """

    alpha: np.ndarray
    beta: np.ndarray
    phi: np.ndarray
    gamma: np.ndarray
    seasonal: np.ndarray
    n_parameters: np.ndarray

    @classmethod
    def of(cls, season_length: int) -> Models:
        """All models for a season length; without a season if it is 1."""
        seasons = [(False, 0.0)]
        if season_length > 1:
            seasons += [(True, gamma) for gamma in _GAMMAS]
        rows = []
        for alpha, (beta, phi), (seasonal, gamma) in product(_ALPHAS, _TRENDS, seasons):
            n_parameters = 2 + 3 * (phi > 0) + season_length * seasonal
            rows.append((alpha, alpha * beta, phi, (1 - alpha) * gamma, seasonal, n_parameters))
        alpha, beta, phi, gamma, seasonal, n_parameters = np.array(rows, float).T[..., None]
        return cls(alpha, beta, phi, gamma, seasonal > 0, n_parameters)


@dataclass
class States:
    """States at one step: level, slope (n_models, n_series), season (m, n_models, n_series)."""

    level: np.ndarray
    slope: np.ndarray
    season: np.ndarray


def filter_series(
    y: np.ndarray, started: np.ndarray, states: States, models: Models
) -> tuple[np.ndarray, States]:
    """Filter the series with all models.

    Parameters
    ----------
    y : ndarray, shape (n_steps, n_series)
        NaN where missing.
    started : ndarray of bool, shape (n_steps, n_series)
        Steps within the series; the trend of a model acts on these only.
    states : States
        Initial states; `season` is updated in place.
    models : Models

    Returns
    -------
    mse : ndarray, shape (n_models, n_series)
        Mean squared one-step error.
    states : States
        After the last step.
    """
    level, slope, season = states.level, states.slope, states.season
    total, m = np.zeros_like(level), len(season)
    for t, values in enumerate(y):
        damped = models.phi * slope
        error = np.where(np.isnan(values), 0.0, values - level - damped - season[t % m])
        total += error**2
        level = level + np.where(started[t], damped, 0.0) + models.alpha * error
        slope = np.where(started[t], damped, slope) + models.beta * error
        season[t % m] += models.gamma * error
    n = np.maximum((~np.isnan(y)).sum(axis=0), 1)
    return total / n, States(level, slope, season)


def ets(panel: Panel, h: int, season_length: int) -> tuple[np.ndarray, np.ndarray]:
    """Forecast by `model_average` on the transformed scale of each series (`Scale`).

    Parameters
    ----------
    panel : Panel
        In the original units.
    h, season_length : int
        Horizon and steps per season.

    Returns
    -------
    point, deviation : ndarray, shape (n_series, h)

    Examples
    --------
    >>> ets(Panel.of([np.full(12, 5.0)]), 2, 1)[0].round(6).tolist()
    [[5.0, 5.0]]
    """
    scale = measure_scale(panel)
    point, deviation = model_average(scaled(panel, scale), h, season_length)
    return original_units(scale, point, deviation)


def model_average(panel: Panel, h: int, season_length: int) -> tuple[np.ndarray, np.ndarray]:
    """Forecast by the Akaike-weighted mean of all models of the grid.

    Parameters
    ----------
    panel : Panel
        On any scale; missing values are skipped.
    h : int
    season_length : int
        Series with fewer than two seasons are modelled without one.

    Returns
    -------
    point, deviation : ndarray, shape (n_series, h)

    Examples
    --------
    >>> panel = Panel.of([np.tile([1.0, 2.0, 3.0, 6.0], 6)])
    >>> model_average(panel, 4, 4)[0].round(2).tolist()
    [[1.0, 2.0, 3.0, 6.0]]
    """
    point, deviation = np.zeros((2, panel.n_series, h))
    n_observed = np.bincount(panel.owner, ~np.isnan(panel.values), minlength=panel.n_series)
    is_long = n_observed >= 2 * season_length + 3
    for m, selected in ((season_length, is_long), (1, ~is_long)):
        rows = np.flatnonzero(selected)
        if len(rows) == 0:
            continue
        models = Models.of(m)
        chunk_size = max(1, _MAX_CELLS // (len(models.alpha) * (m + 8)))
        for start in range(0, len(rows), chunk_size):
            chunk = rows[start : start + chunk_size]
            y = _aligned(panel.take(chunk), max(_MAX_STEPS, _MAX_SEASONS * m))
            point[chunk], deviation[chunk] = _forecast(y, h, m, models)
    return point, deviation


def _aligned(panel: Panel, max_steps: int) -> np.ndarray:
    """Last values of all series, aligned at their ends, NaN before a start: (steps, n_series)."""
    steps = int(min(max_steps, panel.lengths.max()))
    return np.ascontiguousarray(panel.last_values(steps).T)


def _forecast(y: np.ndarray, h: int, m: int, models: Models) -> tuple[np.ndarray, np.ndarray]:
    """Weighted mean forecasts of aligned series and their standard deviations, (n_series, h)."""
    started = np.logical_or.accumulate(~np.isnan(y), axis=0)
    # initial states by backcasting: the models filter the reversed series first
    initial = _initial_states(y[::-1], m, models)
    _, states = filter_series(y[::-1], started[::-1], initial, models)
    states.level += models.phi * states.slope
    states.slope *= -1
    states.season = np.roll(states.season[::-1], len(y) % m, axis=0)
    mse, states = filter_series(y, started, states, models)
    n = (~np.isnan(y)).sum(axis=0)
    steps = np.arange(1, h + 1)[:, None, None]
    damped_steps = models.phi * (1 - models.phi**steps) / (1 - models.phi)  # phi + ... + phi^k
    paths = states.level + states.slope * damped_steps
    paths += states.season[(len(y) + steps[:, 0, 0] - 1) % m]
    weights = _akaike_weights(mse, n, models)
    variance = mse * _variance_ratio(steps, m, models)
    point = (weights * paths).sum(axis=1)
    mixture_variance = (weights * (variance + (paths - point[:, None]) ** 2)).sum(axis=1)
    return point.T, np.sqrt(mixture_variance).T


def _initial_states(y: np.ndarray, m: int, models: Models) -> States:
    """Mean level and season of the first three seasons of each series, for all models."""
    observed = ~np.isnan(y)
    start = np.argmax(observed, axis=0)
    since_start = np.arange(len(y))[:, None] - start
    used = observed & (since_start >= 0) & (since_start < max(3 * m, 8))
    level = np.where(used, y, 0.0).sum(axis=0) / np.maximum(used.sum(axis=0), 1)
    residual = np.where(used, y - level, 0.0)
    season = np.zeros((m, y.shape[1]))
    for phase in range(m):
        count = used[phase::m].sum(axis=0)
        season[phase] = residual[phase::m].sum(axis=0) / np.maximum(count, 1)
    season -= season.mean(axis=0)
    shape = (len(models.alpha), y.shape[1])
    return States(
        np.broadcast_to(level, shape).copy(),
        np.zeros(shape),
        np.where(models.seasonal, season[:, None], 0.0),
    )


def _akaike_weights(mse: np.ndarray, n: np.ndarray, models: Models) -> np.ndarray:
    """Akaike weights of the models by AICc, shape (n_models, n_series)."""
    k = np.minimum(models.n_parameters, np.maximum(n - 2, 1))
    floor = 1e-12 + 1e-6 * mse.min(axis=0)
    aicc = n * np.log(mse + floor) + 2 * k * n / np.maximum(n - k - 1, 1)
    weights = np.exp(-0.5 * (aicc - aicc.min(axis=0)))
    return weights / weights.sum(axis=0)


def _variance_ratio(steps: np.ndarray, m: int, models: Models) -> np.ndarray:
    """Forecast variance k steps ahead relative to one step ahead, shape (h, n_models, 1)."""
    j = steps[:-1]
    damped_steps = models.phi * (1 - models.phi**j) / (1 - models.phi)
    c = models.alpha + models.beta * damped_steps + models.gamma * (j % m == 0)
    sums = np.cumsum(c**2, axis=0)  # of c_j^2, Hyndman et al. (2008), chapter 6
    return 1 + np.concatenate([np.zeros_like(steps[:1] * models.phi), sums])
