"""Public holidays of a country, and custom events, as future covariates.

A model stores their dates, so that its forecasts do not depend on the version of the holidays
package.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd

from forecastkit.errors import DataError, OptionError
from forecastkit.tables.frame import DS
from forecastkit.tables.index import TimeIndex

HOLIDAY = "public holiday"
# number of years after the end of the data for which holidays are stored
_YEARS_AHEAD = 10
# maximum number of holidays with an effect of their own, and minimum occurrences of each
_MAX_NAMES, _MIN_OCCURRENCES = 25, 2

Events = dict[str, list[str]]  # name of an event to its dates in ISO 8601


def holiday_events(df: pd.DataFrame, country: str, lead: int = 1, lag: int = 1) -> Events:
    """Public holidays of a country or region from the start of a table to ten years after its end.

    Parameters
    ----------
    df : DataFrame
        A series table with timestamps.
    country : str
        ISO 3166 code of a country or region: US, US-CA, DE-BY.
    lead, lag : int
        Number of days before and after each holiday that are events of their own.

    Returns
    -------
    dict of str to list of str
        Dates in ISO 8601 of all holidays together, of the days around them, and of each holiday
        that occurs at least twice in the table.

    Raises
    ------
    OptionError
        If the country or region is unknown, or the table has no timestamps.

    Examples
    --------
    >>> days = pd.date_range("2022-01-01", "2023-12-31")
    >>> table = pd.DataFrame({"unique_id": "a", "ds": days, "y": 1.0})
    >>> events = holiday_events(table, "DE-BY")
    >>> events["public holiday"][:2], "Easter Monday" in events
    (['2022-01-01', '2022-01-06'], True)
    """
    import holidays

    check_timestamps(df, "Holidays and events")
    first, last = df[DS].min(), df[DS].max()
    code, _, region = str(country).upper().partition("-")
    years = range(first.year, last.year + _YEARS_AHEAD + 1)
    try:
        calendar = holidays.country_holidays(
            code, subdiv=region or None, years=years, language="en_US"
        )
    except (NotImplementedError, KeyError) as error:
        raise OptionError(
            f"There is no holiday calendar for '{country}'.",
            value=country,
            fix="Use an ISO 3166 code such as US, FR or DE-BY.",
        ) from error
    dates = sorted(calendar)
    events = {HOLIDAY: [date.isoformat() for date in dates]}
    for offset in [-k for k in range(1, lead + 1)] + list(range(1, lag + 1)):
        side = "before" if offset < 0 else "after"
        shifted = [pd.Timestamp(date) + pd.Timedelta(days=offset) for date in dates]
        name = f"{abs(offset)} day{'s' if abs(offset) > 1 else ''} {side} a {HOLIDAY}"
        events[name] = [day.date().isoformat() for day in shifted if day.date() not in calendar]
    return events | _recurring_holidays({date: str(calendar[date]) for date in dates}, first, last)


def listed_events(events: pd.DataFrame, file: str | None = None) -> Events:
    """Dates of each event, from a table with the columns `date` and `event`.

    Parameters
    ----------
    events : DataFrame
        One row per event and date, past and future, with dates in ISO 8601.
    file : str, optional
        Name of the file for error messages; the index of the table then holds its row numbers.

    Raises
    ------
    DataError
        If a column is missing, or a row lacks a valid date or the name of an event.

    Examples
    --------
    >>> listed_events(pd.DataFrame({"date": ["2022-05-06", "2023-05-05"], "event": "fair"}))
    {'fair': ['2022-05-06', '2023-05-05']}
    """
    missing = [name for name in ("date", "event") if name not in events.columns]
    if missing:
        raise DataError(
            f"The events table has no column '{missing[0]}'; it has: "
            f"{', '.join(map(str, events.columns))}.",
            file=file,
            column=missing[0],
            fix="Name the columns date and event.",
        )
    text = events["date"].astype(str).str.strip().str[:10]  # without a time of day
    dates = pd.to_datetime(text, errors="coerce", format="%Y-%m-%d")
    no_name = events["event"].isna() | events["event"].astype(str).str.strip().eq("")
    invalid = dates.isna() | no_name
    if invalid.any():
        row, n = events.index[invalid.to_numpy()][0], int(invalid.sum())
        raise DataError(
            f"'{events['date'][row]}, {events['event'][row]}' is not a valid date and event "
            f"({n} such row{'s' * (n > 1)}).",
            file=file,
            row=int(row) if file else None,
            column="date",
            value=str(events["date"][row]),
            fix="Write the date as 2024-12-31, and a name for the event.",
        )
    iso_dates = dates.dt.strftime("%Y-%m-%d")
    by_name = iso_dates.groupby(events["event"].astype(str).str.strip())
    return {str(name): sorted(set(group)) for name, group in by_name}


def merged_events(sources: Sequence[Mapping[str, list[str]]], columns: Collection[str]) -> Events:
    """Merge events of several sources.

    Parameters
    ----------
    sources : sequence of mapping of str to list of str
        Dates of each event, by name.
    columns : collection of str
        Columns of the series table.

    Raises
    ------
    OptionError
        If an event has the name of a column or of an event with other dates.

    Examples
    --------
    >>> merged_events([{"fair": ["2024-05-03"]}, {"strike": ["2024-06-07"]}], ["y"])
    {'fair': ['2024-05-03'], 'strike': ['2024-06-07']}
    """
    events: Events = {}
    for source in sources:
        for name, dates in source.items():
            if name in columns or events.get(name, dates) != dates:
                raise OptionError(
                    f"'{name}' is already an event or a column of the table.",
                    value=name,
                    fix="Rename the event.",
                )
        events |= source
    return events


def check_timestamps(df: pd.DataFrame, what: str) -> None:
    """Raise `OptionError` if a table has no timestamps; `what` is the subject of the message."""
    if DS not in df.columns or not pd.api.types.is_datetime64_any_dtype(df[DS]):
        raise OptionError(
            f"{what} need timestamps.",
            column=DS,
            fix="Convert the column with pandas.to_datetime.",
        )
    if df.empty:
        raise OptionError(
            "The table has no rows.", fix="Add rows before adding holidays or events."
        )


def count_events(index: TimeIndex, ordinals: np.ndarray, dates: Sequence[str]) -> np.ndarray:
    """Number of dates in each period, with the shape of `ordinals`.

    A period shorter than a day counts as the whole day in which it starts.
    """
    sorted_dates = np.sort(np.array(dates, "datetime64[D]"))
    start = _start_dates(index, ordinals)
    stop = np.maximum(_start_dates(index, ordinals + 1), start + np.timedelta64(1, "D"))
    counts = np.searchsorted(sorted_dates, stop.ravel())
    counts = counts - np.searchsorted(sorted_dates, start.ravel())
    return counts.reshape(ordinals.shape).astype(float)


def _start_dates(index: TimeIndex, ordinals: np.ndarray) -> np.ndarray:
    timestamps = index.timestamps(ordinals.ravel()).dt.tz_localize(None)
    return timestamps.to_numpy("datetime64[D]").reshape(ordinals.shape)


def _recurring_holidays(
    names: Mapping[object, str], first: pd.Timestamp, last: pd.Timestamp
) -> dict[str, list[str]]:
    """Dates of each holiday that occurs at least twice in the data, most frequent first."""
    dates_of: dict[str, list[str]] = {}
    for date, name in names.items():
        dates_of.setdefault(name, []).append(str(date))
    counts = {
        name: sum(str(first.date()) <= date <= str(last.date()) for date in dates)
        for name, dates in dates_of.items()
    }
    recurring = [name for name, count in counts.items() if count >= _MIN_OCCURRENCES]
    recurring = sorted(recurring, key=lambda name: -counts[name])[:_MAX_NAMES]
    return {name: dates_of[name] for name in recurring if name != HOLIDAY}
