"""Inference of the time column, or of the columns that form it, by name and content."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from forecastkit.errors import DataError, located, shell_word
from forecastkit.reading.cells import Cells
from forecastkit.reading.column_names import TIME_NAMES, UNLISTED, by_rank, rank
from forecastkit.reading.dates import Dates, read_dates, read_times_of_day
from forecastkit.reading.months import looks_like_date
from forecastkit.reading.numbers import is_numeric
from forecastkit.reading.numeric_timestamps import NUMERIC_FORMATS

# number of cells that are checked before a column is parsed as timestamps
_MAX_SAMPLED = 20
_FROM = re.compile(r"von|from|start|begin|anfang|debut|desde", re.IGNORECASE)
_TO = re.compile(r"bis|to$|end|until|fin|hasta", re.IGNORECASE)
_DAY_NUMBER = re.compile(r"(1[5-9]|2[01])\d{6}(\d{2}){0,3}(\.0*)?")
_CLOCK_NAMES = ("time", "hour", "hr", "clock", "time_of_day", "hour_of_day", "uhrzeit", "zeit")
# columns that together form a date, and the format of their joined cells
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
class ColumnOptions:
    """Column roles, date format and missing-value codes that the user specified."""

    time: str | None = None
    ids: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    date_format: str | None = None
    na_values: tuple[str, ...] = ()
    covariates: tuple[str, ...] = ()


def read_time_column(cells: Cells, name: str, date_format: str | None = None) -> Dates | None:
    """Parse a column as timestamps, unless it has that type already; see `read_dates`."""
    if name in cells.timestamps:
        ds = cells.timestamps[name]
        return Dates(ds, "native timestamps", ds.isna().to_numpy())
    return read_dates(cells.table[name], date_format, name)


def infer_time_column(
    cells: Cells, options: ColumnOptions, reasons: dict[str, str]
) -> tuple[str | None, Dates | None]:
    """Infer and parse the time column; the reason is stored in `reasons["time"]`.

    Raises
    ------
    DataError
        If the specified column cannot be parsed, several columns qualify, or none does although
        the file contains text.
    """
    if options.time is not None:
        dates = read_time_column(cells, options.time, options.date_format)
        if dates is None:
            raise _not_a_timestamp_error(cells, options.time)
        return options.time, dates
    assigned = (*options.ids, *options.targets, *options.covariates)
    candidates = [name for name in cells.columns if name not in assigned]
    named = sorted(
        (name for name in candidates if rank(name, TIME_NAMES) < UNLISTED), key=by_rank(TIME_NAMES)
    )
    parsed = _parse_candidates(cells, candidates, named, options.date_format)
    # plain numbers are timestamps only in a column with a common name
    dated = [name for name, dates in parsed.items() if dates.format not in NUMERIC_FORMATS]
    for name in [
        *(name for name in named if name in dated),
        *(name for name in named if name in parsed),
    ]:
        reasons["time"] = "by name and content"
        return name, parsed[name]
    if len(dated) == 2 and _FROM.search(dated[0]) and _TO.search(dated[1]):
        reasons["time"] = f"by content: start of the periods that end at '{dated[1]}'"
        return dated[0], parsed[dated[0]]
    reason = "by content"
    if not dated:
        dated = [name for name in candidates if name not in named and _is_consecutive(cells, name)]
        reason = "by content: consecutive years or months"
    if len(dated) > 1:
        raise DataError(
            f"Several columns could be the time column: {', '.join(dated)}.",
            file=cells.file,
            fix=f"Choose one with time_col (--time), for instance --time {shell_word(dated[0])}.",
        )
    if dated:
        reasons["time"] = reason
        return dated[0], parsed[dated[0]] if dated[0] in parsed else read_time_column(
            cells, dated[0]
        )
    _check_timeless(cells, candidates, named, options)
    reasons["time"] = "no column contains timestamps, so the rows are numbered 1, 2, 3, ..."
    return None, None


def _parse_candidates(
    cells: Cells, candidates: list[str], named: list[str], date_format: str | None
) -> dict[str, Dates]:
    """Parse the columns of timestamps; constant ones are returned only if all are constant."""
    parsed = {
        name: read_time_column(cells, name, date_format)
        for name in candidates
        if name in named or name in cells.timestamps or _may_be_time(cells.table[name])
    }
    valid = {
        name: dates
        for name, dates in parsed.items()
        if dates is not None and dates.invalid.mean() <= 0.5
    }
    varying = {name: dates for name, dates in valid.items() if dates.ds.nunique() > 1}
    return varying or valid


def _check_timeless(
    cells: Cells, candidates: list[str], named: list[str], options: ColumnOptions
) -> None:
    """Raise `DataError` unless a file without timestamps contains only numbers."""
    unparsed = [name for name in named if read_times_of_day(cells.table[name].head(50)) is None]
    if unparsed:  # a column named as a time column that cannot be parsed is an error
        raise _not_a_timestamp_error(cells, unparsed[0])
    text_columns = [
        name for name in candidates if not is_numeric(cells.table[name], options.na_values, 0.5)
    ]
    if len(text_columns) == len(cells.columns):
        raise no_numeric_column_error(cells, ())
    if text_columns:
        raise DataError(
            f"No column contains timestamps; the file has: {', '.join(cells.columns)}.",
            file=cells.file,
            fix="Set the time column with time_col (--time) and its format with date_format "
            "(--date-format), or number the rows of each series 1, 2, 3, ... in a column 'step'.",
        )


def _is_consecutive(cells: Cells, name: str) -> bool:
    """Whether a numeric column holds nearly all years or months between its first and last."""
    head = cells.table[name].iloc[:_MAX_SAMPLED]
    if not head.str.fullmatch(r"\s*(1[5-9]|2[01])\d{2}(\d{2})?(\.0*)?\s*").all():
        return False
    dates = read_time_column(cells, name)
    if dates is None or dates.invalid.any() or dates.format not in ("years", "%Y%m"):
        return False
    months = dates.ds.dt.year * 12 + dates.ds.dt.month
    unique = np.sort(months.unique())
    step = 12 if dates.format == "years" else 1
    return len(unique) > 1 and (unique[-1] - unique[0]) / step + 1 <= 1.25 * len(unique)


def _may_be_time(column: pd.Series) -> bool:
    """Whether any sampled cell looks like a timestamp, or like a date written as a number."""
    sample = column.iloc[:: max(1, len(column) // _MAX_SAMPLED)]
    return any(looks_like_date(cell) or _DAY_NUMBER.fullmatch(cell.strip()) for cell in sample)


def _not_a_timestamp_error(cells: Cells, name: str) -> DataError:
    column = cells.table[name]
    filled = np.flatnonzero((column.str.strip() != "").to_numpy())
    position = int(filled[0]) if len(filled) else 0
    value = str(column.iloc[position])
    return DataError(
        f"'{value}' is not a timestamp in a known format.",
        file=cells.file,
        row=int(cells.lines[position]),
        column=name,
        value=value,
        fix="Set its format with date_format (--date-format), for instance %d.%m.%Y.",
    )


def combine_date_parts(
    cells: Cells, options: ColumnOptions, time: str, dates: Dates, reasons: dict[str, str]
) -> tuple[Dates, tuple[str, ...]]:
    """Combine a timestamp that is split over several columns."""
    assigned = (*options.ids, *options.targets, *options.covariates)
    candidates = [name for name in cells.columns if name != time and name not in assigned]
    if options.time is None or dates.format in ("years", "whole numbers"):
        combined = _combine_parts(cells, [time, *candidates], time)
        if combined is not None:
            parsed, parts = combined
            reasons["time"] = f"date combined with {' and '.join(repr(part) for part in parts)}"
            return parsed, parts
    is_datetime = pd.api.types.is_datetime64_any_dtype(dates.ds)
    if not is_datetime or not (dates.ds.dropna() == dates.ds.dropna().dt.normalize()).all():
        return dates, ()
    if not dates.ds.duplicated().any():
        return dates, ()
    for name in candidates:
        column = cells.table[name]
        if rank(name, _CLOCK_NAMES) == UNLISTED and not column.head(20).str.contains(":").all():
            continue
        times_of_day = read_times_of_day(column)
        if times_of_day is None or times_of_day.nunique() < 2:
            continue
        reason = reasons.get("time", "as specified")
        remark = " (hour 1 starts at midnight)" if (column.str.strip() == "24").any() else ""
        reasons["time"] = f"{reason}; time of day from column '{name}'{remark}"
        return replace(
            dates, ds=dates.ds + times_of_day, format=f"{dates.format} plus time of day"
        ), (name,)
    return dates, ()


def _combine_parts(
    cells: Cells, names: Sequence[str], time: str
) -> tuple[Dates, tuple[str, ...]] | None:
    """Parse dates whose year, month, day, quarter or week are separate columns."""
    column_of = {
        part: next((name for name in names if rank(name, common_names) < UNLISTED), None)
        for part, common_names in _PART_NAMES.items()
    }
    for parts, date_format in _PARTS:
        columns = [str(column_of[part]) for part in parts]
        if "None" in columns or time not in columns:
            continue
        text = [cells.table[name].str.strip() for name in columns]
        dates = _parse_joined(text, date_format, columns)
        if dates is None or dates.invalid.mean() > 0.5:
            continue
        if dates.invalid.any():
            rows, last_column = np.flatnonzero(dates.invalid), columns[-1]
            raise located(
                [cells.finding(int(row), last_column) for row in rows[:3]],
                f"'{text[-1].iloc[rows[0]]}' is not a valid {parts[-1]} of {text[0].iloc[rows[0]]}",
                file=cells.file,
                count=len(rows),
                fix="Correct the cell or delete the row.",
            )
        return dates, tuple(name for name in columns if name != time)
    return None


def _parse_joined(
    text: list[pd.Series], date_format: str | None, columns: list[str]
) -> Dates | None:
    """Parse the joined cells of several columns, of which the first contains years."""
    year, *others = (part.str.replace(r"\.0*$", "", regex=True) for part in text)
    is_prefixed = rank(columns[1], ("period",)) < UNLISTED  # M01 to M12, as in official statistics
    if not year.str.fullmatch(r"(1[5-9]|2[01])\d{2}").all():
        return None
    if is_prefixed and not others[0].str.fullmatch(r"M\d{2}").all():
        return None
    if date_format is None:
        return read_dates(year + "Q" + others[0].str.removeprefix("Q"))
    if "%V" in date_format:
        return read_dates(year + "-W" + others[0].str.removeprefix("W").str.zfill(2))
    others[0] = others[0].str.removeprefix("M") if is_prefixed else others[0]
    joined = year
    for part in others:
        joined = joined + "-" + part
    return read_dates(
        joined, date_format.replace("%m", "%b") if others[0].str.isalpha().all() else date_format
    )


def no_numeric_column_error(cells: Cells, ids: tuple[str, ...]) -> DataError:
    """Return the error for a file without a column that can be the target."""
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
