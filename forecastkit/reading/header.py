"""The header of a table of text: which row it is, and the column names in it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from forecastkit.errors import DataError
from forecastkit.reading.months import looks_like_a_date
from forecastkit.reading.names import is_known
from forecastkit.reading.numbers import MISSING_WORDS, looks_like_a_number
from forecastkit.reading.wide import first_period

# maximum rows, and cells, from which the types of the columns are inferred
_MAX_ROWS, _MAX_CELLS = 200, 20_000
_UNIT = re.compile(r"\(.*\)|\[.*\]")

Rows = list[list[str]]


@dataclass(frozen=True)
class Body:
    """The shape of most rows: number of cells, and type of each column."""

    width: int
    kinds: str  # a letter a column: D for dates, N for numbers, T for text

    @classmethod
    def of(cls, rows: Rows) -> Body:
        """Infer the width and the type of each column from the rows."""
        counts = Counter(len(row) for row in rows)
        width = max(counts, key=lambda one: (counts[one], one))
        some = [row for row in rows[len(rows) // 3 :] if len(row) == width]
        most = min(_MAX_ROWS, max(20, _MAX_CELLS // width))
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


def header_at(rows: Rows, body: Body) -> int | None:
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


def header_names(rows: Rows, lines: list[int], at: int, body: Body) -> tuple[list[str], int, int]:
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


def check_header(columns: list[str], name: str, line: int) -> None:
    """Raise `DataError` if two columns have the same name."""
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


def no_header(row: list[str], name: str, line: int) -> DataError:
    """Error for a file whose first line is data."""
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
