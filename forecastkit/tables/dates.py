"""From text cells to timestamps, by one form for a whole column."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from functools import partial

import numpy as np
import pandas as pd

from forecastkit.errors import OptionError

Parser = Callable[[pd.Series], pd.Series]
_MOST_LOOKED_AT = 60
_LONGEST = 40
_YEAR = r"(1[5-9]|2[01])\d{2}"
# words in the name of a column that holds times
_TIME_WORDS = re.compile(r"date|time|day|month|week|epoch|unix|stamp|\bts\b|\bds\b", re.I)
_MONTH_NAMED = re.compile(r"month|monat|mois|\bmes|date|datum|period", re.I)
_WEEK_NAMED = re.compile(r"week|woche|\bkw|wk", re.I)
_DAY_WORDS = re.compile(r"date|day|datum|fecha|\bdata\b|jour|\btag\b|\bds\b", re.I)
# periods of a year of book-keepers, beyond which numbers are weeks
_MOST_PERIODS = 16
_FIRST_EPOCH, _LAST_EPOCH = 1e8, 4.1e9  # seconds: 1973 to 2099
_FIRST_SERIAL, _LAST_SERIAL = 20_000, 80_000  # days of a spreadsheet: 1954 to 2119
_SPREADSHEET_START = pd.Timestamp("1899-12-30")


def _explicit(form: str, cells: pd.Series) -> pd.Series:
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
    return _explicit("%Y-%m-%d", year + "-" + month.str.zfill(2) + "-01")


def _weeks(cells: pd.Series) -> pd.Series:
    parts = cells.str.extract(r"^(?:(\d{4})[ -]?[Ww](\d{1,2})(?:-1)?|[Ww](\d{1,2})[ -](\d{4}))$")
    year, week = parts[0].fillna(parts[3]), parts[1].fillna(parts[2])
    return _explicit("%G-W%V-%u", year + "-W" + week.str.zfill(2) + "-1")


def _numbered_months(cells: pd.Series) -> pd.Series:
    parts = cells.str.extract(r"^(\d{4})[ -]?[Mm](\d{1,2})$")
    return _explicit("%Y-%m", parts[0] + "-" + parts[1].str.zfill(2))


_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", " %I:%M%p", " %I:%M:%S%p")
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
    "%d%b%Y": "day, month name, year without marks",
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
        "ISO 8601 with changing offsets, local days": _local_days,
        "ISO 8601 with offset, to UTC": _iso_zoned,
    }
    forms["day, month name, year:clock"] = partial(_explicit, "%d%b%Y:%H:%M:%S")
    for clock in _CLOCKS:
        in_words = _clock_in_words(clock)
        for form, name in _DATES.items():
            forms.setdefault(name + in_words, partial(_explicit, form + clock))
            if "%y" in form:  # years of two digits have the same name, and are tried too
                forms[f"{name} of two digits{in_words}"] = partial(_explicit, form + clock)
    for clock in _CLOCKS[3:]:
        forms["ISO 8601" + _clock_in_words(clock)] = partial(_explicit, "%Y-%m-%d" + clock)
    for form, name in _MONTHS.items():
        digits = " of two digits" if "%y" in form else ""
        forms[name + digits] = partial(_explicit, form)
    forms |= {"quarters": _quarters, "ISO weeks, by their Monday": _weeks}
    forms |= {"year and number of the month": _numbered_months}
    return forms


def _clock_in_words(clock: str) -> str:
    names = {"%H": "hour", "%M": "minute", "%S": "second", "%I": "hour", "%p": "AM or PM"}
    for code, name in names.items():
        clock = clock.replace(code, name)
    return clock


FORMS = _forms()
# forms that have twins, which read the same cells with day, month or year swapped
_SLASHED = ("/", "-", ".")
# forms of plain numbers, which could be anything: only their column's name makes them times
NUMERIC_FORMS = frozenset(
    (
        *("whole numbers", "years", "%Y%m", "year and ISO week", "days of a spreadsheet"),
        *(f"{unit} since 1970" for unit in ("seconds", "milliseconds")),
        *(f"{unit} since 1970" for unit in ("microseconds", "nanoseconds")),
    )
)


@dataclass(frozen=True)
class Dates:
    """What a column of timestamps was read as.

    Attributes
    ----------
    ds : Series
        datetime64 or int64; NaT (0 among whole numbers) where a cell is wrong.
    form : str
        The form, in words or as a strptime format.
    wrong : ndarray of bool
        Whether a cell could not be read.
    ambiguous : bool
        Whether day, month and year could be swapped in every row.
    """

    ds: pd.Series
    form: str
    wrong: np.ndarray
    ambiguous: bool = False


def read_dates(
    cells: pd.Series, date_format: str | None = None, name: str | None = None
) -> Dates | None:
    """Read a whole column of timestamps in one form.

    Parameters
    ----------
    cells : Series of str
    date_format : str, optional
        A strptime format; found from the cells when left out.
    name : str, optional
        Of the column: numbers of days or seconds are times only where it says so.

    Returns
    -------
    Dates or None
        None where fewer than half of the cells are timestamps of any one form.

    Examples
    --------
    >>> read_dates(pd.Series(["31/01/2024", "01/02/2024"])).form
    '%d/%m/%Y'
    >>> read_dates(pd.Series(["01/02/2024", "01/03/2024"])).ambiguous
    True
    """
    codes, kinds = pd.factorize(cells.str.strip())
    found = _read_kinds(pd.Series(kinds, dtype="str"), codes, date_format, name)
    if found is None:
        return None
    ds = found.ds.take(codes).set_axis(cells.index)
    return Dates(ds, found.form, found.wrong[codes], found.ambiguous)


def _read_kinds(
    cells: pd.Series, codes: np.ndarray, date_format: str | None, name: str | None
) -> Dates | None:
    """Read the different cells of a column; `codes` says which stands in each row."""
    if date_format is not None:
        return _given(cells, date_format)
    cells, next_day = _without_24(_in_english(cells))
    if next_day.any():
        found = _read_kinds(cells, codes, None, name)
        later = pd.to_timedelta(next_day.astype(int), unit="D")
        whole = found is None or not pd.api.types.is_datetime64_any_dtype(found.ds)
        return None if found is None or whole else replace(found, ds=found.ds + later)
    sample = cells.iloc[codes[:: max(1, len(codes) // _MOST_LOOKED_AT)]].reset_index(drop=True)
    sample = sample[sample != ""]
    if sample.empty:
        return None
    if sample.str.fullmatch(r"-?\d+(\.\d*)?").mean() > 0.5:
        return _numeric_dates(cells, name)
    if sample.map(looks_like_a_date).mean() <= 0.5:
        return None
    best = _best_form(sample)
    if best == "year/month" and _are_fiscal_years(sample):
        return None
    if best is not None:
        ds = FORMS[best](cells)
        return Dates(ds, best, ds.isna().to_numpy())
    return _day_and_month(cells, sample)


def _given(cells: pd.Series, date_format: str) -> Dates:
    try:
        ds = _explicit(date_format, cells)
    except ValueError as error:
        raise OptionError(
            f"date_format '{date_format}' is not a strptime format: {error}.",
            value=date_format,
            fix="Use for instance %d.%m.%Y or %Y-%m-%d %H:%M.",
        ) from error
    return Dates(ds, date_format, ds.isna().to_numpy())


def _best_form(sample: pd.Series) -> str | None:
    """The form that reads most cells; None where none reads more than half of them."""
    best, share = None, 0.5
    for form, parse in FORMS.items():
        read = parse(sample).notna().mean()
        if read > share:
            best, share = form, read
        if share == 1.0:
            break
    return best


def _are_fiscal_years(cells: pd.Series) -> bool:
    """Whether all cells are a year and the next one: 2000/01."""
    parts = cells.str.extract(r"^(\d{4})/(\d{2})$").dropna().astype(int)
    return len(parts) == len(cells) and bool(((parts[0] + 1) % 100 == parts[1]).all())


def _in_english(cells: pd.Series) -> pd.Series:
    """Cells with the names of months, of several languages and in full, as English short ones."""
    if not cells.str.contains(r"[^\W\d_]{3}", regex=True).any():
        return cells
    return cells.map(lambda cell: _WORD.sub(_short_name, cell))


def _short_name(found: re.Match[str]) -> str:
    word = unicodedata.normalize("NFKD", found.group(1).lower())
    plain = "".join(letter for letter in word if letter.isascii() and letter.isalpha())
    return _MONTH_WORDS.get(plain, found.group(0))


def _without_24(cells: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Cells with 24:00 as 00:00, and which of them stand for the next day then."""
    found = cells.str.contains(r"[T ]24:00(?::00)?$", regex=True)
    return cells.str.replace(r"([T ])24:00(?=(:00)?$)", r"\g<1>00:00", regex=True), found


