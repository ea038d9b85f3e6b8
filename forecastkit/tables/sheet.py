"""From records to a rectangle of cells: header, body, and what stands around them.

People write titles above a table, sums and sources below it, headers over two lines, comments
between, and row numbers beside it. What is left out is noted with its rows; what could be data is
never left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from forecastkit.errors import DataError, Finding
from forecastkit.tables.months import looks_like_a_date
from forecastkit.tables.names import is_known
from forecastkit.tables.numbers import MISSING_WORDS, looks_like_a_number
from forecastkit.tables.text import Note, Records, ragged
from forecastkit.tables.transposed import first_period

_ROWS_TO_LOOK_AT, _CELLS_TO_LOOK_AT = 200, 20_000
_TOTAL = re.compile(
    r"(grand |sub|overall |all )?-?(totals?|sum|summe|gesamt|insgesamt|zusammen|totaal"
    r"|total general|somme|suma|totale|average|mean|durchschnitt|mittelwert|moyenne)\s*:?",
    re.IGNORECASE,
)
_UNIT = re.compile(r"\(.*\)|\[.*\]")
_INDEX = re.compile(r"(Unnamed: \d+)?")

Rows = list[list[str]]


@dataclass(frozen=True)
class Cells:
    """The cells of a file, as text.

    Attributes
    ----------
    file : str
        Name of the file, for messages.
    columns : list of str
        The header.
    table : DataFrame of str
        One column a header entry, one row a line that is not empty.
    lines : ndarray of int, shape (n_rows,)
        Line number in the file of each row; the first line is line 1.
    notes : tuple of (str, str)
        What was assumed, and why.
    commas : bool
        Whether commas stand between the cells.
    moments : dict of str to Series
        Columns that hold timestamps already, beside their text.
    places : dict of str to ndarray of str
        For columns that were put together from several: which of them each cell stands in.
    """

    file: str
    columns: list[str]
    table: pd.DataFrame
    lines: np.ndarray
    notes: tuple[Note, ...]
    commas: bool = True
    moments: dict[str, pd.Series] = field(default_factory=dict)
    places: dict[str, np.ndarray] = field(default_factory=dict)

    def finding(self, row: int, column: str) -> Finding:
        """Place and text of a cell."""
        name = str(self.places[column][row]) if column in self.places else column
        return Finding(int(self.lines[row]), name, str(self.table[column].iloc[row]))


@dataclass(frozen=True)
class _Body:
    """What most rows are: so many cells, and what each column holds."""

    width: int
    kinds: str  # a letter a column: D for dates, N for numbers, T for text

    @classmethod
    def of(cls, rows: Rows) -> _Body:
        counts = Counter(len(row) for row in rows)
        width = max(counts, key=lambda one: (counts[one], one))
        some = [row for row in rows[len(rows) // 3 :] if len(row) == width]
        most = min(_ROWS_TO_LOOK_AT, max(20, _CELLS_TO_LOOK_AT // width))
        some = some[:: max(1, len(some) // most)]
        return cls(width, "".join(_kind([row[k] for row in some]) for k in range(width)))

    def is_data(self, row: list[str]) -> bool:
        """Whether a row holds dates where the body has some, otherwise most of its numbers."""
        if len(row) != self.width:
            return False
        dates = [k for k, kind in enumerate(self.kinds) if kind == "D"]
        if dates:
            return all(looks_like_a_date(row[k]) for k in dates)
        numbers = [k for k, kind in enumerate(self.kinds) if kind == "N"]
        found = sum(looks_like_a_number(row[k]) for k in numbers)
        return found > len(numbers) / 2

    def names_numbers(self, row: list[str]) -> bool:
        """Whether a row has numbers as names, and a usual name above numbers or dates."""
        if len(row) != self.width or not any(
            looks_like_a_number(c) or looks_like_a_date(c) for c in row
        ):
            return False
        pairs = zip(row, self.kinds, strict=True)
        return any(is_known(cell) and kind != "T" for cell, kind in pairs)

    def is_header(self, row: list[str]) -> bool:
        """Whether a row may name the columns: texts, in at least half of them."""
        if len(row) not in (self.width, self.width - 1):
            return False
        filled = [cell for cell in row if cell.strip()]
        plain = not any(looks_like_a_number(cell) or looks_like_a_date(cell) for cell in filled)
        return plain and 2 * len(filled) >= len(row)


def _kind(cells: Sequence[str]) -> str:
    filled = [cell for cell in cells if cell.strip() not in MISSING_WORDS]
    if not filled:
        return "T"
    if 2 * sum(looks_like_a_date(cell) for cell in filled) > len(filled):
        return "D"
    return "N" if 2 * sum(looks_like_a_number(cell) for cell in filled) > len(filled) else "T"


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
    body = _Body.of(rows[1:] or rows)
    at = _header_at(rows, body)
    if at is None:
        raise _no_header(rows[0], name, lines[0])
    columns, first, last = _names(rows, lines, at, body)
    header_line = lines[last]
    if first:
        what = _said(lines[:first], "above the header skipped")
        notes.append((what, "not part of the table"))
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
    _check_header(columns, name, header_line)
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
        notes.append((_said(gone, "skipped"), "comments (#)"))
    return rows, lines


def _header_at(rows: Rows, body: _Body) -> int | None:
    """Number of the row that names the columns; None where the first row is data."""
    if len(rows) > 1 and len(rows[0]) == body.width and first_period(rows[0]) is not None:
        return 0  # a column a period
    if len(rows) > 1 and body.names_numbers(rows[0]):
        return 0
    start = next((k for k, row in enumerate(rows) if body.is_data(row)), None)
    if start is None:
        start = min(len(rows), 1)
    if start == 0:
        return None
    before = range(start)
    texts = [k for k in before if body.is_header(rows[k])]
    known = [k for k in texts if any(is_known(cell) for cell in rows[k])]
    if known:  # a title may be one of the names too: the line that names most
        return max(known, key=lambda k: (sum(map(bool, rows[k])), -k))
    if texts:  # of lines of names below each other, the first; the others are rows with bad cells
        block = len(texts) - 1
        while block and texts[block - 1] == texts[block] - 1 and _is_full(rows[texts[block - 1]]):
            block -= 1
        return texts[block]
    filled = [k for k in before if len(rows[k]) in (body.width, body.width - 1) and any(rows[k])]
    return filled[-1] if filled else start - 1


def _is_full(row: list[str]) -> bool:
    return all(cell.strip() for cell in row) and not row[0].strip().endswith(":")


def _names(rows: Rows, lines: list[int], at: int, body: _Body) -> tuple[list[str], int, int]:
    """Names of the columns, and the first and last row of the header they were taken from."""
    names = [cell.strip() for cell in rows[at]]
    if at and lines[at] - lines[at - 1] == 1 and _is_upper(rows[at - 1], names):
        return _joined(_filled_on(rows[at - 1]), names), at - 1, at
    below = rows[at + 1] if at + 1 < len(rows) else []
    if len(below) == len(names) and _are_units(below) and not body.is_data(below):
        return _joined(names, below), at, at + 1
    return names, at, at


def _is_upper(row: list[str], names: list[str]) -> bool:
    """Whether a line above the header is part of it: names that stand over several columns."""
    if len(row) != len(names) or any(looks_like_a_number(cell) for cell in row):
        return False
    filled = [cell for cell in row if cell.strip()]
    twice = len(set(names)) < len(names)
    units = all(_UNIT.fullmatch(one) for one in names if one)
    return len(filled) > 1 and (twice or units or "" in names)


def _filled_on(row: list[str]) -> list[str]:
    found, last = [], ""
    for cell in row:
        last = cell.strip() or last
        found.append(last)
    return found


def _are_units(row: list[str]) -> bool:
    filled = [cell.strip() for cell in row if cell.strip()]
    return bool(filled) and all(_UNIT.fullmatch(cell) for cell in filled)


def _joined(upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    pairs = zip(upper, lower, strict=True)
    return [" ".join(part.strip() for part in pair if part.strip()) for pair in pairs]


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
        notes.append((_said(gone, "skipped"), "repeated header"))
    return rows, lines


def _without_footer(
    rows: Rows, lines: list[int], body: _Body, notes: list[Note]
) -> tuple[Rows, list[int]]:
    """Leave out last lines that are a text alone; one that begins like a row is no such line."""
    end = len(rows)
    while end and body.width > 1 and _is_footer(rows[end - 1], body):
        end -= 1
    if end < len(rows):
        notes.append((_said(lines[end:], "below the table skipped"), "text only"))
    return rows[:end], lines[:end]


def _is_footer(row: list[str], body: _Body) -> bool:
    filled = [cell.strip() for cell in row if cell.strip()]
    alone = len(filled) == 1 or " " in "".join(filled[:1])
    return (
        alone
        and bool(row[0].strip())
        and not any(looks_like_a_date(cell) or looks_like_a_number(cell) for cell in filled)
        and any(kind != "T" for kind in body.kinds)
    )


def _without_totals(
    rows: Rows, lines: list[int], body: _Body, notes: list[Note]
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
        notes.append((_said(gone, "skipped"), "totals of other rows"))
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
            notes.append(("first column dropped", "row numbers without a name"))
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
            notes.append((what, "row numbers without a name"))
            continue
        kept.append(k)
        names.append(name or f"column {k + 1}")
        if not name:
            notes.append((f"column {k + 1} named '{names[-1]}'", "it has no name"))
    return names, table[kept]


def _check_header(columns: list[str], name: str, line: int) -> None:
    twice = [column for column, count in Counter(columns).items() if count > 1]
    if twice:
        raise DataError(
            f"The header contains the column '{twice[0]}' more than once.",
            file=name,
            row=line,
            column=twice[0],
            value=twice[0],
            fix="Give each column its own name.",
        )


def _no_header(row: list[str], name: str, line: int) -> DataError:
    dates = [cell for cell in row if looks_like_a_date(cell)]
    value = next(iter([*dates, *(cell for cell in row if looks_like_a_number(cell))]), row[0])
    kind = "timestamp" if looks_like_a_date(value) else "number"
    return DataError(
        f"The first line is not a header: '{value}' is a {kind}.",
        file=name,
        row=line,
        value=value,
        fix="Add a line with the column names above it.",
    )
