"""The arguments of a forecaster, checked when it is fitted: scikit-learn's way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecastkit.errors import OptionError
from forecastkit.reading.events_file import events_of
from forecastkit.tables.calendar import checked_cycles
from forecastkit.tables.events import Events, check_timestamps, holiday_events, merged_events
from forecastkit.tables.frame import CALENDAR, EVENTS, check_alias
from forecastkit.training.config import MEMBERS


def check_arguments(forecaster: Any) -> None:
    """Refuse what cannot be used, by name and value.

    Raises
    ------
    OptionError
    """
    _check_whole("h", forecaster.h, least=1)
    _check_whole("seed", forecaster.seed, least=0)
    if forecaster.input_size is not None:
        _check_whole("input_size", forecaster.input_size, least=1)
    for m in given_seasons(forecaster.season_length) or ():
        _check_whole("season_length", m, least=1)
    if forecaster.preset not in tuple(MEMBERS):
        raise OptionError(
            f"There is no preset {forecaster.preset!r}; there are: {', '.join(MEMBERS)}.",
            value=forecaster.preset,
        )
    check_alias(forecaster.alias or forecaster.name)


def given_seasons(season_length: Any) -> list[Any] | None:
    """One season length or several as a list; None for none.

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
    """Days by name of the holidays and events of a forecaster, and of the table's attributes.

    Raises
    ------
    UnknownFileError, DataError, OptionError
        If the country is unknown, the events are invalid, or the table has no timestamps.
    """
    several: list[Mapping[str, list[str]]] = [table.attrs.get(EVENTS, {})]
    if holidays:
        several.append(holiday_events(table, holidays))
    if events is not None:
        check_timestamps(table, "Holidays and events")
        several.append(events_of(events))
    return merged_events(several, list(table.columns))


def given_calendar(
    table: pd.DataFrame, calendar: Sequence[str] | str | None
) -> Sequence[str] | None:
    """Calendar features of a forecaster, or of the table's attributes; None for the default.

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


def _check_whole(name: str, value: Any, least: int) -> None:
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or value < least:
        raise OptionError(
            f"{name} {value!r} is not a whole number of {least} or more.", value=value
        )
