"""Which column of a file is the time, or which columns together: by name, by cells."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from forecastkit.errors import DataError, located, shell_word
from forecastkit.reading.cells import Cells
from forecastkit.reading.counts import NUMERIC_FORMS
from forecastkit.reading.dates import Dates, read_clock, read_dates
from forecastkit.reading.months import looks_like_a_date
from forecastkit.reading.names import LAST, TIME_NAMES, by_rank, rank
from forecastkit.reading.numbers import is_numeric

# cells that are looked at before a column is read as timestamps
_LOOKED_AT = 20
_FROM = re.compile(r"von|from|start|begin|anfang|debut|desde", re.IGNORECASE)
_TO = re.compile(r"bis|to$|end|until|fin|hasta", re.IGNORECASE)
_DAY_NUMBER = re.compile(r"(1[5-9]|2[01])\d{6}(\d{2}){0,3}(\.0*)?")
_CLOCK_NAMES = ("time", "hour", "hr", "clock", "time_of_day", "hour_of_day", "uhrzeit", "zeit")
# columns that together are a date, and the form of their cells side by side
_PARTS = (
    (("year", "month", "day"), "%Y-%m-%d"),
    (("year", "month"), "%Y-%m"),
    (("year", "quarter"), None),
    (("year", "week"), "%G-%V-%u"),
)
_PART_NAMES = {
    "year": ("year", "yr", "yyyy", "jahr"),
    "month": ("month", "mon", "mo", "mm", "mnth", "monat", "period"),
    "day": ("day", "dd", "mday", "tag"),
    "quarter": ("quarter", "qtr", "q", "quartal"),
    "week": ("week", "wk", "iso_week", "kw"),
}


@dataclass(frozen=True)
class Wanted:
    """What the user says of the columns; what is left out is found from the file."""

    time: str | None = None
    ids: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    date_format: str | None = None
    na_values: tuple[str, ...] = ()
    covariates: tuple[str, ...] = ()


def dates_of(cells: Cells, name: str, date_format: str | None = None) -> Dates | None:
    """Read a column of a file as timestamps; see `read_dates`."""
    if name in cells.moments:
        ds = cells.moments[name]
        return Dates(ds, "native timestamps", ds.isna().to_numpy())
    return read_dates(cells.table[name], date_format, name)


def find_time(
    cells: Cells, wanted: Wanted, reasons: dict[str, str]
) -> tuple[str | None, Dates | None]:
    """Find the column of timestamps, and read it; `reasons["time"]` says why it is that one.

    Raises
    ------
    DataError
        If a column that must be the time cannot be read, several could be, or none is and the
        file does not hold numbers alone.
    """
    if wanted.time is not None:
        dates = dates_of(cells, wanted.time, wanted.date_format)
        if dates is None:
            raise _no_timestamp(cells, wanted.time)
        return wanted.time, dates
    taken = (*wanted.ids, *wanted.targets, *wanted.covariates)
    others = [name for name in cells.columns if name not in taken]
    named = sorted((n for n in others if rank(n, TIME_NAMES) < LAST), key=by_rank(TIME_NAMES))
    good = _times(cells, others, named, wanted.date_format)
    # plain numbers could be anything; only their name makes them a time
    shown = [name for name, dates in good.items() if dates.form not in NUMERIC_FORMS]
    for name in [*(n for n in named if n in shown), *(n for n in named if n in good)]:
        reasons["time"] = "by name and content"
        return name, good[name]
    if len(shown) == 2 and _FROM.search(shown[0]) and _TO.search(shown[1]):
        reasons["time"] = f"by content: start of the periods that end at '{shown[1]}'"
        return shown[0], good[shown[0]]
    why = "by content"
    if not shown:
        shown = [name for name in others if name not in named and _counts_time(cells, name)]
        why = "by content: consecutive years or months"
    if len(shown) > 1:
        raise DataError(
            f"Several columns could be the time column: {', '.join(shown)}.",
            file=cells.file,
            fix=f"Choose one with time_col (--time), for instance --time {shell_word(shown[0])}.",
        )
    if shown:
        reasons["time"] = why
        return shown[0], good[shown[0]] if shown[0] in good else dates_of(cells, shown[0])
    _check_timeless(cells, others, named, wanted)
    reasons["time"] = "no column contains timestamps, so the rows are numbered 1, 2, 3, ..."
    return None, None


def _times(
    cells: Cells, others: list[str], named: list[str], date_format: str | None
) -> dict[str, Dates]:
    """Columns that can be read as timestamps; one moment throughout only where all are so."""
    read = {
        name: dates_of(cells, name, date_format)
        for name in others
        if name in named or name in cells.moments or _may_be_time(cells.table[name])
    }
    good = {n: one for n, one in read.items() if one is not None and one.wrong.mean() <= 0.5}
    changing = {name: dates for name, dates in good.items() if dates.ds.nunique() > 1}
    return changing or good


def _check_timeless(cells: Cells, others: list[str], named: list[str], wanted: Wanted) -> None:
    """Raise unless a file without timestamps holds nothing but numbers."""
    clock_less = [name for name in named if read_clock(cells.table[name].head(50)) is None]
    if clock_less:  # a column is called date, and cannot be read: better said than passed over
        raise _no_timestamp(cells, clock_less[0])
    texts = [name for name in others if not is_numeric(cells.table[name], wanted.na_values, 0.5)]
    if len(texts) == len(cells.columns):
        raise no_numbers(cells, ())
    if texts:
        raise DataError(
            f"No column contains timestamps; the file has: {', '.join(cells.columns)}.",
            file=cells.file,
            fix="Set the time column with time_col (--time) and its format with date_format "
            "(--date-format), or number the rows of each series 1, 2, 3, ... in a column 'step'.",
        )


def _counts_time(cells: Cells, name: str) -> bool:
    """Whether a column of numbers holds years or months, nearly all from the first to the last."""
    head = cells.table[name].iloc[:_LOOKED_AT]
    if not head.str.fullmatch(r"\s*(1[5-9]|2[01])\d{2}(\d{2})?(\.0*)?\s*").all():
        return False
    dates = dates_of(cells, name)
    if dates is None or dates.wrong.any() or dates.form not in ("years", "%Y%m"):
        return False
    months = dates.ds.dt.year * 12 + dates.ds.dt.month
    kinds = np.sort(months.unique())
    step = 12 if dates.form == "years" else 1
    return len(kinds) > 1 and (kinds[-1] - kinds[0]) / step + 1 <= 1.25 * len(kinds)


def _may_be_time(column: pd.Series) -> bool:
    """Whether some of the cells are shaped like timestamps, or like days written as numbers."""
    some = column.iloc[:: max(1, len(column) // _LOOKED_AT)]
    return any(looks_like_a_date(cell) or _DAY_NUMBER.fullmatch(cell.strip()) for cell in some)


def _no_timestamp(cells: Cells, name: str) -> DataError:
    column = cells.table[name]
    filled = np.flatnonzero((column.str.strip() != "").to_numpy())
    at = int(filled[0]) if len(filled) else 0
    value = str(column.iloc[at])
    return DataError(
        f"'{value}' is not a timestamp in a known format.",
        file=cells.file,
        row=int(cells.lines[at]),
        column=name,
        value=value,
        fix="Set its format with date_format (--date-format), for instance %d.%m.%Y.",
    )


def with_parts(
    cells: Cells, wanted: Wanted, time: str, dates: Dates, reasons: dict[str, str]
) -> tuple[Dates, tuple[str, ...]]:
    """Put together a time that stands in several columns."""
    taken = (*wanted.ids, *wanted.targets, *wanted.covariates)
    others = [name for name in cells.columns if name != time and name not in taken]
    if wanted.time is None or dates.form in ("years", "whole numbers"):
        found = _of_parts(cells, [time, *others], time)
        if found is not None:
            read, parts = found
            reasons["time"] = f"date combined with {' and '.join(repr(part) for part in parts)}"
            return read, parts
    moments = pd.api.types.is_datetime64_any_dtype(dates.ds)
    if not moments or not (dates.ds.dropna() == dates.ds.dropna().dt.normalize()).all():
        return dates, ()
    if not dates.ds.duplicated().any():
        return dates, ()
    for name in others:
        column = cells.table[name]
        if rank(name, _CLOCK_NAMES) == LAST and not column.head(20).str.contains(":").all():
            continue
        clock = read_clock(column)
        if clock is None or clock.nunique() < 2:
            continue
        why = reasons.get("time", "as specified")
        counted = " (hour 1 starts at midnight)" if (column.str.strip() == "24").any() else ""
        reasons["time"] = f"{why}; time of day from column '{name}'{counted}"
        return replace(dates, ds=dates.ds + clock, form=f"{dates.form} plus time of day"), (name,)
    return dates, ()


def _of_parts(
    cells: Cells, names: Sequence[str], time: str
) -> tuple[Dates, tuple[str, ...]] | None:
    """Dates whose year, month, day, quarter or week stand in columns of their own."""
    place = {
        part: next((n for n in names if rank(n, known) < LAST), None)
        for part, known in _PART_NAMES.items()
    }
    for parts, form in _PARTS:
        columns = [str(place[part]) for part in parts]
        if "None" in columns or time not in columns:
            continue
        text = [cells.table[name].str.strip() for name in columns]
        read = _side_by_side(text, form, columns)
        if read is None or read.wrong.mean() > 0.5:
            continue
        if read.wrong.any():
            rows, last = np.flatnonzero(read.wrong), columns[-1]
            raise located(
                [cells.finding(int(row), last) for row in rows[:3]],
                f"'{text[-1].iloc[rows[0]]}' is not a valid {parts[-1]} of {text[0].iloc[rows[0]]}",
                file=cells.file,
                count=len(rows),
                fix="Correct the cell or delete the row.",
            )
        return read, tuple(name for name in columns if name != time)
    return None


def _side_by_side(text: list[pd.Series], form: str | None, columns: list[str]) -> Dates | None:
    """Read the cells of several columns as one date; the first are years."""
    year, *others = (one.str.replace(r"\.0*$", "", regex=True) for one in text)
    coded = rank(columns[1], ("period",)) < LAST  # M01 to M12, as statistical offices write them
    if not year.str.fullmatch(r"(1[5-9]|2[01])\d{2}").all():
        return None
    if coded and not others[0].str.fullmatch(r"M\d{2}").all():
        return None
    if form is None:
        return read_dates(year + "Q" + others[0].str.removeprefix("Q"))
    if "%V" in form:
        return read_dates(year + "-W" + others[0].str.removeprefix("W").str.zfill(2))
    others[0] = others[0].str.removeprefix("M") if coded else others[0]
    joined = year
    for one in others:
        joined = joined + "-" + one
    return read_dates(joined, form.replace("%m", "%b") if others[0].str.isalpha().all() else form)


def no_numbers(cells: Cells, ids: tuple[str, ...]) -> DataError:
    """Say that no column can be the target."""
    others = [name for name in cells.columns if name not in ids]
    return DataError(
        f"There is no numeric column to forecast; the file has: {', '.join(cells.columns)}.",
        file=cells.file,
        row=int(cells.lines[0]),
        column=others[-1] if others else None,
        value=str(cells.table.iloc[0, -1]),
        fix="Choose the target with target_col (--target), and set its number format with decimal "
        "and thousands (--decimal, --thousands).",
    )
