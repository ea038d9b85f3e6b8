"""Exponential smoothing in state space form (ETS) for all series of a panel at once.

Nothing is searched for: every model of a grid of smoothing parameters is run over the series, and
their forecasts are averaged by Akaike weights. So it takes a loop over time, no optimizer, and what
two models explain equally well is not decided by chance.

A model has a level, a trend that dies away or none, and a season or none, all additive:

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
# steps that are looked at: so many, or so many seasons
_STEPS, _SEASONS = 400, 6
_MAX_CELLS = 2_000_000


@dataclass(frozen=True)
class Models:
    """Models side by side, one number each, shape (n_models, 1).

    Attributes
    ----------
    alpha, beta, phi, gamma : ndarray
        As in the equations, times what stands beside them there; phi is 0 without a trend.
    seasonal : ndarray of bool
    n_numbers : ndarray
        That a model takes from the data: parameters and starting values.
    """

    alpha: np.ndarray
    beta: np.ndarray
    phi: np.ndarray
    gamma: np.ndarray
    seasonal: np.ndarray
    n_numbers: np.ndarray

    @classmethod
    def of(cls, season_length: int) -> Models:
        """All models of series with such a season; 1 for none."""
        seasons = [(False, 0.0)]
        if season_length > 1:
            seasons += [(True, gamma) for gamma in _GAMMAS]
        rows = []
        for alpha, (beta, phi), (seasonal, gamma) in product(_ALPHAS, _TRENDS, seasons):
            numbers = 2 + 3 * (phi > 0) + season_length * seasonal
            rows.append((alpha, alpha * beta, phi, (1 - alpha) * gamma, seasonal, numbers))
        alpha, beta, phi, gamma, seasonal, numbers = np.array(rows, float).T[..., None]
        return cls(alpha, beta, phi, gamma, seasonal > 0, numbers)


@dataclass
class States:
    """Level, slope (n_models, n_series) and season (m, n_models, n_series) while time goes on."""

    level: np.ndarray
    slope: np.ndarray
    season: np.ndarray


def run(
    y: np.ndarray, within: np.ndarray, states: States, models: Models
) -> tuple[np.ndarray, States]:
    """Run all models over the series; mean squared errors (n_models, n_series), and states.

    `within`, of the shape of `y`, says which steps a series has.
    """
    level, slope, season = states.level, states.slope, states.season
    total, m = np.zeros_like(level), len(season)
    for t, values in enumerate(y):
        gone = models.phi * slope
        error = np.where(np.isnan(values), 0.0, values - level - gone - season[t % m])
        total += error**2
        level = level + np.where(within[t], gone, 0.0) + models.alpha * error
        slope = np.where(within[t], gone, slope) + models.beta * error
        season[t % m] += models.gamma * error
    n = np.maximum((~np.isnan(y)).sum(axis=0), 1)
    return total / n, States(level, slope, season)


def ets(panel: Panel, h: int, season_length: int) -> tuple[np.ndarray, np.ndarray]:
    """Forecast series in their own units: logarithms where they are positive, see `smooth`.

    Parameters
    ----------
    panel : Panel
    h, season_length : int

    Returns
    -------
    point, deviation : ndarray, shape (n_series, h)

    Examples
    --------
    >>> ets(Panel.of([np.full(12, 5.0)]), 2, 1)[0].round(6).tolist()
    [[5.0, 5.0]]
    """
    scale = measure_scale(panel)
    path, spread = smooth(scaled(panel, scale), h, season_length)
    return original_units(scale, path, spread)


def smooth(panel: Panel, h: int, season_length: int) -> tuple[np.ndarray, np.ndarray]:
    """Forecast by the weighted mean of all models of the grid.

    Parameters
    ----------
    panel : Panel
        On any scale; missing values are passed over.
    h : int
    season_length : int
        Series that do not hold two seasons are taken to have none.

    Returns
    -------
    point, deviation : ndarray, shape (n_series, h)

    Examples
    --------
    >>> panel = Panel.of([np.tile([1.0, 2.0, 3.0, 6.0], 6)])
    >>> smooth(panel, 4, 4)[0].round(2).tolist()
    [[1.0, 2.0, 3.0, 6.0]]
    """
    point, deviation = np.zeros((2, panel.n_series, h))
    known = np.bincount(panel.owner, ~np.isnan(panel.values), minlength=panel.n_series)
    with_season = known >= 2 * season_length + 3
    for m, wanted in ((season_length, with_season), (1, ~with_season)):
        rows = np.flatnonzero(wanted)
        if len(rows) == 0:
            continue
        models = Models.of(m)
        at_once = max(1, _MAX_CELLS // (len(models.alpha) * (m + 8)))
        for start in range(0, len(rows), at_once):
            some = rows[start : start + at_once]
            y = _aligned(panel.take(some), max(_STEPS, _SEASONS * m))
            point[some], deviation[some] = _averaged(y, h, m, models)
    return point, deviation


def _aligned(panel: Panel, most: int) -> np.ndarray:
    """The last values of all series, ending together, NaN before they start: (steps, n_series)."""
    steps = int(min(most, panel.lengths.max()))
    return np.ascontiguousarray(panel.last_values(steps).T)


def _averaged(y: np.ndarray, h: int, m: int, models: Models) -> tuple[np.ndarray, np.ndarray]:
    # states at the start are what the models say of the series turned round
    begun = np.logical_or.accumulate(~np.isnan(y), axis=0)
    _, states = run(y[::-1], begun[::-1], _first_states(y[::-1], m, models), models)
    states.level += models.phi * states.slope
    states.slope *= -1
    states.season = np.roll(states.season[::-1], len(y) % m, axis=0)
    errors, states = run(y, begun, states, models)
    n = (~np.isnan(y)).sum(axis=0)
    ahead = np.arange(1, h + 1)[:, None, None]
    grown = models.phi * (1 - models.phi**ahead) / (1 - models.phi)  # phi + ... + phi^k
    paths = states.level + states.slope * grown
    paths += states.season[(len(y) + ahead[:, 0, 0] - 1) % m]
    weights = _akaike(errors, n, models)
    variance = errors * _growth(ahead, m, models)
    point = (weights * paths).sum(axis=1)
    spread = (weights * (variance + (paths - point[:, None]) ** 2)).sum(axis=1)
    return point.T, np.sqrt(spread).T


def _first_states(y: np.ndarray, m: int, models: Models) -> States:
    """Level and season of the first seasons of every series, the same for all models."""
    known = ~np.isnan(y)
    start = np.argmax(known, axis=0)
    since = np.arange(len(y))[:, None] - start
    first = known & (since >= 0) & (since < max(3 * m, 8))
    shown = np.where(first, y, 0.0)
    level = shown.sum(axis=0) / np.maximum(first.sum(axis=0), 1)
    off = np.where(first, y - level, 0.0)
    season = np.zeros((m, y.shape[1]))
    for phase in range(m):
        there = first[phase::m].sum(axis=0)
        season[phase] = off[phase::m].sum(axis=0) / np.maximum(there, 1)
    season -= season.mean(axis=0)
    shape = (len(models.alpha), y.shape[1])
    return States(
        np.broadcast_to(level, shape).copy(),
        np.zeros(shape),
        np.where(models.seasonal, season[:, None], 0.0),
    )


def _akaike(errors: np.ndarray, n: np.ndarray, models: Models) -> np.ndarray:
    """Weights of the models, shape (n_models, n_series), by the corrected criterion."""
    k = np.minimum(models.n_numbers, np.maximum(n - 2, 1))
    least = 1e-12 + 1e-6 * errors.min(axis=0)
    criterion = n * np.log(errors + least) + 2 * k * n / np.maximum(n - k - 1, 1)
    weights = np.exp(-0.5 * (criterion - criterion.min(axis=0)))
    return weights / weights.sum(axis=0)


def _growth(ahead: np.ndarray, m: int, models: Models) -> np.ndarray:
    """Variance k steps ahead over that of one step, shape (h, n_models, 1)."""
    back = ahead[:-1]
    grown = models.phi * (1 - models.phi**back) / (1 - models.phi)
    each = models.alpha + models.beta * grown + models.gamma * (back % m == 0)
    sums = np.cumsum(each**2, axis=0)
    return 1 + np.concatenate([np.zeros_like(ahead[:1] * models.phi), sums])
