"""Public holidays of a country, and custom events.

They become covariates that are known in advance. Their dates are stored in the model, so that a
forecast does not change with the version of the holidays package.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from forecastkit.errors import DataError, OptionError
from forecastkit.tables.frame import DS
from forecastkit.tables.index import TimeIndex

EVENTS = "events"
HOLIDAY = "public holiday"
# years beyond the data for which holidays are kept
_YEARS_AHEAD = 10
_MOST_NAMES = 25
_FEWEST_TIMES = 2

Dates = Mapping[str, Sequence[str]]


def add_holidays(df: pd.DataFrame, country: str, lead: int = 1, lag: int = 1) -> pd.DataFrame:
    """Add the public holidays of a country or region to a series table.

    Parameters
    ----------
    df : DataFrame
        A series table with timestamps.
    country : str
        ISO 3166 code, with or without a region: US, US-CA, DE-BY.
    lead, lag : int
        Number of days before and after each holiday that are added as separate events.

    Returns
    -------
    DataFrame
        A copy of the table with the holidays in `attrs["events"]`, which forecasters use as future
        covariates.

    Raises
    ------
    OptionError
        If the country or region is unknown, or the table has no timestamps.

    Examples
    --------
    >>> days = pd.date_range("2022-01-01", "2023-12-31")
    >>> table = pd.DataFrame({"unique_id": "a", "ds": days, "y": 1.0})
    >>> events = add_holidays(table, "DE-BY").attrs["events"]
    >>> events["public holiday"][:2], "Easter Monday" in events
    (['2022-01-01', '2022-01-06'], True)
    """
    import holidays

    first, last = _span(df)
    code, _, region = str(country).upper().partition("-")
    years = range(first.year, last.year + _YEARS_AHEAD + 1)
    try:
        found = holidays.country_holidays(
            code, subdiv=region or None, years=years, language="en_US"
        )
    except (NotImplementedError, KeyError) as error:
        raise OptionError(
            f"There is no holiday calendar for '{country}'.",
            value=country,
            fix="Use an ISO 3166 code such as US, FR or DE-BY.",
        ) from error
    days = sorted(found)
    events = {HOLIDAY: [day.isoformat() for day in days]}
    for shift in [-k for k in range(1, lead + 1)] + list(range(1, lag + 1)):
        side = "before" if shift < 0 else "after"
        moved = [pd.Timestamp(day) + pd.Timedelta(days=shift) for day in days]
        name = f"{abs(shift)} day{'s' if abs(shift) > 1 else ''} {side} a {HOLIDAY}"
        events[name] = [day.date().isoformat() for day in moved if day.date() not in found]
    events |= _by_name({day: str(found[day]) for day in days}, first, last)
    return _with(df, events)


def add_events(df: pd.DataFrame, events: pd.DataFrame | str | Path) -> pd.DataFrame:
    r"""Add custom events to a series table.

    Parameters
    ----------
    df : DataFrame
        A series table with timestamps.
    events : DataFrame, str or Path
        Table with the columns `date` and `event`, one row per day of an event, past and future; or
        a CSV file with these columns and ISO 8601 dates.

    Returns
    -------
    DataFrame
        A copy of the table with the events in `attrs["events"]`, which forecasters use as future
        covariates.

    Raises
    ------
    DataError
        If a column is missing, or a row has no valid date or no event; the row is reported.
    OptionError
        If the table has no timestamps, or an event has the name of a column or another event.

    Examples
    --------
    >>> days = pd.date_range("2022-01-01", "2022-12-31")
    >>> table = pd.DataFrame({"unique_id": "a", "ds": days, "y": 1.0})
    >>> fair = pd.DataFrame({"date": ["2022-05-06", "2023-05-05"], "event": "fair"})
    >>> add_events(table, fair).attrs["events"]
    {'fair': ['2022-05-06', '2023-05-05']}
    """
    _span(df)
    file = None
    if not isinstance(events, pd.DataFrame):
        from forecastkit.tables.reading import Reading
        from forecastkit.tables.source import read_source

        cells = Reading().cells(read_source(events))
        events, file = cells.table.set_axis(cells.lines, axis=0), cells.file
    absent = [name for name in ("date", "event") if name not in events.columns]
    if absent:
        raise DataError(
            f"The events table has no column '{absent[0]}'; it has: "
            f"{', '.join(map(str, events.columns))}.",
            file=file,
            column=absent[0],
            fix="Name the columns date and event.",
        )
    text = events["date"].astype(str).str.strip().str[:10]  # of a timestamp its day
    dates = pd.to_datetime(text, errors="coerce", format="%Y-%m-%d")
    wrong = dates.isna() | events["event"].isna() | events["event"].astype(str).str.strip().eq("")
    if wrong.any():
        row, n = events.index[wrong.to_numpy()][0], int(wrong.sum())
        raise DataError(
            f"'{events['date'][row]}, {events['event'][row]}' is not a valid date and event "
            f"({n} such row{'s' * (n > 1)}).",
            file=file,
            row=int(row) if file else None,
            column="date",
            value=str(events["date"][row]),
            fix="Write the date as 2024-12-31, and a name for the event.",
        )
    days = dates.dt.strftime("%Y-%m-%d")
    by_name = days.groupby(events["event"].astype(str).str.strip())
    return _with(df, {str(name): sorted(set(one)) for name, one in by_name})


def count_events(index: TimeIndex, ordinals: np.ndarray, dates: Sequence[str]) -> np.ndarray:
    """How many of the dates lie within each period, of the shape of `ordinals`.

    A period shorter than a day is within the day that it lies in.
    """
    days = np.sort(np.array(dates, "datetime64[D]"))
    start = _days(index, ordinals)
    stop = np.maximum(_days(index, ordinals + 1), start + np.timedelta64(1, "D"))
    counts = np.searchsorted(days, stop.ravel()) - np.searchsorted(days, start.ravel())
    return counts.reshape(ordinals.shape).astype(float)


def _days(index: TimeIndex, ordinals: np.ndarray) -> np.ndarray:
    moments = index.timestamps(ordinals.ravel()).dt.tz_localize(None)
    return moments.to_numpy("datetime64[D]").reshape(ordinals.shape)


def _span(df: pd.DataFrame) -> tuple[pd.Timestamp, pd.Timestamp]:
    if DS not in df.columns or not pd.api.types.is_datetime64_any_dtype(df[DS]):
        raise OptionError(
            "Holidays and events need timestamps.",
            column=DS,
            fix="Convert the column with pandas.to_datetime.",
        )
    if df.empty:
        raise OptionError(
            "The table has no rows.", fix="Add rows before adding holidays or events."
        )
    return df[DS].min(), df[DS].max()


def _by_name(
    names: Mapping[object, str], first: pd.Timestamp, last: pd.Timestamp
) -> dict[str, list[str]]:
    """Dates of every holiday that was seen more than once, the commonest first."""
    dates: dict[str, list[str]] = {}
    for day, name in names.items():
        dates.setdefault(name, []).append(str(day))
    within = {
        name: sum(str(first.date()) <= day <= str(last.date()) for day in days)
        for name, days in dates.items()
    }
    often = [name for name, times in within.items() if times >= _FEWEST_TIMES]
    often = sorted(often, key=lambda name: -within[name])[:_MOST_NAMES]
    return {name: dates[name] for name in often if name != HOLIDAY}


def _with(df: pd.DataFrame, events: dict[str, list[str]]) -> pd.DataFrame:
    table, already = df.copy(), df.attrs.get(EVENTS, {})
    twice = [
        name
        for name, dates in events.items()
        if name in df.columns or already.get(name, dates) != dates
    ]
    if twice:
        raise OptionError(
            f"'{twice[0]}' is already an event or a column of the table.",
            value=twice[0],
            fix="Rename the event.",
        )
    table.attrs = {**df.attrs, EVENTS: {**already, **events}}
    return table
