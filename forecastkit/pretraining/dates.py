"""What the calendar does to synthetic series: working days, feasts that move, days that are off.

Dates are real, so that months have the working days that months have; which series minds them, and
how much, is drawn.
"""

from __future__ import annotations

import numpy as np

Rng = np.random.Generator
_YEARS = 400  # the Gregorian calendar repeats after them
_OPEN = ("1111100", "1111110", "0000011")  # what counts as a working day: offices, shops, leisure


def calendar_effects(
    rng: Rng, unit: np.ndarray, length: int, season_lengths: tuple[int, ...]
) -> np.ndarray:
    """Effects in logs on series whose steps are months, quarters, weeks, days or parts of a day.

    Parameters
    ----------
    rng : numpy.random.Generator
    unit : ndarray, shape (n,)
        Size of the noise of a step.
    length : int
        Steps.
    season_lengths : tuple of int
        Of the kind of series: they say what a step is.

    Returns
    -------
    ndarray, shape (n, length)
        0 in series that do not mind.

    Examples
    --------
    >>> calendar_effects(np.random.default_rng(0), np.ones(3), 5, (1,)).any()
    np.False_
    """
    n, shortest = len(unit), min(season_lengths)
    if shortest in (12, 4):
        start = rng.integers(0, 12 * _YEARS, n)
        months = 12 // shortest
        return _working_days(rng, start, length, months) + _moving_feast(
            rng, unit, start, length, months
        )
    if shortest == 52:
        return _moving_week(rng, unit, length)
    if shortest in (5, 7, 24, 48):
        return _days_off(rng, unit, length, shortest if shortest >= 24 else 1)
    return np.zeros((n, length))


def some(rng: Rng, n: int, share: float) -> np.ndarray:
    """1 for a share of n series, 0 for the others."""
    return (rng.random(n) < share).astype(float)


def _working_days(rng: Rng, start: np.ndarray, length: int, months: int) -> np.ndarray:
    """Steps of so many months with more working days see more of everything."""
    n = len(start)
    first = np.datetime64("2000-01") + np.arange(12 * _YEARS + 1)
    days = first.astype("datetime64[D]")
    effects = []
    for mask in _OPEN:
        count = np.busday_count(days[:-1], days[1:], weekmask=mask).astype(float)
        effects.append(np.log(count / count.mean()))
    steps = (start[:, None] + np.arange(length * months)) % (12 * _YEARS)
    chosen = np.stack(effects)[rng.integers(0, len(_OPEN), n)[:, None], steps]
    share = rng.uniform(0.3, 1.0, n) * some(rng, n, 0.2)
    return share[:, None] * chosen.reshape(n, length, months).mean(axis=2)


def _moving_feast(
    rng: Rng, unit: np.ndarray, start: np.ndarray, length: int, months: int
) -> np.ndarray:
    """A feast that falls in one month or the next, as Easter does, with what it brings or takes."""
    n, total = len(start), length * months
    years = total // 12 + 2
    month = rng.integers(0, 12, n)
    early = rng.random((n, years)) < rng.uniform(0.2, 0.8, (n, 1))
    clock = start[:, None] % 12 + np.arange(total)
    year, within = clock // 12, clock % 12
    now = np.take_along_axis(early, year, axis=1)
    feast = np.where(now, within == month[:, None], within == (month[:, None] + 1) % 12)
    size = 2.0 * unit * rng.normal(size=n) * some(rng, n, 0.15)
    return size[:, None] * feast.reshape(n, length, months).mean(axis=2)


def _moving_week(rng: Rng, unit: np.ndarray, length: int) -> np.ndarray:
    """Weeks that stand out every year, some of them a few weeks sooner or later than the last."""
    n, years = len(unit), length // 52 + 3
    out = np.zeros((n, length))
    for _ in range(2):
        place = rng.integers(0, 52, (n, 1)) + rng.integers(-2, 3, (n, years)) * (
            rng.random((n, 1)) < 0.5
        )
        weeks = np.clip(place + 52 * np.arange(years) - 52, -1, length)  # (n, years)
        size = 5.0 * unit * rng.normal(size=n) * some(rng, n, 0.2)
        rows, columns = np.nonzero((weeks >= 0) & (weeks < length))
        out[rows, weeks[rows, columns]] += size[rows]
    return out


def _days_off(rng: Rng, unit: np.ndarray, length: int, steps: int) -> np.ndarray:
    """Whole days, a few a year, that are quieter or busier than their weekday is."""
    n, days = len(unit), length // steps + 2
    off = rng.random((n, days)) < rng.choice([0.01, 0.03], size=(n, 1))
    depth = rng.normal(-1.0, 1.0, n) * rng.uniform(0.5, 1.5, (n, days)).T
    size = 6.0 * unit * depth * some(rng, n, 0.3)
    whole = np.repeat(off * size.T, steps, axis=1)
    return whole[:, rng.integers(0, steps) :][:, :length]
