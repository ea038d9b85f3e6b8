"""Which column of a file is the time, which the series' name, which the value: by evidence."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from itertools import combinations

import pandas as pd

from forecastkit.errors import DataError, OptionError, shell_word
from forecastkit.notes import Note
from forecastkit.reading.cells import Cells
from forecastkit.reading.dates import Dates
from forecastkit.reading.names import ID_NAMES, LAST, TARGET_NAMES, by_rank, rank
from forecastkit.reading.numbers import is_numeric
from forecastkit.reading.time_column import Wanted, find_time, no_numbers, with_parts

# names of ids that may be those of a covariate too
_WEAK = ("name", "key", "segment", "state", "city", "country", "region", "location")


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
    time, dates = find_time(cells, wanted, reasons)
    parts: tuple[str, ...] = ()
    if time is not None and dates is not None:
        dates, parts = with_parts(cells, wanted, time, dates, reasons)
    rest = [name for name in cells.columns if name not in (time, *parts)]
    numeric = [name for name in rest if is_numeric(cells.table[name], wanted.na_values)]
    ids = wanted.ids
    if not ids:
        taken = (*wanted.targets, *wanted.covariates)
        others = [name for name in rest if name not in taken]
        ids = _find_ids(cells, others, numeric, dates)
        if ids:
            reasons["id"] = "by name or content"
    # a column with many bad cells is still a target: the cells are named when it is read
    others = [name for name in rest if name not in ids and name not in wanted.covariates]
    targets = wanted.targets
    if not targets:
        numbers = _nearly_numeric(cells, others, wanted.na_values)
        targets = _find_targets(cells, numbers, ids, reasons)
    if len(targets) > 1:
        ignored = [name for name in rest if name not in ids and name not in targets]
        if ignored:
            reasons["ignored"] = ", ".join(f"'{name}'" for name in ignored)
    return Layout(time, ids, targets, dates, parts, reasons)


def _find_ids(
    cells: Cells, rest: list[str], numeric: list[str], dates: Dates | None
) -> tuple[str, ...]:
    """The column that tells series apart, if the timestamps repeat or a name says so."""
    text = [name for name in rest if name not in numeric]
    named = sorted((n for n in rest if rank(n, ID_NAMES) < LAST), key=by_rank(ID_NAMES))
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
                f"The timestamps repeat, and no single column identifies the series, but "
                f"'{pair[0]}' and '{pair[1]}' together do.",
                file=cells.file,
                fix="Pass them as id_col (--id), for instance "
                f"--id {shell_word(pair[0])} --id {shell_word(pair[1])}, or add one column "
                "that identifies the series.",
            )
    return tuple(candidates[:1])


def _find_targets(
    cells: Cells, numbers: list[str], ids: tuple[str, ...], reasons: dict[str, str]
) -> tuple[str, ...]:
    if not numbers:
        raise no_numbers(cells, ids)
    named = sorted((n for n in numbers if rank(n, TARGET_NAMES) < LAST), key=by_rank(TARGET_NAMES))
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


def _unknown_column(cells: Cells, option: str, name: str) -> OptionError:
    close = difflib.get_close_matches(name, cells.columns, n=1, cutoff=0.4)
    hint = (
        f"Did you mean --{option} {shell_word(close[0])}?"
        if close
        else f"Choose one with --{option}."
    )
    return OptionError(
        f"There is no column '{name}'; the file has: {', '.join(cells.columns)}.",
        file=cells.file,
        column=name,
        value=name,
        fix=hint,
    )


def _nearly_numeric(cells: Cells, rest: list[str], na_values: tuple[str, ...]) -> list[str]:
    """Columns of numbers by most of their cells, by name, or since no other is left."""
    found = [name for name in rest if is_numeric(cells.table[name], na_values, share=0.5)]
    named = [name for name in rest if rank(name, TARGET_NAMES) < LAST]
    if any(name not in found for name in named):
        found = [name for name in rest if name in found or name in named]
    return found or (rest if len(rest) == 1 else [])


def _tells_apart(cells: pd.Series) -> bool:
    """Whether a column of text may name series: no empty cell, most values in several rows."""
    counts = cells.value_counts()
    return "" not in counts.index and float((counts > 1).mean()) > 0.5


def layout_notes(layout: Layout) -> list[Note]:
    """Say which columns were found to be what, and why."""
    notes: list[Note] = []
    if "time" in layout.reasons:
        what = f"time column '{layout.time}'" if layout.time else "no time column"
        notes.append(Note(what, layout.reasons["time"]))
    if layout.dates is not None:
        notes.append(Note(f"date format {layout.dates.form}", "fits every cell"))
        if "two digits" in layout.dates.form or "%y" in layout.dates.form:
            years = layout.dates.ds.dt.year
            first, last = f"{years.min():.0f}", f"{years.max():.0f}"
            what = f"two-digit years read as {first}{f' to {last}' * (first != last)}"
            notes.append(Note(what, "assumed to be in the last 100 years"))
    if layout.ids:
        listed = " and ".join(f"'{name}'" for name in layout.ids)
        plural = "s" if len(layout.ids) > 1 else ""
        notes.append(Note(f"id column{plural} {listed}", layout.reasons.get("id", "as specified")))
    if "target" in layout.reasons:
        what = "one series per column" if layout.wide else f"target column '{layout.targets[0]}'"
        notes.append(Note(what, layout.reasons["target"]))
    if "ignored" in layout.reasons:
        why = "not numeric" if "target" in layout.reasons else "not requested"
        notes.append(Note(f"not used: {layout.reasons['ignored']}", why))
    return notes
