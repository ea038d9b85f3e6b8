"""From records to a rectangle of cells: the header, the body, and the lines around them.

Files have titles above a table, totals and sources below it, headers over two lines, comments and
row numbers. What is skipped is reported with its rows; what could be data is never skipped.
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
    header_at,
    header_names,
    no_header,
)
from forecastkit.reading.months import looks_like_a_date
from forecastkit.reading.numbers import looks_like_a_number
from forecastkit.reading.text import Records, ragged

_TOTAL = re.compile(
    r"(grand |sub|overall |all )?-?(totals?|sum|summe|gesamt|insgesamt|zusammen|totaal"
    r"|total general|somme|suma|totale|average|mean|durchschnitt|mittelwert|moyenne)\s*:?",
    re.IGNORECASE,
)
_INDEX = re.compile(r"(Unnamed: \d+)?")


def to_cells(records: Records) -> Cells:
    """Find the header and the body of a file.

    Raises
    ------
    DataError
        If there is no header or no row below it, lines have different numbers of cells, or two
        columns have the same name.
    """
    name, rows, lines = records.file, records.rows, records.lines
    notes = list(records.notes)
    rows, lines = _without_comments(rows, lines, notes)
    if not rows:
        raise DataError("The file is empty.", file=name, fix="Add a header and rows.")
    body = Body.of(rows[1:] or rows)
    at = header_at(rows, body)
    if at is None:
        raise no_header(rows[0], name, lines[0])
    columns, first, last = header_names(rows, lines, at, body)
    header_line = lines[last]
    if first:
        what = _said(lines[:first], "above the header skipped")
        notes.append(Note(what, "not part of the table"))
    header, rows, lines = rows[at], rows[last + 1 :], lines[last + 1 :]
    rows, lines = _without_repeats_of(header, rows, lines, notes)
    rows, lines = _without_footer(rows, lines, body, notes)
    rows, lines = _without_totals(rows, lines, body, notes)
    if not rows:
        raise DataError(
            f"The file has a header ({', '.join(columns)}) but no rows.",
            file=name,
            row=header_line,
            fix="Add rows below the header.",
        )
    columns, rows = _of_one_width(columns, rows, lines, name, notes)
    table = pd.DataFrame(dict(enumerate(zip(*rows, strict=True))), dtype="str")
    columns, table = _named(columns, table, notes)
    check_header(columns, name, header_line)
    table.columns = pd.Index(columns)
    return Cells(name, columns, table, np.array(lines), tuple(notes), records.delimiter == ",")


def _said(lines: Sequence[int], what: str) -> str:
    rows = ", ".join(map(str, lines[:3])) + (", ..." if len(lines) > 3 else "")
    plural = "s" if len(lines) > 1 else ""
    return f"{len(lines)} line{plural} {what} (row{plural} {rows})"


def _split_off(
    rows: Rows, lines: list[int], drop: Callable[[list[str]], bool]
) -> tuple[Rows, list[int], list[int]]:
    """Leave out rows; also return the lines of those."""
    out = [drop(row) for row in rows]
    if not any(out):
        return rows, lines, []
    kept = [(row, line) for row, line, gone in zip(rows, lines, out, strict=True) if not gone]
    gone = [line for line, gone in zip(lines, out, strict=True) if gone]
    return [row for row, _ in kept], [line for _, line in kept], gone


def _without_comments(rows: Rows, lines: list[int], notes: list[Note]) -> tuple[Rows, list[int]]:
    if not any(row[0].startswith("#") for row in rows):
        return rows, lines
    width = Counter(len(row) for row in rows).most_common(1)[0][0]
    if width == 1:  # a header may begin with the sign; what has numbers below it is one
        first = next((k for k, row in enumerate(rows) if not row[0].startswith("#")), len(rows))
        width = (
            0
            if first > 1 or (first == 1 and len(rows) > 1 and not looks_like_a_number(rows[1][0]))
            else 1
        )

    def is_comment(row: list[str]) -> bool:
        rest = any(cell.strip() for cell in row[1:])
        return row[0].startswith("#") and (len(row) != width or (width > 1 and not rest))

    rows, lines, gone = _split_off(rows, lines, is_comment)
    if gone:
        notes.append(Note(_said(gone, "skipped"), "comments (#)"))
    return rows, lines


def _without_repeats_of(
    header: list[str], rows: Rows, lines: list[int], notes: list[Note]
) -> tuple[Rows, list[int]]:
    plain = [cell.strip() for cell in header]
    rows, lines, gone = _split_off(
        rows,
        lines,
        lambda row: row[0].strip() == plain[0] and [cell.strip() for cell in row] == plain,
    )
    if gone:
        notes.append(Note(_said(gone, "skipped"), "repeated header"))
    return rows, lines


def _without_footer(
    rows: Rows, lines: list[int], body: Body, notes: list[Note]
) -> tuple[Rows, list[int]]:
    """Leave out last lines that are a text alone; one that begins like a row is no such line."""
    end = len(rows)
    while end and body.width > 1 and _is_footer(rows[end - 1], body):
        end -= 1
    if end < len(rows):
        notes.append(Note(_said(lines[end:], "below the table skipped"), "text only"))
    return rows[:end], lines[:end]


def _is_footer(row: list[str], body: Body) -> bool:
    filled = [cell.strip() for cell in row if cell.strip()]
    alone = len(filled) == 1 or " " in "".join(filled[:1])
    return (
        alone
        and bool(row[0].strip())
        and not any(looks_like_a_date(cell) or looks_like_a_number(cell) for cell in filled)
        and any(kind != "T" for kind in body.kinds)
    )


def _without_totals(
    rows: Rows, lines: list[int], body: Body, notes: list[Note]
) -> tuple[Rows, list[int]]:
    """Leave out sums: a word for a sum, and no date where all others have one."""
    dates = [k for k, kind in enumerate(body.kinds) if kind == "D"]
    others = [k for k, kind in enumerate(body.kinds) if kind != "D"][:2]
    keys = dates or [k for k in others if body.kinds[k] == "N"][:1]

    def is_total(row: list[str]) -> bool:
        if not any(k < len(row) and not row[k][:1].isdigit() for k in keys):
            return False  # nearly all rows
        if any(k < len(row) and _TOTAL.fullmatch(row[k].strip()) for k in keys):
            return True
        dated = any(k < len(row) and row[k].strip() for k in dates)
        texts = [row[k].strip() for k in others if k < len(row)]
        return bool(dates) and not dated and any(map(_TOTAL.fullmatch, texts))

    rows, lines, gone = _split_off(rows, lines, is_total)
    if gone:
        notes.append(Note(_said(gone, "skipped"), "totals of other rows"))
    return rows, lines


def _of_one_width(
    columns: list[str], rows: Rows, lines: list[int], name: str, notes: list[Note]
) -> tuple[list[str], Rows]:
    """Make all rows as wide as the header, where nothing but empty cells is in the way."""
    width = len(columns)
    while columns and not columns[-1] and all(not any(row[width - 1 :]) for row in rows):
        columns, width = columns[:-1], width - 1
    if all(len(row) == width + 1 for row in rows) and all(row[-1] for row in rows):
        firsts = [row[0] for row in rows]
        if width > 1 and _counts(firsts):
            notes.append(Note("first column dropped", "row numbers without a name"))
            return columns, [row[1:] for row in rows]
    cut = [
        row[:width] if len(row) > width and not any(c.strip() for c in row[width:]) else row
        for row in rows
    ]
    odd = [(line, len(row)) for line, row in zip(lines, cut, strict=True) if len(row) != width]
    if odd:
        raise ragged(odd, width, name, odd[0][1] > width)
    return columns, cut


def _counts(cells: Sequence[str]) -> bool:
    """Whether cells are whole numbers, each one more than the one before it."""
    if not all(cell.isascii() and cell.isdigit() and len(cell) < 12 for cell in cells):
        return False
    numbers = np.array(cells, dtype=np.int64)
    return numbers[0] in (0, 1) and bool((np.diff(numbers) == 1).all())


def _named(
    columns: list[str], table: pd.DataFrame, notes: list[Note]
) -> tuple[list[str], pd.DataFrame]:
    """Leave out columns without a name that are empty or count the rows; name the others."""
    kept, names = [], []
    for k, name in enumerate(columns):
        if not _INDEX.fullmatch(name):
            kept.append(k)
            names.append(name)
            continue
        cells = table[k]
        if (cells == "").all():
            continue
        if len(columns) > 1 and _counts(cells.tolist()):
            what = f"column {k + 1}{f' ({name})' * bool(name)} dropped"
            notes.append(Note(what, "row numbers without a name"))
            continue
        kept.append(k)
        names.append(name or f"column {k + 1}")
        if not name:
            notes.append(Note(f"column {k + 1} named '{names[-1]}'", "it has no name"))
    return names, table[kept]
