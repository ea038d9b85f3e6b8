"""Extraction of a rectangular table from the records of a file.

Titles above the table, comments, repeated headers, totals, footnotes and row numbers are skipped
and reported; a row that could be data is never skipped.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from forecastkit.errors import DataError
from forecastkit.notes import Note
from forecastkit.reading.cells import Cells
from forecastkit.reading.header import (
    Body,
    Rows,
    check_header,
    find_header,
    missing_header_error,
    read_header,
)
from forecastkit.reading.months import looks_like_date
from forecastkit.reading.numbers import looks_like_number
from forecastkit.reading.text import Records, ragged_lines_error

_TOTAL_LABEL = re.compile(
    r"(grand |sub|overall |all )?-?(totals?|sum|summe|gesamt|insgesamt|zusammen|totaal"
    r"|total general|somme|suma|totale|average|mean|durchschnitt|mittelwert|moyenne)\s*:?",
    re.IGNORECASE,
)
_UNNAMED = re.compile(r"(Unnamed: \d+)?")


def extract_cells(records: Records) -> Cells:
    """Detect the header and extract the table below it.

    Raises
    ------
    DataError
        If there is no header or no row below it, the number of cells per line differs, or two
        columns have the same name.
    """
    name, rows, lines = records.file, records.rows, records.lines
    notes = list(records.notes)
    rows, lines = _drop_comments(rows, lines, notes)
    if not rows:
        raise DataError("The file is empty.", file=name, fix="Add a header and rows.")
    body = Body.of(rows[1:] or rows)
    header_index = find_header(rows, body)
    if header_index is None:
        raise missing_header_error(rows[0], name, lines[0])
    columns, first, last = read_header(rows, lines, header_index, body)
    header_line = lines[last]
    if first:
        description = _describe_lines(lines[:first], "above the header skipped")
        notes.append(Note(description, "not part of the table"))
    header, rows, lines = rows[header_index], rows[last + 1 :], lines[last + 1 :]
    rows, lines = _drop_repeated_headers(header, rows, lines, notes)
    rows, lines = _drop_footer(rows, lines, body, notes)
    rows, lines = _drop_totals(rows, lines, body, notes)
    if not rows:
        raise DataError(
            f"The file has a header ({', '.join(columns)}) but no rows.",
            file=name,
            row=header_line,
            fix="Add rows below the header.",
        )
    columns, rows = _equalize_widths(columns, rows, lines, name, notes)
    table = pd.DataFrame(dict(enumerate(zip(*rows, strict=True))), dtype="str")
    columns, table = _name_columns(columns, table, notes)
    check_header(columns, name, header_line)
    table.columns = pd.Index(columns)
    return Cells(name, columns, table, np.array(lines), tuple(notes), records.delimiter == ",")


def _describe_lines(lines: Sequence[int], action: str) -> str:
    rows = ", ".join(map(str, lines[:3])) + (", ..." if len(lines) > 3 else "")
    plural = "s" if len(lines) > 1 else ""
    return f"{len(lines)} line{plural} {action} (row{plural} {rows})"


def _drop_rows(
    rows: Rows, lines: list[int], drop: Callable[[list[str]], bool]
) -> tuple[Rows, list[int], list[int]]:
    """Drop rows; also return the line numbers of the dropped ones."""
    mask = [drop(row) for row in rows]
    if not any(mask):
        return rows, lines, []
    remaining = [
        (row, line) for row, line, dropped in zip(rows, lines, mask, strict=True) if not dropped
    ]
    dropped_lines = [line for line, dropped in zip(lines, mask, strict=True) if dropped]
    return [row for row, _ in remaining], [line for _, line in remaining], dropped_lines


def _drop_comments(rows: Rows, lines: list[int], notes: list[Note]) -> tuple[Rows, list[int]]:
    if not any(row[0].startswith("#") for row in rows):
        return rows, lines
    width = Counter(len(row) for row in rows).most_common(1)[0][0]
    if width == 1:  # a header may start with #, too: numbers follow it
        first = next((k for k, row in enumerate(rows) if not row[0].startswith("#")), len(rows))
        width = (
            0
            if first > 1 or (first == 1 and len(rows) > 1 and not looks_like_number(rows[1][0]))
            else 1
        )

    def is_comment(row: list[str]) -> bool:
        has_other_cells = any(cell.strip() for cell in row[1:])
        return row[0].startswith("#") and (len(row) != width or (width > 1 and not has_other_cells))

    rows, lines, dropped = _drop_rows(rows, lines, is_comment)
    if dropped:
        notes.append(Note(_describe_lines(dropped, "skipped"), "comments (#)"))
    return rows, lines


def _drop_repeated_headers(
    header: list[str], rows: Rows, lines: list[int], notes: list[Note]
) -> tuple[Rows, list[int]]:
    names = [cell.strip() for cell in header]
    rows, lines, dropped = _drop_rows(
        rows,
        lines,
        lambda row: row[0].strip() == names[0] and [cell.strip() for cell in row] == names,
    )
    if dropped:
        notes.append(Note(_describe_lines(dropped, "skipped"), "repeated header"))
    return rows, lines


def _drop_footer(
    rows: Rows, lines: list[int], body: Body, notes: list[Note]
) -> tuple[Rows, list[int]]:
    """Drop final lines that contain only text; lines that start like a row are kept."""
    end = len(rows)
    while end and body.width > 1 and _is_footer(rows[end - 1], body):
        end -= 1
    if end < len(rows):
        notes.append(Note(_describe_lines(lines[end:], "below the table skipped"), "text only"))
    return rows[:end], lines[:end]


def _is_footer(row: list[str], body: Body) -> bool:
    filled = [cell.strip() for cell in row if cell.strip()]
    is_sentence = len(filled) == 1 or " " in "".join(filled[:1])
    return (
        is_sentence
        and bool(row[0].strip())
        and not any(looks_like_date(cell) or looks_like_number(cell) for cell in filled)
        and any(column_type != "T" for column_type in body.types)
    )


def _drop_totals(
    rows: Rows, lines: list[int], body: Body, notes: list[Note]
) -> tuple[Rows, list[int]]:
    """Drop totals: rows labelled as a total that lack the date of all other rows."""
    date_columns = [k for k, column_type in enumerate(body.types) if column_type == "D"]
    other_columns = [k for k, column_type in enumerate(body.types) if column_type != "D"][:2]
    key_columns = date_columns or [k for k in other_columns if body.types[k] == "N"][:1]

    def is_total(row: list[str]) -> bool:
        if not any(k < len(row) and not row[k][:1].isdigit() for k in key_columns):
            return False  # the common case
        if any(k < len(row) and _TOTAL_LABEL.fullmatch(row[k].strip()) for k in key_columns):
            return True
        has_date = any(k < len(row) and row[k].strip() for k in date_columns)
        labels = [row[k].strip() for k in other_columns if k < len(row)]
        return bool(date_columns) and not has_date and any(map(_TOTAL_LABEL.fullmatch, labels))

    rows, lines, dropped = _drop_rows(rows, lines, is_total)
    if dropped:
        notes.append(Note(_describe_lines(dropped, "skipped"), "totals of other rows"))
    return rows, lines


def _equalize_widths(
    columns: list[str], rows: Rows, lines: list[int], name: str, notes: list[Note]
) -> tuple[list[str], Rows]:
    """Trim rows to the width of the header if the excess cells are empty."""
    width = len(columns)
    while columns and not columns[-1] and all(not any(row[width - 1 :]) for row in rows):
        columns, width = columns[:-1], width - 1
    if all(len(row) == width + 1 for row in rows) and all(row[-1] for row in rows):
        first_cells = [row[0] for row in rows]
        if width > 1 and _are_row_numbers(first_cells):
            notes.append(Note("first column dropped", "row numbers without a name"))
            return columns, [row[1:] for row in rows]
    trimmed = [
        row[:width] if len(row) > width and not any(cell.strip() for cell in row[width:]) else row
        for row in rows
    ]
    mismatched = [
        (line, len(row)) for line, row in zip(lines, trimmed, strict=True) if len(row) != width
    ]
    if mismatched:
        raise ragged_lines_error(mismatched, width, name, mismatched[0][1] > width)
    return columns, trimmed


def _are_row_numbers(cells: Sequence[str]) -> bool:
    """Whether cells are consecutive integers that start at 0 or 1."""
    if not all(cell.isascii() and cell.isdigit() and len(cell) < 12 for cell in cells):
        return False
    numbers = np.array(cells, dtype=np.int64)
    return numbers[0] in (0, 1) and bool((np.diff(numbers) == 1).all())


def _name_columns(
    columns: list[str], table: pd.DataFrame, notes: list[Note]
) -> tuple[list[str], pd.DataFrame]:
    """Drop unnamed columns that are empty or number the rows; name the others."""
    positions, names = [], []
    for k, name in enumerate(columns):
        if not _UNNAMED.fullmatch(name):
            positions.append(k)
            names.append(name)
            continue
        cells = table[k]
        if (cells == "").all():
            continue
        if len(columns) > 1 and _are_row_numbers(cells.tolist()):
            description = f"column {k + 1}{f' ({name})' * bool(name)} dropped"
            notes.append(Note(description, "row numbers without a name"))
            continue
        positions.append(k)
        names.append(name or f"column {k + 1}")
        if not name:
            notes.append(Note(f"column {k + 1} named '{names[-1]}'", "it has no name"))
    return names, table[positions]
