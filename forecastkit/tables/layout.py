"""Which column of a file is the time, which the series' name, which the value: by evidence."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from forecastkit.errors import DataError, OptionError
from forecastkit.tables.cells import Dates, choose_convention, missing, read_dates, to_numbers
from forecastkit.tables.text import Cells

TIME_NAMES = [
    *("ds", "date", "datetime", "timestamp", "time", "dteday", "day", "week", "month", "quarter"),
    *("year", "period", "date_time", "week_start", "week_ending", "order_date", "step"),
]
ID_NAMES = [
    *("unique_id", "item_id", "series_id", "series", "id", "sku", "product", "item", "store"),
    *("key", "name", "segment"),
]
TARGET_NAMES = [
    *("y", "target", "value", "values", "sales", "qty", "quantity", "demand", "units", "cnt"),
    *("count", "amount"),
]
_SHARE_NUMERIC = 0.9


@dataclass(frozen=True)
class Layout:
    """What the columns of a file are.

    Attributes
    ----------
    time : str or None
        Column of timestamps; None where the rows themselves are the steps.
    ids : str or None
        Column with the names of the series; None for one series and for a column a series.
    targets : tuple of str
        The target; more than one where each column is a series.
    dates : Dates or None
        The time column, read.
    reasons : dict
        Why each was chosen: "time", "id", "target" to a sentence.
    """

    time: str | None
    ids: str | None
    targets: tuple[str, ...]
    dates: Dates | None
    reasons: dict[str, str] = field(default_factory=dict)

    @property
    def wide(self) -> bool:
        """Whether each target column is a series of its own."""
        return len(self.targets) > 1


@dataclass(frozen=True)
class Wanted:
    """What the user says of the columns; None is found from the file."""

    time: str | None = None
    ids: str | None = None
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
    named = [("time", wanted.time), ("id", wanted.ids), *(("target", t) for t in wanted.targets)]
    for option, name in named:
        if name is not None and name not in cells.columns:
            raise _unknown_column(cells, option, name)
    _check_header_is_one(cells)
    reasons: dict[str, str] = {}
    time, dates = _find_time(cells, wanted, reasons)
    rest = [name for name in cells.columns if name and name != time]
    numeric = [name for name in rest if _is_numeric(cells.table[name], wanted.na_values)]
    ids = wanted.ids
    if ids is None:
        taken = (*wanted.targets, *wanted.covariates)
        others = [name for name in rest if name not in taken]
        ids = _find_ids(cells, others, numeric, dates)
        if ids is not None:
            reasons["id"] = "its name or its text says which series a row belongs to"
    # a column with many bad cells is still a target: the cells are named when it is read
    others = [name for name in rest if name != ids and name not in wanted.covariates]
    numbers = _nearly_numeric(cells, others, wanted.na_values)
    targets = wanted.targets or _find_targets(cells, numbers, ids, reasons)
    if len(targets) > 1:
        ignored = [name for name in rest if name != ids and name not in targets]
        if ignored:
            reasons["ignored"] = ", ".join(ignored)
    return Layout(time, ids, targets, dates, reasons)


def _find_time(
    cells: Cells, wanted: Wanted, reasons: dict[str, str]
) -> tuple[str | None, Dates | None]:
    if wanted.time is not None:
        dates = read_dates(cells.table[wanted.time], wanted.date_format)
        if dates is None:
            raise DataError(
                f"'{cells.table[wanted.time].iloc[0]}' is not a timestamp of a known form.",
                file=cells.file,
                row=int(cells.lines[0]),
                column=wanted.time,
                value=str(cells.table[wanted.time].iloc[0]),
                fix="Give its form with date_format (--date-format), for instance %d.%m.%Y.",
            )
        return wanted.time, dates
    taken = (wanted.ids, *wanted.targets, *wanted.covariates)
    others = [name for name in cells.columns if name not in taken]
    named = sorted((n for n in others if _rank(n, TIME_NAMES) < 99), key=_by(TIME_NAMES))
    for name in named:
        dates = read_dates(cells.table[name], wanted.date_format)
        if dates is not None:
            reasons["time"] = "its name says so and its cells are timestamps"
            return name, dates
    for name in others:
        dates = read_dates(cells.table[name], wanted.date_format)
        # plain whole numbers could be anything; only their name makes them a time
        if dates is not None and dates.form not in ("whole numbers", "years", "%Y%m"):
            reasons["time"] = "its cells are timestamps"
            return name, dates
    if named:  # a column is called date, and cannot be read: better said than passed over
        return _find_time(cells, Wanted(time=named[0]), reasons)
    reasons["time"] = "no column holds timestamps, so the rows count as steps 1, 2, 3, ..."
    return None, None


def _find_ids(cells: Cells, rest: list[str], numeric: list[str], dates: Dates | None) -> str | None:
    """The column that tells series apart, if the timestamps repeat or a name says so."""
    text = [name for name in rest if name not in numeric]
    named = sorted((n for n in rest if _rank(n, ID_NAMES) < 99), key=_by(ID_NAMES))
    repeats = dates is not None and bool(dates.ds.duplicated().any())
    if not repeats:
        # one row a timestamp: an id column is one that is constant and named so
        return next((n for n in named if n in text and cells.table[n].nunique() == 1), None)
    assert dates is not None
    text = [name for name in text if name in named or _tells_apart(cells.table[name])]
    for name in [*named, *text]:
        if not pd.DataFrame({"id": cells.table[name], "ds": dates.ds}).duplicated().any():
            return name
    candidates = named or text
    if len(text) >= 2:
        raise DataError(
            f"The timestamps repeat, and no single column tells the series apart: "
            f"{', '.join(text)} could together.",
            file=cells.file,
            fix="Write one column that names the series, or name it with id_col (--id).",
        )
    return candidates[0] if candidates else None


def _find_targets(
    cells: Cells, numbers: list[str], ids: str | None, reasons: dict[str, str]
) -> tuple[str, ...]:
    if not numbers:
        raise _no_numbers(cells, ids)
    named = sorted((n for n in numbers if _rank(n, TARGET_NAMES) < 99), key=_by(TARGET_NAMES))
    if named:
        reasons["target"] = "its name says so"
        return (named[0],)
    if len(numbers) == 1:
        reasons["target"] = "it is the only column of numbers left"
        return (numbers[0],)
    if ids is not None:
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


def _no_numbers(cells: Cells, ids: str | None) -> DataError:
    others = [name for name in cells.columns if name != ids]
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


def _is_numeric(
    cells: pd.Series, na_values: tuple[str, ...], share: float = _SHARE_NUMERIC
) -> bool:
    """Whether nearly all cells that are not missing are numbers; one bad cell is found later."""
    cells = cells[~missing(cells, na_values)]
    sample = cells if len(cells) < 20_000 else cells.iloc[:: len(cells) // 10_000]
    if sample.empty:
        return False
    convention, _ = choose_convention(sample, None, None)
    values, _ = to_numbers(sample, convention)
    return bool(np.isfinite(values).mean() >= min(share, 1 - 1.5 / max(len(sample), 3)))


def _nearly_numeric(cells: Cells, rest: list[str], na_values: tuple[str, ...]) -> list[str]:
    """Columns of numbers by most of their cells, by name, or since no other is left."""
    found = [name for name in rest if _is_numeric(cells.table[name], na_values, share=0.5)]
    named = [name for name in rest if _rank(name, TARGET_NAMES) < 99]
    if any(name not in found for name in named):
        found = [name for name in rest if name in found or name in named]
    return found or (rest if len(rest) == 1 else [])


def _tells_apart(cells: pd.Series) -> bool:
    """Whether a column of text may name series: no empty cell, most values in several rows."""
    counts = cells.value_counts()
    return "" not in counts.index and float((counts > 1).mean()) > 0.5


def _check_header_is_one(cells: Cells) -> None:
    """Refuse a first line that is data."""
    header = pd.Series([name for name in cells.columns if name], dtype=str)
    for name in header:
        dates = read_dates(pd.Series([name]))
        if dates is not None and dates.form not in ("whole numbers", "years", "%Y%m"):
            raise DataError(
                f"The first line is not a header: '{name}' is a timestamp.",
                file=cells.file,
                row=int(cells.lines[0]) - 1,
                value=name,
                fix="Write a line with the names of the columns above it.",
            )


def _rank(name: str, known: list[str]) -> int:
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    return known.index(plain) if plain in known else 99


def _by(known: list[str]):  # type: ignore[no-untyped-def]
    return lambda name: _rank(name, known)
