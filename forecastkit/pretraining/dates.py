"""Calendar effects of synthetic series: working days, moving holidays, days off.

Dates are those of the Gregorian calendar, so that the number of working days varies by month as in
reality. Which series have an effect, and its size, are random.
"""

from __future__ import annotations

import numpy as np

from forecastkit.pretraining.draws import Rng, bernoulli

_YEARS = 400  # period of the Gregorian calendar
# business days from Monday on: offices, shops, leisure
_WEEK_MASKS = ("1111100", "1111110", "0000011")


def calendar_effects(
    rng: Rng, unit: np.ndarray, length: int, season_lengths: tuple[int, ...]
) -> np.ndarray:
    """Draw additive effects on log values, for series sampled hourly to quarterly.

    Parameters
    ----------
    rng : numpy.random.Generator
    unit : ndarray, shape (n,)
        Size of the noise of each series.
    length : int
        Number of steps.
    season_lengths : tuple of int
        Of the kind of series; the shortest one determines the sampling interval.

    Returns
    -------
    ndarray, shape (n, length)
        0 for series without an effect.

    Examples
    --------
    >>> calendar_effects(np.random.default_rng(0), np.ones(3), 5, (1,)).any()
    np.False_
    """
    n, shortest = len(unit), min(season_lengths)
    if shortest in (12, 4):
        start = rng.integers(0, 12 * _YEARS, n)
        months = 12 // shortest
        return _working_days(rng, start, length, months) + _moving_holiday(
            rng, unit, start, length, months
        )
    if shortest == 52:
        return _annual_events(rng, unit, length)
    if shortest in (5, 7, 24, 48):
        return _days_off(rng, unit, length, shortest if shortest >= 24 else 1)
    return np.zeros((n, length))


def _working_days(rng: Rng, start: np.ndarray, length: int, months: int) -> np.ndarray:
    """Effect of the number of working days in each step of `months` months."""
    n = len(start)
    month_starts = np.datetime64("2000-01") + np.arange(12 * _YEARS + 1)
    days = month_starts.astype("datetime64[D]")
    effects = []
    for mask in _WEEK_MASKS:
        count = np.busday_count(days[:-1], days[1:], weekmask=mask).astype(float)
        effects.append(np.log(count / count.mean()))
    steps = (start[:, None] + np.arange(length * months)) % (12 * _YEARS)
    monthly = np.stack(effects)[rng.integers(0, len(_WEEK_MASKS), n)[:, None], steps]
    size = rng.uniform(0.3, 1.0, n) * bernoulli(rng, n, 0.2)
    return size[:, None] * monthly.reshape(n, length, months).mean(axis=2)


def _moving_holiday(
    rng: Rng, unit: np.ndarray, start: np.ndarray, length: int, months: int
) -> np.ndarray:
    """Effect of a holiday that falls, like Easter, in one month or in the next one."""
    n, n_months = len(start), length * months
    n_years = n_months // 12 + 2
    early_month = rng.integers(0, 12, n)
    is_early = rng.random((n, n_years)) < rng.uniform(0.2, 0.8, (n, 1))
    elapsed = start[:, None] % 12 + np.arange(n_months)
    year, month = elapsed // 12, elapsed % 12
    early_now = np.take_along_axis(is_early, year, axis=1)
    holiday = np.where(
        early_now, month == early_month[:, None], month == (early_month[:, None] + 1) % 12
    )
    size = 2.0 * unit * rng.normal(size=n) * bernoulli(rng, n, 0.15)
    return size[:, None] * holiday.reshape(n, length, months).mean(axis=2)


def _annual_events(rng: Rng, unit: np.ndarray, length: int) -> np.ndarray:
    """Effects of two weeks of the year, which in some series move by up to two weeks."""
    n, n_years = len(unit), length // 52 + 3
    effects = np.zeros((n, length))
    for _ in range(2):
        week_of_year = rng.integers(0, 52, (n, 1)) + rng.integers(-2, 3, (n, n_years)) * (
            rng.random((n, 1)) < 0.5
        )
        steps = np.clip(week_of_year + 52 * np.arange(n_years) - 52, -1, length)  # (n, n_years)
        size = 5.0 * unit * rng.normal(size=n) * bernoulli(rng, n, 0.2)
        rows, columns = np.nonzero((steps >= 0) & (steps < length))
        effects[rows, steps[rows, columns]] += size[rows]
    return effects


def _days_off(rng: Rng, unit: np.ndarray, length: int, steps_per_day: int) -> np.ndarray:
    """Effects of single days, a few per year, that differ from other days of their weekday."""
    n, n_days = len(unit), length // steps_per_day + 2
    is_off = rng.random((n, n_days)) < rng.choice([0.01, 0.03], size=(n, 1))
    depth = rng.normal(-1.0, 1.0, n) * rng.uniform(0.5, 1.5, (n, n_days)).T
    size = 6.0 * unit * depth * bernoulli(rng, n, 0.3)
    effects = np.repeat(is_off * size.T, steps_per_day, axis=1)
    return effects[:, rng.integers(0, steps_per_day) :][:, :length]
