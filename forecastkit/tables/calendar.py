"""Calendar features: position of a period within the day, week, month and year.

Each cycle is encoded by sines and cosines of its first two harmonics, so that the end of a cycle is
close to its start. Only networks trained on a panel receive these features; the covariate
regression does not, because their low frequencies are confounded with the level.
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
    """Return calendar features in canonical order; None selects the default of the frequency.

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
    requested = [cycles] if isinstance(cycles, str) else list(cycles)
    unknown = [name for name in requested if name not in CYCLES]
    if unknown:
        raise OptionError(
            f"There is no calendar feature '{unknown[0]}'; there are: {', '.join(CYCLES)}.",
            value=unknown[0],
        )
    return [name for name in CYCLES if name in requested]


def default_cycles(frequency: Frequency) -> tuple[str, ...]:
    """Cycles longer than one step of a frequency whose phase varies from step to step.

    Examples
    --------
    >>> from forecastkit.tables.frequency import parse_frequency
    >>> default_cycles(parse_frequency("h")), default_cycles(parse_frequency("MS"))
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
    """Sines and cosines of the phase within a cycle, shape (n_periods, 2 * len(HARMONICS))."""
    calendar = index.timestamps(ordinals).dt
    day_fraction = (calendar.hour + calendar.minute / 60 + calendar.second / 3600) / 24
    phase = {
        "hour": day_fraction,
        "weekday": (calendar.day_of_week + day_fraction) / 7,
        "month": (calendar.day - 1) / calendar.days_in_month,
        "day of year": (calendar.day_of_year - 1) / (365 + calendar.is_leap_year),
    }[cycle].to_numpy()
    angles = 2 * np.pi * np.outer(phase, HARMONICS)
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1)
