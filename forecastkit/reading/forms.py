"""Forms of timestamps, each of which a whole column is read in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial

import pandas as pd

Parser = Callable[[pd.Series], pd.Series]


def explicit(form: str, cells: pd.Series) -> pd.Series:
    """Read cells by a strptime format; NaT where one does not fit. See `FORMS`."""
    found = pd.to_datetime(cells, format=form, errors="coerce", utc="%z" in form)
    if "%y" in form:  # of the hundred years, those up to now
        late = found.dt.year > date.today().year + 1
        found = found.where(~late, found - pd.DateOffset(years=100))
    return found


def _iso(cells: pd.Series) -> pd.Series:
    shaped = cells.str.fullmatch(r"\d{4}-\d{2}(-\d{2}([ T]\d{2}(:?\d{2}){0,2}([.,]\d+)?)?)?")
    return pd.to_datetime(cells.where(shaped), format="ISO8601", errors="coerce")


def _iso_zoned(cells: pd.Series) -> pd.Series:
    shaped = cells.str.fullmatch(
        r"\d{4}-\d{2}-\d{2}[ T]\d{2}:?\d{2}[\d:.,]* ?(Z|UTC|GMT|[+-]\d{2}(:?\d{2})?)"
    )
    plain = cells.where(shaped).str.replace(r" ?(UTC|GMT)$", "Z", regex=True)
    plain = plain.str.replace(" (?=[+-])", "", regex=True)
    return pd.to_datetime(plain, format="ISO8601", errors="coerce", utc=True)


def _local_days(cells: pd.Series) -> pd.Series:
    """Timestamps of one time of day whose offsets change, as the clock on the wall shows them."""
    moments = _iso_zoned(cells)
    offsets = cells[moments.notna()].str.extract(r"([+-]\d{2}:?\d{0,2})$")[0]
    local = cells.str.replace(r" ?(Z|UTC|GMT|[+-]\d{2}(:?\d{2})?)$", "", regex=True)
    clock = pd.to_datetime(local.where(moments.notna()), format="ISO8601", errors="coerce")
    times = (clock - clock.dt.normalize()).dropna()
    days = offsets.nunique() > 1 and times.nunique() == 1 and clock.dropna().is_unique
    return clock if days else pd.Series(pd.NaT, index=cells.index)


def _quarters(cells: pd.Series) -> pd.Series:
    parts = cells.str.extract(r"^(?:(\d{4})[ :-]?[Qq]([1-4])|[Qq]([1-4])[ /-]?(\d{4}))$")
    year, quarter = parts[0].fillna(parts[3]), parts[1].fillna(parts[2])
    month = ((pd.to_numeric(quarter) - 1) * 3 + 1).astype("Int64").astype("string")
    return explicit("%Y-%m-%d", year + "-" + month.str.zfill(2) + "-01")


def weeks(cells: pd.Series) -> pd.Series:
    """Read ISO weeks (2019-W05) as their Mondays."""
    parts = cells.str.extract(r"^(?:(\d{4})[ -]?[Ww](\d{1,2})(?:-1)?|[Ww](\d{1,2})[ -](\d{4}))$")
    year, week = parts[0].fillna(parts[3]), parts[1].fillna(parts[2])
    return explicit("%G-W%V-%u", year + "-W" + week.str.zfill(2) + "-1")


def _numbered_months(cells: pd.Series) -> pd.Series:
    parts = cells.str.extract(r"^(\d{4})[ -]?[Mm](\d{1,2})$")
    return explicit("%Y-%m", parts[0] + "-" + parts[1].str.zfill(2))


CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", " %I:%M%p", " %I:%M:%S%p")
# dates that no other form reads differently, each with any clock behind it
_DATES = {
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
_MONTHS = {
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


def _forms() -> dict[str, Parser]:
    """Forms that no other form reads differently, in the order in which they are tried."""
    forms: dict[str, Parser] = {
        "ISO 8601": _iso,
        "ISO 8601 with changing offsets, read as local dates": _local_days,
        "ISO 8601 with offset, converted to UTC": _iso_zoned,
    }
    forms["day, month name, year:clock"] = partial(explicit, "%d%b%Y:%H:%M:%S")
    for clock in CLOCKS:
        in_words = _clock_in_words(clock)
        for form, name in _DATES.items():
            forms.setdefault(name + in_words, partial(explicit, form + clock))
            if "%y" in form:  # years of two digits have the same name, and are tried too
                forms[f"{name} of two digits{in_words}"] = partial(explicit, form + clock)
    for clock in CLOCKS[3:]:
        forms["ISO 8601" + _clock_in_words(clock)] = partial(explicit, "%Y-%m-%d" + clock)
    for form, name in _MONTHS.items():
        digits = " of two digits" if "%y" in form else ""
        forms[name + digits] = partial(explicit, form)
    forms |= {"quarters": _quarters, "ISO weeks, dated by their Monday": weeks}
    forms |= {"year and month number": _numbered_months}
    return forms


def _clock_in_words(clock: str) -> str:
    names = {"%H": "hour", "%M": "minute", "%S": "second", "%I": "hour", "%p": "AM or PM"}
    for code, name in names.items():
        clock = clock.replace(code, name)
    return clock


FORMS = _forms()
# forms that have twins, which read the same cells with day, month or year swapped
SLASHED = ("/", "-", ".")
