"""Inference of the time, id and target columns of a file."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from itertools import combinations

import pandas as pd

from forecastkit.errors import DataError, OptionError, shell_word
from forecastkit.notes import Note
from forecastkit.reading.cells import Cells
from forecastkit.reading.column_names import ID_NAMES, TARGET_NAMES, UNLISTED, by_rank, rank
from forecastkit.reading.dates import Dates
from forecastkit.reading.numbers import is_numeric
from forecastkit.reading.time_column import (
    ColumnOptions,
    combine_date_parts,
    infer_time_column,
    no_numeric_column_error,
)

# common id names that covariates may have, too
_WEAK_ID_NAMES = ("name", "key", "segment", "state", "city", "country", "region", "location")


@dataclass(frozen=True)
class Layout:
    """The roles of the columns of a file.

    Attributes
    ----------
    time : str or None
        Time column; None if the rows are numbered instead.
    ids : tuple of str
        Id columns; empty for a single series and for one series per column.
    targets : tuple of str
        Target column; several if each column is a series.
    dates : Dates or None
        The parsed time column.
    parts : tuple of str
        Further columns that form the timestamp, such as the time of day.
    reasons : dict
        Why each role was assigned, by "time", "id" and "target".
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
        """Columns that are not covariates."""
        return {self.time, *self.ids, *self.targets, *self.parts}


def infer_layout(cells: Cells, options: ColumnOptions) -> Layout:
    """Infer the time, id and target columns.

    Common names take precedence, then the type of the cells: timestamps, text, numbers.

    Raises
    ------
    OptionError
        If a specified column does not exist.
    DataError
        If no column qualifies for a role, or several columns do.
    """
    specified = [("time", options.time), *(("id", name) for name in options.ids)]
    specified += [("future-exog", name) for name in options.covariates]
    for option, name in (*specified, *(("target", name) for name in options.targets)):
        if name is not None and name not in cells.columns:
            raise _unknown_column_error(cells, option, name)
    reasons: dict[str, str] = {}
    time, dates = infer_time_column(cells, options, reasons)
    parts: tuple[str, ...] = ()
    if time is not None and dates is not None:
        dates, parts = combine_date_parts(cells, options, time, dates, reasons)
    remaining = [name for name in cells.columns if name not in (time, *parts)]
    numeric = [name for name in remaining if is_numeric(cells.table[name], options.na_values)]
    ids = options.ids
    if not ids:
        assigned = (*options.targets, *options.covariates)
        candidates = [name for name in remaining if name not in assigned]
        ids = _infer_ids(cells, candidates, numeric, dates)
        if ids:
            reasons["id"] = "by name or content"
    # a target may have many invalid cells: they are reported when it is converted
    candidates = [name for name in remaining if name not in ids and name not in options.covariates]
    targets = options.targets
    if not targets:
        numbers = _possible_targets(cells, candidates, options.na_values)
        targets = _infer_targets(cells, numbers, ids, reasons)
    if len(targets) > 1:
        ignored = [name for name in remaining if name not in ids and name not in targets]
        if ignored:
            reasons["ignored"] = ", ".join(f"'{name}'" for name in ignored)
    return Layout(time, ids, targets, dates, parts, reasons)


def _infer_ids(
    cells: Cells, remaining: list[str], numeric: list[str], dates: Dates | None
) -> tuple[str, ...]:
    """Infer the column that identifies the series, by repeated timestamps or by its name."""
    text_columns = [name for name in remaining if name not in numeric]
    named = sorted(
        (name for name in remaining if rank(name, ID_NAMES) < UNLISTED), key=by_rank(ID_NAMES)
    )
    is_repeated = dates is not None and bool(dates.ds.dropna().duplicated().any())
    if not is_repeated:
        # one row per timestamp: an id column has a common name, and is constant or grouped
        constant = (
            name for name in named if name in text_columns and cells.table[name].nunique() == 1
        )
        grouped = (
            name
            for name in named
            if dates is not None
            and name.lower() not in _WEAK_ID_NAMES
            and _identifies_series(cells.table[name])
        )
        return (*constant, *grouped)[:1]
    assert dates is not None
    # duplicate rows are dropped later
    rows = cells.table.assign(**{"": dates.ds}).drop_duplicates()
    text_columns = [
        name for name in text_columns if name in named or _identifies_series(cells.table[name])
    ]
    candidates = [*named, *(name for name in text_columns if name not in named)]
    repeated = [name for name in candidates if cells.table[name].nunique() < len(cells.table)]
    candidates = repeated or candidates  # row numbers do not identify series
    for name in candidates:
        if not rows.duplicated([name, ""]).any():
            return (name,)
    for pair in combinations(candidates[:6], 2):
        if not rows.duplicated([*pair, ""]).any():
            raise DataError(
                f"The timestamps repeat, and no single column identifies the series, but "
                f"'{pair[0]}' and '{pair[1]}' together do.",
                file=cells.file,
                fix="Pass them as id_col (--id), for instance "
                f"--id {shell_word(pair[0])} --id {shell_word(pair[1])}, or add one column "
                "that identifies the series.",
            )
    return tuple(candidates[:1])


