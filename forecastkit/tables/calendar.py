"""Calendar features: the position of a period in the day, the week, the month and the year.

Each is a sine and a cosine with their second harmonics, so that the last hour of a day is near the
first. Networks that are trained on a panel receive them; the regression of covariates does not,
since the slow waves would bend the level.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forecastkit.errors import OptionError
from forecastkit.tables.frequency import DAY, Frequency
from forecastkit.tables.index import TimeIndex
from forecastkit.tables.schema import CYCLES, HARMONICS

CALENDAR = "calendar"


def checked_cycles(cycles: Sequence[str] | str | None) -> list[str] | None:
    """Calendar features in their standard order; None for the default of the frequency.

    Raises
    ------
    OptionError
        If a feature is unknown.

    Examples
    --------
    >>> checked_cycles(["day of year", "weekday"]), checked_cycles("hour"), checked_cycles(None)
    (['weekday', 'day of year'], ['hour'], None)
    """
    if cycles is None:
        return None
    wanted = [cycles] if isinstance(cycles, str) else list(cycles)
    unknown = [name for name in wanted if name not in CYCLES]
    if unknown:
        raise OptionError(
            f"There is no calendar feature '{unknown[0]}'; there are: {', '.join(CYCLES)}.",
            value=unknown[0],
        )
    return [name for name in CYCLES if name in wanted]


def useful_cycles(frequency: Frequency) -> tuple[str, ...]:
    """Cycles longer than a step of a frequency, at several phases of which its steps fall.

    Examples
    --------
    >>> from forecastkit.tables.frequency import parse_frequency
    >>> useful_cycles(parse_frequency("h")), useful_cycles(parse_frequency("MS"))
    (('hour', 'weekday', 'day of year'), ('day of year',))
    """
    if frequency.kind == "integer":
        return ()
    if frequency.kind == "month":
        return ("day of year",) if frequency.step < 12 else ()
    if frequency.kind == "business" or frequency.step == DAY:
        return ("weekday", "month", "day of year")
    if frequency.step < DAY:
        return ("hour", "weekday", "day of year")
    return ("day of year",) if frequency.step <= 31 * DAY else ()


def calendar_features(index: TimeIndex, ordinals: np.ndarray, cycle: str) -> np.ndarray:
    """Sines and cosines of the phase in a cycle, shape (n_periods, 2 * len(HARMONICS))."""
    moments = index.timestamps(ordinals).dt
    hours = (moments.hour + moments.minute / 60 + moments.second / 3600) / 24
    phase = {
        "hour": hours,
        "weekday": (moments.day_of_week + hours) / 7,
        "month": (moments.day - 1) / moments.days_in_month,
        "day of year": (moments.day_of_year - 1) / (365 + moments.is_leap_year),
    }[cycle].to_numpy()
    angles = 2 * np.pi * np.outer(phase, HARMONICS)
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1)