def _day_and_month(cells: pd.Series, sample: pd.Series) -> Dates | None:
    for mark in _SLASHED:
        for clock in _CLOCKS:
            for year in ("%Y", "%y"):
                parts = ["%d{0}%m{0}" + year]
                parts += ["%m{0}%d{0}" + year] if mark != "." else []
                parts += ["%y{0}%m{0}%d"] if year == "%y" else []
                forms = [part.format(mark) + clock for part in parts]
                if max(_explicit(form, sample).notna().mean() for form in forms) <= 0.5:
                    continue
                read = [_explicit(form, cells) for form in forms]
                wrong = [ds.isna().to_numpy() for ds in read]
                counts = [int(one.sum()) for one in wrong]
                best = int(np.argmin(counts))
                twins = [k for k, count in enumerate(counts) if count == counts[best]]
                same = all(read[k].equals(read[best]) for k in twins)
                return Dates(read[best], forms[best], wrong[best], ambiguous=not same)
    return None


def _numeric_dates(cells: pd.Series, name: str | None) -> Dates | None:
    """Numbers: dates, months, years, days or seconds where they say so, else plain steps."""
    months = cells.str.fullmatch(r"(0?[1-9]|1[0-2])\.(1[89]|20|21)\d{2}")
    if months.all() and name is not None and _MONTH_NAMED.search(name):
        return _of_form(cells, "%m.%Y", "month.year")
    whole = cells.str.extract(r"^(-?\d+)(?:\.0*)?$")[0]
    digits = whole.dropna()
    if digits.str.fullmatch(_YEAR + r"\d{4,10}").mean() > 0.5:
        for length, form in ((8, "%Y%m%d"), (14, "%Y%m%d%H%M%S"), (12, "%Y%m%d%H%M")):
            shaped = whole.where(whole.str.len() == length)
            ds = _explicit(form, shaped)
            if ds.notna().sum() > 0.5 * len(cells):
                return Dates(ds, form, ds.isna().to_numpy())
        ds = _explicit("%Y%m%d%H", whole.where(whole.str.len() == 10))
        if ds.notna().all():  # seconds since 1970 would hardly all be such dates
            return Dates(ds, "%Y%m%d%H", ds.isna().to_numpy())
    if len(digits) and digits.str.fullmatch(_YEAR + r"(0[1-9]|[1-4]\d|5[0-3])").mean() > 0.5:
        last = pd.to_numeric(digits.str.slice(4), errors="coerce").fillna(0)
        weeks = last.max() > _MOST_PERIODS or (
            name and re.search(r"week|woche|\bkw|wk", name, re.I)
        )
        if weeks and digits.str.fullmatch(r"\d{4}(0[1-9]|[1-4]\d|5[0-3])").all():
            ds = _weeks(whole.str.slice(0, 4) + "-W" + whole.str.slice(4))
            return Dates(ds, "year and ISO week", ds.isna().to_numpy())
        return _of_form(whole, "%Y%m", "%Y%m")
    if len(digits) and digits.str.fullmatch(_YEAR).mean() > 0.5:
        years = digits.str.fullmatch(_YEAR)
        if years.mean() > 0.9:
            return _of_form(whole, "%Y", "years")
    return _counted(cells, whole, name)


