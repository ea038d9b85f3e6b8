"""Public holidays of a country, and custom events.

They become covariates that are known in advance. Their dates are stored in the model, so that a
forecast does not change with the version of the holidays package.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd

from forecastkit.errors import DataError, OptionError
from forecastkit.tables.frame import DS
from forecastkit.tables.index import TimeIndex

HOLIDAY = "public holiday"
# years after the data for which holidays are stored
_YEARS_AHEAD = 10
# maximum holidays with an effect of their own, and minimum occurrences in the data of each
_MAX_NAMES, _MIN_OCCURRENCES = 25, 2

Events = dict[str, list[str]]  # days in ISO 8601 by name


def holiday_events(df: pd.DataFrame, country: str, lead: int = 1, lag: int = 1) -> Events:
    """Public holidays of a country or region over the span of a table and ten years after it.

    Parameters
    ----------
    df : DataFrame
        A series table with timestamps.
    country : str
        ISO 3166 code, with or without a region: US, US-CA, DE-BY.
    lead, lag : int
        Number of days before and after each holiday that are separate events.

    Returns
    -------
    dict of str to list of str
        Days in ISO 8601 of all holidays, of the days around them, and of every holiday that occurs
        at least twice in the table.

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
    days = sorted(calendar)
    events = {HOLIDAY: [day.isoformat() for day in days]}
    for shift in [-k for k in range(1, lead + 1)] + list(range(1, lag + 1)):
        side = "before" if shift < 0 else "after"
        moved = [pd.Timestamp(day) + pd.Timedelta(days=shift) for day in days]
        name = f"{abs(shift)} day{'s' if abs(shift) > 1 else ''} {side} a {HOLIDAY}"
        events[name] = [day.date().isoformat() for day in moved if day.date() not in calendar]
    return events | _by_name({day: str(calendar[day]) for day in days}, first, last)


def listed_events(events: pd.DataFrame, file: str | None = None) -> Events:
    """Days by name, from a table with the columns `date` and `event`.

    Parameters
    ----------
    events : DataFrame
        One row per day of an event, past and future, with ISO 8601 dates.
    file : str, optional
        Name of the file for messages; the index of the table then holds its row numbers.

    Raises
    ------
    DataError
        If a column is missing, or a row has no valid date or no event; the row is reported.

    Examples
    --------
    >>> listed_events(pd.DataFrame({"date": ["2022-05-06", "2023-05-05"], "event": "fair"}))
    {'fair': ['2022-05-06', '2023-05-05']}
    """
    absent = [name for name in ("date", "event") if name not in events.columns]
    if absent:
        raise DataError(
            f"The events table has no column '{absent[0]}'; it has: "
            f"{', '.join(map(str, events.columns))}.",
            file=file,
            column=absent[0],
            fix="Name the columns date and event.",
        )
    text = events["date"].astype(str).str.strip().str[:10]  # the day of a timestamp
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
    return {str(name): sorted(set(one)) for name, one in by_name}


def merged_events(several: Sequence[Mapping[str, list[str]]], columns: Collection[str]) -> Events:
    """Join events; raise `OptionError` if one has the name of a column or of a different event.

    Examples
    --------
    >>> merged_events([{"fair": ["2024-05-03"]}, {"strike": ["2024-06-07"]}], ["y"])
    {'fair': ['2024-05-03'], 'strike': ['2024-06-07']}
    """
    events: Events = {}
    for one in several:
        for name, dates in one.items():
            if name in columns or events.get(name, dates) != dates:
                raise OptionError(
                    f"'{name}' is already an event or a column of the table.",
                    value=name,
                    fix="Rename the event.",
                )
        events |= one
    return events


def check_timestamps(df: pd.DataFrame, what: str) -> None:
    """Raise `OptionError` if a table has no timestamps, which `what` needs."""
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


def _by_name(
    names: Mapping[object, str], first: pd.Timestamp, last: pd.Timestamp
) -> dict[str, list[str]]:
    """Dates of every holiday that occurs at least twice, the most frequent first."""
    dates: dict[str, list[str]] = {}
    for day, name in names.items():
        dates.setdefault(name, []).append(str(day))
    within = {
        name: sum(str(first.date()) <= day <= str(last.date()) for day in days)
        for name, days in dates.items()
    }
    often = [name for name, times in within.items() if times >= _MIN_OCCURRENCES]
    often = sorted(often, key=lambda name: -within[name])[:_MAX_NAMES]
    return {name: dates[name] for name in often if name != HOLIDAY}
