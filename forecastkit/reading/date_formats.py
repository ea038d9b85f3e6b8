"""Date formats, and their parsers for whole columns."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial

import pandas as pd

Parser = Callable[[pd.Series], pd.Series]


def parse_format(date_format: str, cells: pd.Series) -> pd.Series:
    """Parse cells with a strptime format; NaT where a cell does not match."""
    timestamps = pd.to_datetime(cells, format=date_format, errors="coerce", utc="%z" in date_format)
    if "%y" in date_format:  # two-digit years lie in the last hundred years
        in_future = timestamps.dt.year > date.today().year + 1
        timestamps = timestamps.where(~in_future, timestamps - pd.DateOffset(years=100))
    return timestamps


def _parse_iso(cells: pd.Series) -> pd.Series:
    matches = cells.str.fullmatch(r"\d{4}-\d{2}(-\d{2}([ T]\d{2}(:?\d{2}){0,2}([.,]\d+)?)?)?")
    return pd.to_datetime(cells.where(matches), format="ISO8601", errors="coerce")


def _parse_iso_with_offset(cells: pd.Series) -> pd.Series:
    matches = cells.str.fullmatch(
        r"\d{4}-\d{2}-\d{2}[ T]\d{2}:?\d{2}[\d:.,]* ?(Z|UTC|GMT|[+-]\d{2}(:?\d{2})?)"
    )
    normalized = cells.where(matches).str.replace(r" ?(UTC|GMT)$", "Z", regex=True)
    normalized = normalized.str.replace(" (?=[+-])", "", regex=True)
    return pd.to_datetime(normalized, format="ISO8601", errors="coerce", utc=True)


def _parse_local_dates(cells: pd.Series) -> pd.Series:
    """Parse daily timestamps whose UTC offset changes as local dates."""
    timestamps = _parse_iso_with_offset(cells)
    offsets = cells[timestamps.notna()].str.extract(r"([+-]\d{2}:?\d{0,2})$")[0]
    local_text = cells.str.replace(r" ?(Z|UTC|GMT|[+-]\d{2}(:?\d{2})?)$", "", regex=True)
    local = pd.to_datetime(local_text.where(timestamps.notna()), format="ISO8601", errors="coerce")
    times_of_day = (local - local.dt.normalize()).dropna()
    is_daily = offsets.nunique() > 1 and times_of_day.nunique() == 1 and local.dropna().is_unique
    return local if is_daily else pd.Series(pd.NaT, index=cells.index)


def _parse_quarters(cells: pd.Series) -> pd.Series:
    parts = cells.str.extract(r"^(?:(\d{4})[ :-]?[Qq]([1-4])|[Qq]([1-4])[ /-]?(\d{4}))$")
    year, quarter = parts[0].fillna(parts[3]), parts[1].fillna(parts[2])
    month = ((pd.to_numeric(quarter) - 1) * 3 + 1).astype("Int64").astype("string")
    return parse_format("%Y-%m-%d", year + "-" + month.str.zfill(2) + "-01")


def parse_weeks(cells: pd.Series) -> pd.Series:
    """Parse ISO weeks (2019-W05) as their Mondays."""
    parts = cells.str.extract(r"^(?:(\d{4})[ -]?[Ww](\d{1,2})(?:-1)?|[Ww](\d{1,2})[ -](\d{4}))$")
    year, week = parts[0].fillna(parts[3]), parts[1].fillna(parts[2])
    return parse_format("%G-W%V-%u", year + "-W" + week.str.zfill(2) + "-1")


def _parse_numbered_months(cells: pd.Series) -> pd.Series:
    parts = cells.str.extract(r"^(\d{4})[ -]?[Mm](\d{1,2})$")
    return parse_format("%Y-%m", parts[0] + "-" + parts[1].str.zfill(2))


CLOCK_FORMATS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", " %I:%M%p", " %I:%M:%S%p")
# unambiguous date formats, each combined with all times of day
_DAY_FORMATS = {
    "%Y/%m/%d": "year/month/day",
    "%Y.%m.%d": "year.month.day",
    "%d.%m.%Y": "day.month.year",
    "%d-%b-%Y": "day-month name-year",
    "%d-%b-%y": "day-month name-year",
    "%d/%b/%Y": "day/month name/year",
    "%d %b %Y": "day month name year",
    "%d. %b %Y": "day. month name year",
    "%d%b%Y": "day, month name, year without separators",
    "%b %d, %Y": "month name day, year",
    "%b %d %Y": "month name day year",
    "%Y-%b-%d": "year-month name-day",
    "%a, %d %b %Y": "weekday, day month name year",
    "%a %d %b %Y": "weekday day month name year",
    "%A, %b %d, %Y": "weekday, month name day, year",
}
_MONTH_FORMATS = {
    "%Y-%b": "year-month name",
    "%Y %b": "year month name",
    "%b %Y": "month name year",
    "%b-%Y": "month name-year",
    "%b/%Y": "month name/year",
    "%b-%y": "month name-year",
    "%b %y": "month name year",
    "%Y-%m": "year-month",
    "%Y-%j": "year-day of the year",
    "%m/%Y": "month/year",
    "%Y/%m": "year/month",
    "%m-%Y": "month-year",
}


def _parsers() -> dict[str, Parser]:
    """Parsers of the unambiguous formats, in the order in which they are tried."""
    parsers: dict[str, Parser] = {
        "ISO 8601": _parse_iso,
        "ISO 8601 with changing offsets, read as local dates": _parse_local_dates,
        "ISO 8601 with offset, converted to UTC": _parse_iso_with_offset,
    }
    parsers["day, month name, year:clock"] = partial(parse_format, "%d%b%Y:%H:%M:%S")
    for clock in CLOCK_FORMATS:
        suffix = _describe_clock(clock)
        for date_format, name in _DAY_FORMATS.items():
            parsers.setdefault(name + suffix, partial(parse_format, date_format + clock))
            if "%y" in date_format:  # the four-digit format has the same name
                parsers[f"{name} of two digits{suffix}"] = partial(
                    parse_format, date_format + clock
                )
    for clock in CLOCK_FORMATS[3:]:
        parsers["ISO 8601" + _describe_clock(clock)] = partial(parse_format, "%Y-%m-%d" + clock)
    for date_format, name in _MONTH_FORMATS.items():
        suffix = " of two digits" if "%y" in date_format else ""
        parsers[name + suffix] = partial(parse_format, date_format)
    parsers |= {"quarters": _parse_quarters, "ISO weeks, dated by their Monday": parse_weeks}
    parsers |= {"year and month number": _parse_numbered_months}
    return parsers


def _describe_clock(clock: str) -> str:
    names = {"%H": "hour", "%M": "minute", "%S": "second", "%I": "hour", "%p": "AM or PM"}
    for code, name in names.items():
        clock = clock.replace(code, name)
    return clock


DATE_FORMATS = _parsers()
# separators of dates in which day, month and year could be swapped
AMBIGUOUS_SEPARATORS = ("/", "-", ".")
