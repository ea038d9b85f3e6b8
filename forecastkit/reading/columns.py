"""Conversion of columns to numbers, timestamps and series identifiers, with located errors."""

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
    StrippedCells,
    choose_convention,
    has_ambiguous_points,
    is_missing,
    numeric_missing_codes,
    plain_numbers,
    strip_symbols,
    suspected_missing_code,
    to_numbers,
)
from forecastkit.tables.frame import CUTOFF, DS, UNIQUE_ID, Y

LINE = "line in the file"  # temporary column of line numbers
_MAX_SAMPLED_ROWS = 200_000
# shorter columns are converted cell by cell, which is faster for them
_MIN_VECTORIZED_ROWS = 5_000


class Columns:
    """Converter of the numeric columns of a file; reports the convention of each.

    Parameters
    ----------
    cells : Cells
    na_values : tuple of str
        Additional missing-value codes.
    decimal, thousands : str, optional
        As specified by the user; inferred by default.
    notes : list of Note
        Assumptions are appended to it.
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
        """Convert a column that must be numeric; the error reports all invalid cells."""
        text = self.cells.table[column]
        if len(text) < _MIN_VECTORIZED_ROWS and not (
            self.decimal or self.thousands or self.na_values
        ):
            plain = plain_numbers(text)
            if plain is not None and not has_ambiguous_points(text):
                self.report_missing_code(column, plain)
                return plain
        absent = is_missing(text, self.na_values)
        stripped = strip_symbols(text.where(~absent, ""))
        if stripped.problem is not None:
            raise self._inconsistent_error(column, stripped, text)
        convention, ambiguous, reason = self._convention(column, stripped.cells[~absent])
        if ambiguous:
            raise self._ambiguous_error(column, stripped.cells, text, convention.decimal)
        values, invalid = to_numbers(stripped.cells, convention)
        if invalid.any():
            raise self._invalid_error(column, invalid)
        values[np.isin(values, numeric_missing_codes(self.na_values))] = np.nan
        if convention != PLAIN or reason is not None:
            description = _describe(convention, column)
            self.notes.append(Note(description, reason or "fits every cell"))
        for note in stripped.notes:
            self.notes.append(Note(f"{note} in column '{column}'", "found in its cells"))
        self.report_missing_code(column, values)
        return values

    def numbers_or_booleans(self, column: str) -> np.ndarray:
        """Convert a column of numbers, or of booleans to 1 and 0."""
        text = self.cells.table[column].str.strip().str.lower()
        if text.isin(["true", "false", ""]).all() and (text != "").any():
            values = text.map({"true": 1.0, "false": 0.0})
            return values.to_numpy(float)
        return self.numbers(column)

    def covariate(self, column: str) -> np.ndarray | pd.Series:
        """Convert a column to numbers if all cells are numeric, otherwise return its text."""
        text = self.cells.table[column]
        absent = is_missing(text, self.na_values)
        stripped = strip_symbols(text.where(~absent, ""))
        if stripped.problem is not None or absent.all():
            return text
        convention, ambiguous, _ = self._convention(column, stripped.cells[~absent])
        values, invalid = to_numbers(stripped.cells, convention)
        if invalid.any() or ambiguous:
            return text
        return values

    def _convention(self, column: str, cells: pd.Series) -> tuple[Convention, bool, str | None]:
        """Convention of a column, whether it is ambiguous, and any evidence beyond its cells."""
        specified = self.decimal, self.thousands
        convention, ambiguous = choose_convention(cells, *specified)
        if not ambiguous:
            return convention, False, None
        mark = convention.decimal
        other_marks = self._decimal_marks(column)
        if len(other_marks) == 1:
            (decimal,) = other_marks
            resolved = Convention(decimal, "" if decimal == mark else mark)
            return resolved, False, "as in the other columns of the file"
        if mark == "." and self.cells.comma_delimited and not other_marks:
            return convention, False, "the delimiter of the file is a comma"
        return convention, True, None

    def _decimal_marks(self, column: str) -> set[str]:
        """Decimal marks of the other columns whose marks are unambiguous."""
        if self._marks is None:
            self._marks = set()
            for name in self.cells.columns:
                text = self.cells.table[name].iloc[:_MAX_SAMPLED_ROWS]
                stripped = strip_symbols(text[~is_missing(text, self.na_values)]).cells
                if name == column or not stripped.str.contains(r"\d[.,]\d", regex=True).any():
                    continue
                convention, ambiguous = choose_convention(stripped, None, None)
                matches = stripped.str.fullmatch(convention.pattern).all()
                if matches and not ambiguous:
                    self._marks.add(convention.decimal)
        return self._marks

    def report_missing_code(self, column: str, values: np.ndarray) -> None:
        """Report a number that looks like a missing-value code."""
        suspect = suspected_missing_code(values)
        if suspect is not None:
            code, count = suspect
            description = f"{code:g} in {count} cells of column '{column}' read as a number"
            reason = f"if it is a missing-value code, pass --na-value {shell_word(f'{code:g}')}"
            self.notes.append(Note(description, reason))

    def _invalid_error(self, column: str, invalid: np.ndarray) -> DataError:
        rows = np.flatnonzero(invalid)
        findings = [self.cells.finding(int(row), column) for row in rows[:3]]
        value = str(findings[0].value)
        is_infinite = re.fullmatch(r"[+-]?(inf|infinity|\d[\d.]*[eE]\+?\d+)", value.strip(), re.I)
        return located(
            findings,
            f"'{value}' is not a {'finite ' * bool(is_infinite)}number",
            file=self.cells.file,
            count=len(rows),
            fix=f"Write a number or leave the cell empty; to treat '{value}' as missing, pass "
            f"--na-value {shell_word(value)}.",
        )

    def _inconsistent_error(
        self, column: str, stripped: StrippedCells, text: pd.Series
    ) -> DataError:
        row = stripped.mismatch or 0
        return DataError(
            f"'{text.iloc[row]}' does not match the other cells of the column: {stripped.problem}.",
            file=self.cells.file,
            row=int(self.cells.lines[row]),
            column=column,
            value=str(text.iloc[row]),
            fix="Use one format for all cells of the column.",
        )

    def _ambiguous_error(
        self, column: str, stripped: pd.Series, text: pd.Series, mark: str
    ) -> DataError:
        row = int(np.flatnonzero(stripped.str.contains(mark, regex=False))[0])
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


def _describe(convention: Convention, column: str) -> str:
    parts = [f"decimal mark '{convention.decimal}'"]
    if convention.thousands:
        parts.append(f"thousands separator '{convention.thousands}'")
    return f"{' and '.join(parts)} in column '{column}'"


def series_ids(cells: Cells, layout: Layout) -> pd.Series:
    """Series identifier of each row, verbatim; several id columns are joined by '/'.

    Raises
    ------
    DataError
        If an identifier is empty, or different identifiers become equal when joined.
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
    for column in others:
        joined = joined + "/" + column
    combinations = cells.table[list(layout.ids)].drop_duplicates()
    collides = joined[combinations.index].duplicated(keep=False)
    if collides.any():
        row = int(collides.index[collides.to_numpy()][0])
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
    """Timestamp of each row; rows are numbered if there is no time column.

    Raises
    ------
    DataError
        If a cell is not a valid timestamp, or the order of day and month is ambiguous.
    """
    dates, time = layout.dates, layout.time
    if dates is None or time is None:
        steps = pd.Series(1, index=cells.table.index)
        return (steps.groupby(series_ids(cells, layout)) if layout.ids else steps).cumsum()
    text = cells.table[time]
    if dates.ambiguous:
        separator = next(mark for mark in "/-." if mark in str(text.iloc[0]))
        examples = {
            "/": "%d/%m/%Y or %m/%d/%Y",
            "-": "%d-%m-%Y or %m-%d-%Y",
            ".": "%d.%m.%y or %y.%m.%d",
        }
        alternatives = (
            "day.month.year or year.month.day" if separator == "." else "day/month or month/day"
        )
        raise DataError(
            f"'{text.iloc[0]}' is ambiguous: {alternatives}; no cell of the column decides.",
            file=cells.file,
            row=int(cells.lines[0]),
            column=time,
            value=str(text.iloc[0]),
            fix=f"Pass date_format (--date-format), for instance {examples[separator]}.",
        )
    if dates.invalid.any():
        rows = np.flatnonzero(dates.invalid)
        findings = [cells.finding(int(row), time) for row in rows[:3]]
        raise located(
            findings,
            f"'{findings[0].value}' does not match the date format of the column ({dates.format})",
            file=cells.file,
            count=len(rows),
            fix="Correct the cell or delete the row.",
        )
    return dates.ds


def unreserved_name(name: str, notes: list[Note]) -> str:
    """Name of a covariate in the series table: its own, unless that is reserved."""
    if name not in (UNIQUE_ID, DS, Y, CUTOFF, LINE):
        return name
    notes.append(Note(f"column '{name}' renamed to '{name}_'", f"'{name}' is a reserved name"))
    return f"{name}_"
