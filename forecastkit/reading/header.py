"""Detection of the header row, and the column names in it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from forecastkit.errors import DataError
from forecastkit.reading.column_names import is_common_name
from forecastkit.reading.months import looks_like_date
from forecastkit.reading.numbers import MISSING_CODES, looks_like_number
from forecastkit.reading.wide import first_period

# maximum numbers of rows and of cells from which column types are inferred
_MAX_ROWS, _MAX_CELLS = 200, 20_000
_UNIT = re.compile(r"\(.*\)|\[.*\]")

Rows = list[list[str]]


@dataclass(frozen=True)
class Body:
    """The shape of most rows: number of cells, and type of each column."""

    width: int
    types: str  # one letter per column: D for dates, N for numbers, T for text

    @classmethod
    def of(cls, rows: Rows) -> Body:
        """Infer the width and the type of each column from the rows."""
        counts = Counter(len(row) for row in rows)
        width = max(counts, key=lambda n_cells: (counts[n_cells], n_cells))
        sample = [row for row in rows[len(rows) // 3 :] if len(row) == width]
        max_rows = min(_MAX_ROWS, max(20, _MAX_CELLS // width))
        sample = sample[:: max(1, len(sample) // max_rows)]
        return cls(width, "".join(_column_type([row[k] for row in sample]) for k in range(width)))

    def is_data(self, row: list[str]) -> bool:
        """Whether a row matches the body: all its dates, or else more than half of its numbers."""
        if len(row) != self.width:
            return False
        date_columns = [k for k, column_type in enumerate(self.types) if column_type == "D"]
        if date_columns:
            return all(looks_like_date(row[k]) for k in date_columns)
        number_columns = [k for k, column_type in enumerate(self.types) if column_type == "N"]
        n_numeric = sum(looks_like_number(row[k]) for k in number_columns)
        return n_numeric > len(number_columns) / 2

    def has_numeric_names(self, row: list[str]) -> bool:
        """Whether a row is a header with numeric names: a common name above numbers or dates."""
        if len(row) != self.width or not any(
            looks_like_number(cell) or looks_like_date(cell) for cell in row
        ):
            return False
        pairs = zip(row, self.types, strict=True)
        return any(is_common_name(cell) and column_type != "T" for cell, column_type in pairs)

    def is_header(self, row: list[str]) -> bool:
        """Whether a row may be a header: only text, in at least half of the cells."""
        if len(row) not in (self.width, self.width - 1):
            return False
        filled = [cell for cell in row if cell.strip()]
        is_text = not any(looks_like_number(cell) or looks_like_date(cell) for cell in filled)
        return is_text and 2 * len(filled) >= len(row)


def _column_type(cells: Sequence[str]) -> str:
    filled = [cell for cell in cells if cell.strip() not in MISSING_CODES]
    if not filled:
        return "T"
    if 2 * sum(looks_like_date(cell) for cell in filled) > len(filled):
        return "D"
    return "N" if 2 * sum(looks_like_number(cell) for cell in filled) > len(filled) else "T"


def find_header(rows: Rows, body: Body) -> int | None:
    """Index of the header row; None if the first row is data."""
    if len(rows) > 1 and len(rows[0]) == body.width and first_period(rows[0]) is not None:
        return 0  # one column per period
    if len(rows) > 1 and body.has_numeric_names(rows[0]):
        return 0
    start = next((k for k, row in enumerate(rows) if body.is_data(row)), None)
    if start is None:
        start = min(len(rows), 1)
    if start == 0:
        return None
    before = range(start)
    candidates = [k for k in before if body.is_header(rows[k])]
    common = [k for k in candidates if any(is_common_name(cell) for cell in rows[k])]
    if common:  # a title may be a common name, too: choose the row with most names
        return max(common, key=lambda k: (sum(map(bool, rows[k])), -k))
    if candidates:  # the first of consecutive candidates; the others are rows with invalid cells
        position = len(candidates) - 1
        while (
            position
            and candidates[position - 1] == candidates[position] - 1
            and _is_full(rows[candidates[position - 1]])
        ):
            position -= 1
        return candidates[position]
    filled = [k for k in before if len(rows[k]) in (body.width, body.width - 1) and any(rows[k])]
    return filled[-1] if filled else start - 1


def _is_full(row: list[str]) -> bool:
    return all(cell.strip() for cell in row) and not row[0].strip().endswith(":")


def read_header(rows: Rows, lines: list[int], index: int, body: Body) -> tuple[list[str], int, int]:
    """Column names, and the indices of the first and last row of the header."""
    names = [cell.strip() for cell in rows[index]]
    if index and lines[index] - lines[index - 1] == 1 and _is_upper_header(rows[index - 1], names):
        return _join_names(_fill_forward(rows[index - 1]), names), index - 1, index
    next_row = rows[index + 1] if index + 1 < len(rows) else []
    if len(next_row) == len(names) and _are_units(next_row) and not body.is_data(next_row):
        return _join_names(names, next_row), index, index + 1
    return names, index, index


def _is_upper_header(row: list[str], names: list[str]) -> bool:
    """Whether the row above the header belongs to it: its names span several columns."""
    if len(row) != len(names) or any(looks_like_number(cell) for cell in row):
        return False
    filled = [cell for cell in row if cell.strip()]
    has_duplicates = len(set(names)) < len(names)
    are_units = all(_UNIT.fullmatch(name) for name in names if name)
    return len(filled) > 1 and (has_duplicates or are_units or "" in names)


def _fill_forward(row: list[str]) -> list[str]:
    names, last = [], ""
    for cell in row:
        last = cell.strip() or last
        names.append(last)
    return names


def _are_units(row: list[str]) -> bool:
    filled = [cell.strip() for cell in row if cell.strip()]
    return bool(filled) and all(_UNIT.fullmatch(cell) for cell in filled)


def _join_names(upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    pairs = zip(upper, lower, strict=True)
    return [" ".join(part.strip() for part in pair if part.strip()) for pair in pairs]


def check_header(columns: list[str], name: str, line: int) -> None:
    """Raise `DataError` if two columns have the same name."""
    duplicates = [column for column, count in Counter(columns).items() if count > 1]
    if duplicates:
        raise DataError(
            f"The header contains the column '{duplicates[0]}' more than once.",
            file=name,
            row=line,
            column=duplicates[0],
            value=duplicates[0],
            fix="Give each column its own name.",
        )


def missing_header_error(row: list[str], name: str, line: int) -> DataError:
    """Return the error for a file whose first line is data."""
    dates = [cell for cell in row if looks_like_date(cell)]
    value = next(iter([*dates, *(cell for cell in row if looks_like_number(cell))]), row[0])
    kind = "timestamp" if looks_like_date(value) else "number"
    return DataError(
        f"The first line is not a header: '{value}' is a {kind}.",
        file=name,
        row=line,
        value=value,
        fix="Add a line with the column names above it.",
    )
