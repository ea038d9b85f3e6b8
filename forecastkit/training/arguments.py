"""Validation of a forecaster's arguments; scikit-learn's protocol leaves it to `fit`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecastkit.errors import OptionError
from forecastkit.ranges import MAX_STEPS
from forecastkit.reading.events_file import events_of
from forecastkit.series.view import MAX_SEASONS
from forecastkit.tables.calendar import checked_cycles
from forecastkit.tables.events import Events, check_timestamps, holiday_events, merged_events
from forecastkit.tables.frame import CALENDAR, EVENTS, check_alias
from forecastkit.training.config import MEMBERS
from forecastkit.training.plan import Knobs


def check_arguments(forecaster: Any) -> None:
    """Check the arguments of a forecaster.

    Raises
    ------
    OptionError
        If an argument is invalid; the message gives its name and value.
    """
    if forecaster.h is not None:
        _check_whole("h", forecaster.h, minimum=1)
    _check_whole("seed", forecaster.seed, minimum=0, maximum=None)
    if forecaster.input_size is not None:
        _check_whole("input_size", forecaster.input_size, minimum=1)
    seasons = given_seasons(forecaster.season_length) or []
    for m in seasons:
        _check_whole("season_length", m, minimum=1)
    if len(seasons) > MAX_SEASONS:
        raise OptionError(
            f"season_length has {len(seasons)} values; the maximum is {MAX_SEASONS}.", value=seasons
        )
    if forecaster.preset not in tuple(MEMBERS):
        raise OptionError(
            f"There is no preset {forecaster.preset!r}; there are: {', '.join(MEMBERS)}.",
            value=forecaster.preset,
        )
    check_alias(forecaster.alias or forecaster.name)


def given_seasons(season_length: Any) -> list[Any] | None:
    """Return one or more season lengths as a list, None if there are none.

    Examples
    --------
    >>> given_seasons(12), given_seasons((24, 168)), given_seasons(None)
    ([12], [24, 168], None)
    """
    if season_length is None:
        return None
    if isinstance(season_length, str) or not isinstance(season_length, Iterable):
        return [season_length]
    return list(season_length)


def given_events(
    table: pd.DataFrame, holidays: str | None, events: pd.DataFrame | str | Path | None
) -> Events:
    """Return the dates of holidays and events by name, those in the table's attributes included.

    Raises
    ------
    UnknownFileError, DataError, OptionError
        If the country is unknown, the events are invalid, or the table has no timestamps.
    """
    sources: list[Mapping[str, list[str]]] = [table.attrs.get(EVENTS, {})]
    if holidays:
        sources.append(holiday_events(table, holidays))
    if events is not None:
        check_timestamps(table, "Holidays and events")
        sources.append(events_of(events))
    return merged_events(sources, list(table.columns))


def given_calendar(
    table: pd.DataFrame, calendar: Sequence[str] | str | None
) -> Sequence[str] | None:
    """Return the calendar features to use; None lets the frequency decide.

    Those in the table's attributes are the default.

    Raises
    ------
    OptionError
        If a feature is unknown, or the table has no timestamps.
    """
    if calendar is None:
        stored: Sequence[str] | None = table.attrs.get(CALENDAR)
        return stored
    check_timestamps(table, "Calendar features")
    return checked_cycles(calendar)


def checked_columns(columns: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the names of columns of a table; raise `TypeError` for other arguments."""
    unknown = [name for name in columns if name not in ("target_col", "time_col", "id_col")]
    if unknown:
        raise TypeError(f"fit() got an unexpected keyword argument '{unknown[0]}'")
    return columns


def given_knobs(forecaster: Any) -> Knobs:
    """Return the settings of networks and training; raise `OptionError` if one is invalid."""
    names = ("input_size", "units", "n_layers", "max_steps", "n_members")
    for name in names:
        if getattr(forecaster, name) is not None:
            maximum = {"n_layers": 8, "n_members": 32, "units": 1024}.get(name, MAX_STEPS)
            _check_whole(name, getattr(forecaster, name), 1, maximum)
    rate = forecaster.learning_rate
    is_number = isinstance(rate, int | float | np.number) and not isinstance(rate, bool)
    if rate is not None and not (is_number and 0 < rate <= 1):
        raise OptionError(f"learning_rate {rate!r} is not a number between 0 and 1.", value=rate)
    return Knobs(
        learning_rate=rate,
        **{name: getattr(forecaster, name) for name in names},
    )


def check_time_limit(time_limit: Any) -> float | None:
    """Return a time limit in seconds, None for none; raise `OptionError` if it is not positive."""
    if time_limit is None:
        return None
    is_number = isinstance(time_limit, int | float | np.number) and not isinstance(time_limit, bool)
    if not is_number or not time_limit > 0:
        raise OptionError(
            f"time_limit {time_limit!r} is not a positive number of seconds.", value=time_limit
        )
    return float(time_limit)


def _check_whole(name: str, value: Any, minimum: int, maximum: int | None = MAX_STEPS) -> None:
    is_whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not is_whole or value < minimum:
        raise OptionError(
            f"{name} {value!r} is not a whole number of {minimum} or more.", value=value
        )
    if maximum is not None and value > maximum:
        raise OptionError(f"{name} {value} is above the maximum of {maximum}.", value=value)