def _of_form(cells: pd.Series, form: str, name: str) -> Dates:
    ds = _explicit(form, cells)
    return Dates(ds, name, ds.isna().to_numpy())


def _counted(cells: pd.Series, whole: pd.Series, name: str | None) -> Dates | None:
    """Seconds since 1970, days of a spreadsheet, or steps without a calendar."""
    numbers = pd.to_numeric(cells, errors="coerce").astype(float)
    some = numbers.dropna()
    named = name is not None and _TIME_WORDS.search(name) is not None
    units = {"seconds": 1, "milliseconds": 1e3, "microseconds": 1e6, "nanoseconds": 1e9}
    for unit, size in units.items():
        within = some.between(_FIRST_EPOCH * size, _LAST_EPOCH * size)
        if within.all() and (named or len(f"{some.iloc[0]:.0f}") > 9):
            return _since_1970(cells, int(1e9 // size), f"{unit} since 1970")
    by_day = name is not None and _DAY_WORDS.search(name) is not None
    if by_day and some.between(_FIRST_SERIAL, _LAST_SERIAL).all():
        seconds = (some * 86_400).round()
        ds = (_SPREADSHEET_START + pd.to_timedelta(seconds, unit="s")).reindex(cells.index)
        return Dates(ds, "days of a spreadsheet", ds.isna().to_numpy())
    steps = whole.where(whole.str.len() <= 10)
    if steps.notna().sum() > 0.5 * len(cells):
        counted = steps.fillna("0").astype("int64")
        return Dates(counted, "whole numbers", steps.isna().to_numpy())
    return None


def _since_1970(cells: pd.Series, nanoseconds: int, form: str) -> Dates:
    """Moments of numbers of so many nanoseconds; fractions count to the millisecond."""
    parts = cells.str.extract(r"^(\d+)(?:\.(\d+))?$")
    whole = parts[0].fillna("0").astype("int64") * nanoseconds
    share = ("0." + parts[1].fillna("0")).astype(float)
    rest = (share * nanoseconds / 1e6).round().astype("int64") * 1_000_000
    ds = pd.to_datetime(whole + rest, unit="ns").where(parts[0].notna())
    return Dates(ds, form, ds.isna().to_numpy())


_CLOCK_FORMS = ("%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p", "%H.%M.%S", "%H.%M")


def read_clock(cells: pd.Series) -> pd.Series | None:
    """Read a column of times of day, as time since midnight; None where it is none.

    Whole numbers from 0 to 23 are hours; from 1 to 24 they count the hours of a day, of which the
    first starts at midnight.

    Examples
    --------
    >>> read_clock(pd.Series(["09:30", "10:00"])).tolist()
    [Timedelta('0 days 09:30:00'), Timedelta('0 days 10:00:00')]
    >>> read_clock(pd.Series(["9", "hello"])) is None
    True
    """
    cells = cells.str.strip()
    if cells.str.fullmatch(r"\d{1,2}").all():
        hours = cells.astype(int)
        first = 1 if hours.min() >= 1 and hours.max() == 24 else 0
        return pd.to_timedelta(hours - first, unit="h") if hours.max() - first <= 23 else None
    for form in _CLOCK_FORMS:
        read = _explicit(form, cells)
        if read.notna().all():
            return read - read.dt.normalize()
    return None


_WORD = re.compile(r"([^\W\d_]{3,10})\.?")
_MONTH_WORDS = {
    name: short
    for short, names in {
        "Jan": "jan january januar janvier janv enero ene gennaio gen",
        "Feb": "feb february februar fevrier fevr febrero febbraio",
        "Mar": "mar march marz maerz mrz mars marzo",
        "Apr": "apr april avril avr abril abr aprile",
        "May": "may mai mayo maggio mag",
        "Jun": "jun june juni juin junio giugno giu",
        "Jul": "jul july juli juillet juil julio luglio lug",
        "Aug": "aug august aout agosto ago",
        "Sep": "sep sept september septembre septiembre settembre set",
        "Oct": "oct october oktober okt octobre octubre ottobre ott",
        "Nov": "nov november novembre noviembre",
        "Dec": "dec december dezember dez decembre diciembre dic dicembre",
    }.items()
    for name in names.split()
}
_MONTH_NAMES = r"(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
_DATE_LIKE = re.compile(
    rf"(?:\w{{2,9}},? )?(?:\d{{1,4}}[-/.]\d{{1,2}}[-/.]\d{{1,4}}"  # three numbers, or two
    rf"|\d{{4}}[-/]\d{{1,2}}|\d{{1,2}}[-/]\d{{4}}"
    rf"|\d{{1,4}}[-/. ]{{1,2}}{_MONTH_NAMES}(?:[-/ ]\d{{1,4}})?"
    rf"|{_MONTH_NAMES}\.?[-/ ]\d{{1,4}}(?:,? \d{{2,4}})?"
    rf"|\d{{2}}{_MONTH_NAMES}\d{{4}}|\d{{4}}-\d{{3}}"
    rf"|\d{{4}}[ :-]?(?:[QqWwMm]\d{{1,2}})(?:-\d)?|[QqWw]\d{{1,2}}[ /-]?\d{{4}})"
    rf"(?:[T ,:]+\d{{1,2}}:?\d{{2}}.*)?"
)


def looks_like_a_date(cell: str) -> bool:
    """Whether a cell is shaped like a timestamp that is more than a number.

    Examples
    --------
    >>> [looks_like_a_date(cell) for cell in ("2024-01-31", "Jan 2024", "2019Q1", "12", "north")]
    [True, True, True, False, False]
    """
    cell = cell.strip()
    if len(cell) > _LONGEST or not any(letter.isdigit() for letter in cell):
        return False
    return _DATE_LIKE.fullmatch(_WORD.sub(_short_name, cell)) is not None
