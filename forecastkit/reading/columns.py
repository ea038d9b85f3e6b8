"""The columns of a file as numbers, timestamps and names; every cell that is none is named."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from forecastkit.errors import DataError, located, shell_word
from forecastkit.notes import Note
from forecastkit.reading.cells import Cells
from forecastkit.reading.layout import Layout
from forecastkit.reading.numbers import (
    PLAIN,
    Convention,
    Undressed,
    choose_convention,
    has_open_points,
    marks_of_missing,
    missing,
    plain_numbers,
    sentinel,
    to_numbers,
    undressed,
)
from forecastkit.tables.frame import CUTOFF, DS, UNIQUE_ID, Y

LINE = "line in the file"  # a column of its own, while a file is read
_MAX_SHOWN = 200_000
# shorter columns are read cell by cell, where that is faster
_MIN_FAST_ROWS = 5_000


class Columns:
    """Reads the columns of numbers of one file, and notes by what convention.

    Parameters
    ----------
    cells : Cells
    na_values : tuple of str
        More words for a missing value.
    decimal, thousands : str, optional
        As the user gives them.
    notes : list of (str, str)
        Where is noted what was assumed.
    """

    def __init__(
        self,
        cells: Cells,
        na_values: tuple[str, ...],
        decimal: str | None,
        thousands: str | None,
        notes: list[Note],
    ) -> None:
        self.cells, self.na_values, self.notes = cells, na_values, notes
        self.decimal, self.thousands = decimal, thousands
        self._marks: set[str] | None = None

    def numbers(self, column: str) -> np.ndarray:
        """Read a column that must be numbers; raise with all the cells that are not."""
        text = self.cells.table[column]
        if len(text) < _MIN_FAST_ROWS and not (self.decimal or self.thousands or self.na_values):
            plain = plain_numbers(text)
            if plain is not None and not has_open_points(text):
                self.point_out(column, plain)
                return plain
        absent = missing(text, self.na_values)
        bare = undressed(text.where(~absent, ""))
        if bare.problem is not None:
            raise self._disagree(column, bare, text)
        convention, ambiguous, why = self._convention(column, bare.cells[~absent])
        if ambiguous:
            raise self._ambiguous(column, bare.cells, text, convention.decimal)
        values, wrong = to_numbers(bare.cells, convention)
        if wrong.any():
            raise self._not_numbers(column, wrong)
        values[np.isin(values, marks_of_missing(self.na_values))] = np.nan
        if convention != PLAIN or why is not None:
            what = _described(convention, column)
            self.notes.append(Note(what, why or "fits every cell"))
        for note in bare.notes:
            self.notes.append(Note(f"{note} in column '{column}'", "found in its cells"))
        self.point_out(column, values)
        return values

    def numbers_or_truth(self, column: str) -> np.ndarray:
        """Read a column of numbers, or of True and False, which are 1 and 0."""
        text = self.cells.table[column].str.strip().str.lower()
        if text.isin(["true", "false", ""]).all() and (text != "").any():
            found = text.map({"true": 1.0, "false": 0.0})
            return found.to_numpy(float)
        return self.numbers(column)

    def covariate(self, column: str) -> np.ndarray | pd.Series:
        """Read a column as numbers if it holds nothing else, otherwise leave it as text."""
        text = self.cells.table[column]
        absent = missing(text, self.na_values)
        bare = undressed(text.where(~absent, ""))
        if bare.problem is not None or absent.all():
            return text
        convention, ambiguous, _ = self._convention(column, bare.cells[~absent])
        values, wrong = to_numbers(bare.cells, convention)
        if wrong.any() or ambiguous:
            return text
        return values

    def _convention(self, column: str, cells: pd.Series) -> tuple[Convention, bool, str | None]:
        """Convention of a column, whether it is open, and what decided where its cells do not."""
        given = self.decimal, self.thousands
        convention, ambiguous = choose_convention(cells, *given)
        if not ambiguous:
            return convention, False, None
        mark = convention.decimal
        others = self._decimal_marks(column)
        if len(others) == 1:
            (decimal,) = others
            found = Convention(decimal, "" if decimal == mark else mark)
            return found, False, "as in the other columns of the file"
        if mark == "." and self.cells.commas and not others:
            return convention, False, "the delimiter of the file is a comma"
        return convention, True, None

    def _decimal_marks(self, column: str) -> set[str]:
        """Decimal marks of the other columns of the file that show theirs."""
        if self._marks is None:
            self._marks = set()
            for name in self.cells.columns:
                text = self.cells.table[name].iloc[:_MAX_SHOWN]
                bare = undressed(text[~missing(text, self.na_values)]).cells
                if name == column or not bare.str.contains(r"\d[.,]\d", regex=True).any():
                    continue
                convention, ambiguous = choose_convention(bare, None, None)
                marked = bare.str.fullmatch(convention.pattern).all()
                if marked and not ambiguous:
                    self._marks.add(convention.decimal)
        return self._marks

    def point_out(self, column: str, values: np.ndarray) -> None:
        """Note a number that looks like a mark for missing values."""
        found = sentinel(values)
        if found is not None:
            word, count = found
            what = f"{word:g} in {count} cells of column '{column}' read as a number"
            why = f"if it is a missing-value code, pass --na-value {shell_word(f'{word:g}')}"
            self.notes.append(Note(what, why))

    def _not_numbers(self, column: str, wrong: np.ndarray) -> DataError:
        rows = np.flatnonzero(wrong)
        findings = [self.cells.finding(int(row), column) for row in rows[:3]]
        value = str(findings[0].value)
        infinite = re.fullmatch(r"[+-]?(inf|infinity|\d[\d.]*[eE]\+?\d+)", value.strip(), re.I)
        return located(
            findings,
            f"'{value}' is not a {'finite ' * bool(infinite)}number",
            file=self.cells.file,
            count=len(rows),
            fix=f"Write a number or leave the cell empty; to treat '{value}' as missing, pass "
            f"--na-value {shell_word(value)}.",
        )

    def _disagree(self, column: str, bare: Undressed, text: pd.Series) -> DataError:
        row = bare.odd or 0
        return DataError(
            f"'{text.iloc[row]}' does not match the other cells of the column: {bare.problem}.",
            file=self.cells.file,
            row=int(self.cells.lines[row]),
            column=column,
            value=str(text.iloc[row]),
            fix="Use one format for all cells of the column.",
        )

    def _ambiguous(self, column: str, bare: pd.Series, text: pd.Series, mark: str) -> DataError:
        row = int(np.flatnonzero(bare.str.contains(mark, regex=False))[0])
        value, name = str(text.iloc[row]), {",": "comma", ".": "point"}[mark]
        return DataError(
            f"'{value}' is ambiguous: decimal {name} or thousands separator; no cell of the column "
            "decides.",
            file=self.cells.file,
            row=int(self.cells.lines[row]),
            column=column,
            value=value,
            fix=f"Pass decimal='{mark}' (--decimal {mark}) or thousands='{mark}' (--thousands "
            f"{mark}).",
        )


def _described(convention: Convention, column: str) -> str:
    parts = [f"decimal mark '{convention.decimal}'"]
    if convention.thousands:
        parts.append(f"thousands separator '{convention.thousands}'")
    return f"{' and '.join(parts)} in column '{column}'"


def series_names(cells: Cells, layout: Layout) -> pd.Series:
    """Names of the series of all rows, as they stand in the file; several columns joined by /.

    Raises
    ------
    DataError
        If a cell that names a series is empty.
    """
    for name in layout.ids:
        rows = np.flatnonzero((cells.table[name] == "").to_numpy())
        if len(rows):
            raise located(
                [cells.finding(int(row), name) for row in rows[:3]],
                "the series identifier is empty",
                file=cells.file,
                count=len(rows),
                fix="Write the name of the series, or delete the row.",
            )
    first, *others = (cells.table[name].astype("str") for name in layout.ids)
    joined = first
    for one in others:
        joined = joined + "/" + one
    apart = cells.table[list(layout.ids)].drop_duplicates()
    twice = joined[apart.index].duplicated(keep=False)
    if twice.any():
        row = int(twice.index[twice.to_numpy()][0])
        raise DataError(
            f"Two series would be named '{joined[row]}' (id columns joined by '/').",
            file=cells.file,
            row=int(cells.lines[row]),
            column=layout.ids[0],
            value=str(first[row]),
            fix="Remove '/' from the names, or use a single column that identifies the series.",
        )
    return joined


def timestamps(cells: Cells, layout: Layout) -> pd.Series:
    """Timestamps of all rows.

    Raises
    ------
    DataError
        If some cells are none, or day and month could be swapped in all of them.
    """
    dates, time = layout.dates, layout.time
    if dates is None or time is None:
        steps = pd.Series(1, index=cells.table.index)
        return (steps.groupby(series_names(cells, layout)) if layout.ids else steps).cumsum()
    text = cells.table[time]
    if dates.ambiguous:
        mark = next(one for one in "/-." if one in str(text.iloc[0]))
        ways = {
            "/": "%d/%m/%Y or %m/%d/%Y",
            "-": "%d-%m-%Y or %m-%d-%Y",
            ".": "%d.%m.%y or %y.%m.%d",
        }
        what = "day.month.year or year.month.day" if mark == "." else "day/month or month/day"
        raise DataError(
            f"'{text.iloc[0]}' is ambiguous: {what}; no cell of the column decides.",
            file=cells.file,
            row=int(cells.lines[0]),
            column=time,
            value=str(text.iloc[0]),
            fix=f"Pass date_format (--date-format), for instance {ways[mark]}.",
        )
    if dates.wrong.any():
        rows = np.flatnonzero(dates.wrong)
        findings = [cells.finding(int(row), time) for row in rows[:3]]
        raise located(
            findings,
            f"'{findings[0].value}' does not match the date format of the column ({dates.form})",
            file=cells.file,
            count=len(rows),
            fix="Correct the cell or delete the row.",
        )
    return dates.ds


def free_name(name: str, notes: list[Note]) -> str:
    """Name of a covariate's column: its own, unless the series table uses it for something else."""
    if name not in (UNIQUE_ID, DS, Y, CUTOFF, LINE):
        return name
    notes.append(Note(f"column '{name}' renamed to '{name}_'", f"'{name}' is a reserved name"))
    return f"{name}_"