def _infer_targets(
    cells: Cells, numbers: list[str], ids: tuple[str, ...], reasons: dict[str, str]
) -> tuple[str, ...]:
    if not numbers:
        raise no_numeric_column_error(cells, ids)
    named = sorted(
        (name for name in numbers if rank(name, TARGET_NAMES) < UNLISTED), key=by_rank(TARGET_NAMES)
    )
    if named:
        reasons["target"] = "by name"
        return (named[0],)
    if len(numbers) == 1:
        reasons["target"] = "the only numeric column left"
        return (numbers[0],)
    if ids:
        raise DataError(
            f"Several columns could be the target: {', '.join(numbers)}.",
            file=cells.file,
            fix="Choose one with target_col (--target), for instance "
            f"--target {shell_word(numbers[0])}.",
        )
    reasons["target"] = (
        f"no column has the name of a target, so each of the {len(numbers)} numeric columns is a "
        "series (to forecast only one, pass target_col, --target)"
    )
    return tuple(numbers)


def _unknown_column_error(cells: Cells, option: str, name: str) -> OptionError:
    matches = difflib.get_close_matches(name, cells.columns, n=1, cutoff=0.4)
    hint = (
        f"Did you mean --{option} {shell_word(matches[0])}?"
        if matches
        else f"Choose one with --{option}."
    )
    return OptionError(
        f"There is no column '{name}'; the file has: {', '.join(cells.columns)}.",
        file=cells.file,
        column=name,
        value=name,
        fix=hint,
    )


def _possible_targets(cells: Cells, remaining: list[str], na_values: tuple[str, ...]) -> list[str]:
    """Columns that are mostly numeric or have a common target name, or the only column left."""
    numeric = [name for name in remaining if is_numeric(cells.table[name], na_values, share=0.5)]
    named = [name for name in remaining if rank(name, TARGET_NAMES) < UNLISTED]
    if any(name not in numeric for name in named):
        numeric = [name for name in remaining if name in numeric or name in named]
    return numeric or (remaining if len(remaining) == 1 else [])


def _identifies_series(cells: pd.Series) -> bool:
    """Whether a text column may identify series: no empty cell, most values in several rows."""
    counts = cells.value_counts()
    return "" not in counts.index and float((counts > 1).mean()) > 0.5


def layout_notes(layout: Layout) -> list[Note]:
    """Report the inferred roles and formats of the columns, with the reasons."""
    notes: list[Note] = []
    if "time" in layout.reasons:
        description = f"time column '{layout.time}'" if layout.time else "no time column"
        notes.append(Note(description, layout.reasons["time"]))
    if layout.dates is not None:
        notes.append(Note(f"date format {layout.dates.format}", "fits every cell"))
        if "two digits" in layout.dates.format or "%y" in layout.dates.format:
            years = layout.dates.ds.dt.year
            first, last = f"{years.min():.0f}", f"{years.max():.0f}"
            description = f"two-digit years read as {first}{f' to {last}' * (first != last)}"
            notes.append(Note(description, "assumed to be in the last 100 years"))
    if layout.ids:
        listed = " and ".join(f"'{name}'" for name in layout.ids)
        plural = "s" if len(layout.ids) > 1 else ""
        notes.append(Note(f"id column{plural} {listed}", layout.reasons.get("id", "as specified")))
    if "target" in layout.reasons:
        description = (
            "one series per column" if layout.wide else f"target column '{layout.targets[0]}'"
        )
        notes.append(Note(description, layout.reasons["target"]))
    if "ignored" in layout.reasons:
        reason = "not numeric" if "target" in layout.reasons else "not requested"
        notes.append(Note(f"not used: {layout.reasons['ignored']}", reason))
    return notes
