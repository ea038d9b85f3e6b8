"""Deprecated functions; they will be removed in the next release."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from forecastkit.reading.events_file import events_of
from forecastkit.tables.calendar import checked_cycles
from forecastkit.tables.events import Events, check_timestamps, holiday_events, merged_events
from forecastkit.tables.frame import CALENDAR, EVENTS


def add_holidays(df: pd.DataFrame, country: str, lead: int = 1, lag: int = 1) -> pd.DataFrame:
    """Store public holidays in the `attrs` of a table; pass `holidays=` to a forecaster instead.

    Parameters
    ----------
    df : DataFrame
        A series table with timestamps.
    country : str
        ISO 3166 code, with or without a region.
    lead, lag : int
        Number of days before and after each holiday that are separate events.

    Raises
    ------
    OptionError
        If the country or region is unknown, or the table has no timestamps.
    """
    _warn("add_holidays", "holidays")
    return _with_events(df, holiday_events(df, country, lead, lag))


def add_events(df: pd.DataFrame, events: pd.DataFrame | str | Path) -> pd.DataFrame:
    """Store custom events in the `attrs` of a table; pass `events=` to a forecaster instead.

    Parameters
    ----------
    df : DataFrame
        A series table with timestamps.
    events : DataFrame, str or Path
        A table or a CSV file with the columns `date` and `event`.

    Raises
    ------
    DataError, OptionError
        If the events are invalid, or the table has no timestamps.
    """
    _warn("add_events", "events")
    check_timestamps(df, "Holidays and events")
    return _with_events(df, events_of(events))


def add_calendar(df: pd.DataFrame, cycles: Sequence[str] | str | None = None) -> pd.DataFrame:
    """Store calendar features in the `attrs` of a table; pass `calendar=` to a forecaster instead.

    Parameters
    ----------
    df : DataFrame
        A series table with timestamps.
    cycles : sequence of str, optional
        Any of "hour", "weekday", "month" and "day of year".

    Raises
    ------
    OptionError
        If a feature is unknown, or the table has no timestamps.
    """
    _warn("add_calendar", "calendar")
    check_timestamps(df, "Calendar features")
    table, features = df.copy(), checked_cycles(cycles)
    table.attrs = {name: value for name, value in df.attrs.items() if name != CALENDAR}
    if features is not None:
        table.attrs[CALENDAR] = features
    return table


def _with_events(df: pd.DataFrame, events: Events) -> pd.DataFrame:
    table = df.copy()
    all_events = merged_events([df.attrs.get(EVENTS, {}), events], list(df.columns))
    table.attrs = {**df.attrs, EVENTS: all_events}
    return table


def _warn(name: str, argument: str) -> None:
    warnings.warn(
        f"{name} is deprecated: pass {argument}= to the forecaster. The attributes of a table do "
        "not survive merge and concat.",
        DeprecationWarning,
        stacklevel=3,
    )
