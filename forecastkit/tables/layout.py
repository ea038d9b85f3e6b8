"""Which column of a file is the time, which the series' name, which the value: by evidence."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

import numpy as np
import pandas as pd

from forecastkit.errors import DataError, OptionError, located
from forecastkit.tables.dates import NUMERIC_FORMS, Dates, looks_like_a_date, read_clock, read_dates
from forecastkit.tables.names import ID_NAMES, LAST, TARGET_NAMES, TIME_NAMES, rank
from forecastkit.tables.numbers import (
    choose_convention,
    missing,
    plain_numbers,
    to_numbers,
    undressed,
)
from forecastkit.tables.sheet import Cells

_SHARE_NUMERIC = 0.9
_MOST_CELLS, _FEW_CELLS = 10_000, 2_000
# cells that are looked at before a column is read as timestamps
_LOOKED_AT = 20
_FROM = re.compile(r"von|from|start|begin|anfang|debut|desde", re.IGNORECASE)
_TO = re.compile(r"bis|to$|end|until|fin|hasta", re.IGNORECASE)
_DAY_NUMBER = re.compile(r"(1[5-9]|2[01])\d{6}(\d{2}){0,3}(\.0*)?")
_CLOCK_NAMES = ("time", "hour", "hr", "clock", "time_of_day", "hour_of_day", "uhrzeit", "zeit")
# names of ids that may be those of a covariate too
_WEAK = ("name", "key", "segment", "state", "city", "country", "region", "location")
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
class Layout:
    """What the columns of a file are.

    Attributes
    ----------
    time : str or None
        Column of timestamps; None where the rows themselves are the steps.
    ids : tuple of str
        Columns with the names of the series; none for one series and for a column a series.
    targets : tuple of str
        The target; more than one where each column is a series.
    dates : Dates or None
        The time column, read.
    parts : tuple of str
        Other columns that the time is made of: a time of day, a month.
    reasons : dict
        Why each was chosen: "time", "id", "target" to a sentence.
    """

    time: str | None
    ids: tuple[str, ...]
    targets: tuple[str, ...]
    dates: Dates | None
    parts: tuple[str, ...] = ()
    reasons: dict[str, str] = field(default_factory=dict)

    @property
    def wide(self) -> bool:
        """Whether each target column is a series of its own."""
        return len(self.targets) > 1

    @property
    def used(self) -> set[str | None]:
        """Columns that are no covariates."""
        return {self.time, *self.ids, *self.targets, *self.parts}


@dataclass(frozen=True)
class Wanted:
    """What the user says of the columns; what is left out is found from the file."""

    time: str | None = None
    ids: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    date_format: str | None = None
    na_values: tuple[str, ...] = ()
    covariates: tuple[str, ...] = ()


def find_layout(cells: Cells, wanted: Wanted) -> Layout:
    """Find time, id and target columns.

    Names that the field uses count first, then what the cells hold: timestamps, text, numbers.

    Raises
    ------
    OptionError
        If a column that the user names is not there.
    DataError
        If there is nothing to choose from, or several columns and no ground to choose.
    """
    named = [("time", wanted.time), *(("id", one) for one in wanted.ids)]
    named += [("future-exog", one) for one in wanted.covariates]
    for option, name in (*named, *(("target", t) for t in wanted.targets)):
        if name is not None and name not in cells.columns:
            raise _unknown_column(cells, option, name)
    reasons: dict[str, str] = {}
    time, dates = _find_time(cells, wanted, reasons)
    parts: tuple[str, ...] = ()
    if time is not None and dates is not None:
        dates, parts = _with_parts(cells, wanted, time, dates, reasons)
    rest = [name for name in cells.columns if name not in (time, *parts)]
    numeric = [name for name in rest if is_numeric(cells, name, wanted.na_values)]
    ids = wanted.ids
    if not ids:
        taken = (*wanted.targets, *wanted.covariates)
        others = [name for name in rest if name not in taken]
        ids = _find_ids(cells, others, numeric, dates)
        if ids:
            reasons["id"] = "its name or its text says which series a row belongs to"
    # a column with many bad cells is still a target: the cells are named when it is read
    others = [name for name in rest if name not in ids and name not in wanted.covariates]
    targets = wanted.targets
    if not targets:
        numbers = _nearly_numeric(cells, others, wanted.na_values)
        targets = _find_targets(cells, numbers, ids, reasons)
    if len(targets) > 1:
        ignored = [name for name in rest if name not in ids and name not in targets]
        if ignored:
            reasons["ignored"] = ", ".join(ignored)
    return Layout(time, ids, targets, dates, parts, reasons)


def dates_of(cells: Cells, name: str, date_format: str | None = None) -> Dates | None:
    """Read a column of a file as timestamps; see `read_dates`."""
    if name in cells.moments:
        ds = cells.moments[name]
        return Dates(ds, "timestamps", ds.isna().to_numpy())
    return read_dates(cells.table[name], date_format, name)


def _find_time(
    cells: Cells, wanted: Wanted, reasons: dict[str, str]
) -> tuple[str | None, Dates | None]:
    if wanted.time is not None:
        dates = dates_of(cells, wanted.time, wanted.date_format)
        if dates is None:
            raise _no_timestamp(cells, wanted.time)
        return wanted.time, dates
    taken = (*wanted.ids, *wanted.targets, *wanted.covariates)
    others = [name for name in cells.columns if name not in taken]
    named = sorted((n for n in others if rank(n, TIME_NAMES) < LAST), key=_by(TIME_NAMES))
    good = _times(cells, others, named, wanted.date_format)
    # plain numbers could be anything; only their name makes them a time
    shown = [name for name, dates in good.items() if dates.form not in NUMERIC_FORMS]
    for name in [*(n for n in named if n in shown), *(n for n in named if n in good)]:
        reasons["time"] = "its name says so and its cells are timestamps"
        return name, good[name]
    if len(shown) == 2 and _FROM.search(shown[0]) and _TO.search(shown[1]):
        reasons["time"] = f"its cells are timestamps, the starts of spans that end at '{shown[1]}'"
        return shown[0], good[shown[0]]
    why = "its cells are timestamps"
    if not shown:
        shown = [name for name in others if name not in named and _counts_time(cells, name)]
        why = "its cells follow each other as years or months do"
    if len(shown) > 1:
        raise DataError(
            f"Several columns could be the time: {', '.join(shown)}.",
            file=cells.file,
            fix=f"Name it with time_col (--time), for instance --time {shown[0]!r}.",
        )
    if shown:
        reasons["time"] = why
        return shown[0], good[shown[0]] if shown[0] in good else dates_of(cells, shown[0])
    _check_timeless(cells, others, named, wanted)
    reasons["time"] = "no column holds timestamps, so the rows count as steps 1, 2, 3, ..."
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
    texts = [name for name in others if not is_numeric(cells, name, wanted.na_values, 0.5)]
    if len(texts) == len(cells.columns):
        raise _no_numbers(cells, ())
    if texts:
        raise DataError(
            f"No column holds timestamps; the file has: {', '.join(cells.columns)}.",
            file=cells.file,
            fix="Name it with time_col (--time), and its form with date_format (--date-format); "
            "or number the rows of every series 1, 2, 3, ... in a column 'step'.",
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
        f"'{value}' is not a timestamp of a known form.",
        file=cells.file,
        row=int(cells.lines[at]),
        column=name,
        value=value,
        fix="Give its form with date_format (--date-format), for instance %d.%m.%Y.",
    )


def _with_parts(
    cells: Cells, wanted: Wanted, time: str, dates: Dates, reasons: dict[str, str]
) -> tuple[Dates, tuple[str, ...]]:
    """Put together a time that stands in several columns."""
    taken = (*wanted.ids, *wanted.targets, *wanted.covariates)
    others = [name for name in cells.columns if name != time and name not in taken]
    if wanted.time is None or dates.form in ("years", "whole numbers"):
        found = _of_parts(cells, [time, *others], time)
        if found is not None:
            read, parts = found
            reasons["time"] = f"with {' and '.join(repr(part) for part in parts)} it is a date"
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
        why = reasons.get("time", "as named")
        counted = ", whose hour 1 starts at midnight" if (column.str.strip() == "24").any() else ""
        reasons["time"] = f"{why}; the time of day from column '{name}'{counted}"
        return replace(dates, ds=dates.ds + clock, form=f"{dates.form} and a time of day"), (name,)
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
                f"'{text[-1].iloc[rows[0]]}' is no {parts[-1]} of {text[0].iloc[rows[0]]}",
                file=cells.file,
                count=len(rows),
                fix="Mend the cell or take the row out.",
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


def _find_ids(
    cells: Cells, rest: list[str], numeric: list[str], dates: Dates | None
) -> tuple[str, ...]:
    """The column that tells series apart, if the timestamps repeat or a name says so."""
    text = [name for name in rest if name not in numeric]
    named = sorted((n for n in rest if rank(n, ID_NAMES) < LAST), key=_by(ID_NAMES))
    repeats = dates is not None and bool(dates.ds.dropna().duplicated().any())
    if not repeats:
        # one row a timestamp: an id column is one that is named so, and constant or in groups
        alone = (n for n in named if n in text and cells.table[n].nunique() == 1)
        groups = (
            n
            for n in named
            if dates is not None and n.lower() not in _WEAK and _tells_apart(cells.table[n])
        )
        return (*alone, *groups)[:1]
    assert dates is not None
    # rows that are the same twice are left out later: they tell nothing
    whole = cells.table.assign(**{"": dates.ds}).drop_duplicates()
    text = [name for name in text if name in named or _tells_apart(cells.table[name])]
    candidates = [*named, *(name for name in text if name not in named)]
    several = [name for name in candidates if cells.table[name].nunique() < len(cells.table)]
    candidates = several or candidates  # what counts the rows names no series
    for name in candidates:
        if not whole.duplicated([name, ""]).any():
            return (name,)
    for pair in combinations(candidates[:6], 2):
        if not whole.duplicated([*pair, ""]).any():
            raise DataError(
                f"The timestamps repeat, and no single column tells the series apart: "
                f"{', '.join(pair)} could together.",
                file=cells.file,
                fix="Name them with id_col (--id), for instance "
                f"--id {pair[0]!r} --id {pair[1]!r}, or write one column that names the series.",
            )
    return tuple(candidates[:1])


def _find_targets(
    cells: Cells, numbers: list[str], ids: tuple[str, ...], reasons: dict[str, str]
) -> tuple[str, ...]:
    if not numbers:
        raise _no_numbers(cells, ids)
    named = sorted((n for n in numbers if rank(n, TARGET_NAMES) < LAST), key=_by(TARGET_NAMES))
    if named:
        reasons["target"] = "its name says so"
        return (named[0],)
    if len(numbers) == 1:
        reasons["target"] = "it is the only column of numbers left"
        return (numbers[0],)
    if ids:
        raise DataError(
            f"Several columns could be the target: {', '.join(numbers)}.",
            file=cells.file,
            fix=f"Name it with target_col (--target), for instance --target {numbers[0]!r}.",
        )
    reasons["target"] = (
        f"no column is named as a target, so each of the {len(numbers)} columns of numbers is a "
        "series (name one with target_col, --target, to forecast that one alone)"
    )
    return tuple(numbers)


def _no_numbers(cells: Cells, ids: tuple[str, ...]) -> DataError:
    others = [name for name in cells.columns if name not in ids]
    return DataError(
        f"No column holds numbers to forecast; the file has: {', '.join(cells.columns)}.",
        file=cells.file,
        row=int(cells.lines[0]),
        column=others[-1] if others else None,
        value=str(cells.table.iloc[0, -1]),
        fix="Name the target with target_col (--target), and the way its numbers are written "
        "with decimal and thousands (--decimal, --thousands).",
    )


def _unknown_column(cells: Cells, option: str, name: str) -> OptionError:
    close = difflib.get_close_matches(name, cells.columns, n=1, cutoff=0.4)
    hint = f"Did you mean --{option} '{close[0]}'?" if close else f"Name one with --{option}."
    return OptionError(
        f"There is no column '{name}'; the file has: {', '.join(cells.columns)}.",
        file=cells.file,
        column=name,
        value=name,
        fix=hint,
    )


def is_numeric(
    cells: Cells, name: str, na_values: tuple[str, ...], share: float = _SHARE_NUMERIC
) -> bool:
    """Whether nearly all cells that are not missing are numbers; one bad cell is found later."""
    column = cells.table[name]
    column = column if len(column) < 2 * _MOST_CELLS else column.iloc[:: len(column) // _MOST_CELLS]
    if len(column) < _FEW_CELLS:
        plain = plain_numbers(column)
        if plain is not None and np.isfinite(plain).any():
            return True
    sample = column[~missing(column, na_values)]
    if sample.empty:
        return False
    bare = undressed(sample).cells
    convention, _ = choose_convention(bare, None, None)
    values, _ = to_numbers(bare, convention)
    return bool(np.isfinite(values).mean() >= min(share, 1 - 1.5 / max(len(sample), 3)))


def _nearly_numeric(cells: Cells, rest: list[str], na_values: tuple[str, ...]) -> list[str]:
    """Columns of numbers by most of their cells, by name, or since no other is left."""
    found = [name for name in rest if is_numeric(cells, name, na_values, share=0.5)]
    named = [name for name in rest if rank(name, TARGET_NAMES) < LAST]
    if any(name not in found for name in named):
        found = [name for name in rest if name in found or name in named]
    return found or (rest if len(rest) == 1 else [])


def _tells_apart(cells: pd.Series) -> bool:
    """Whether a column of text may name series: no empty cell, most values in several rows."""
    counts = cells.value_counts()
    return "" not in counts.index and float((counts > 1).mean()) > 0.5


def _by(known: tuple[str, ...]):  # type: ignore[no-untyped-def]
    return lambda name: rank(name, known)
