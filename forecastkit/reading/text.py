"""From the bytes of a CSV file to records: cells as text, each with its line in the file."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass

from forecastkit.errors import DataError, Finding, OptionError, located
from forecastkit.notes import Note
from forecastkit.reading.months import looks_like_a_date
from forecastkit.reading.numbers import looks_like_a_number

DELIMITERS = (",", ";", "\t", "|")
_BYTE_ORDER_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_LINES_TO_LOOK_AT = 60
# bytes that no text holds: control characters but for tab, line ends and form feed
_CONTROL = bytes(set(range(32)) - {9, 10, 12, 13, 26, 27}) + b"\x7f"
_MAX_CONTROL = 0.01
_LONGEST_CELL = 2**27
_WRAPPED = re.compile(r'^="(.*)"$', re.DOTALL)


@dataclass(frozen=True)
class Records:
    """The lines of a file, split into cells.

    Attributes
    ----------
    file : str
        Name of the file, for messages.
    rows : list of list of str
        Without empty lines.
    lines : list of int
        Line number in the file where each row starts; the first line is line 1.
    delimiter : str
    notes : list of (str, str)
        What was assumed, and why.
    """

    file: str
    rows: list[list[str]]
    lines: list[int]
    delimiter: str
    notes: list[Note]


def decoded(data: bytes, name: str, encoding: str | None) -> tuple[str, list[Note]]:
    """Turn bytes into text; the encoding is found where it is not given, and noted.

    Raises
    ------
    DataError
        If the bytes are no text, or not in that encoding.
    """
    mark = next((code for mark, code in _BYTE_ORDER_MARKS.items() if data.startswith(mark)), None)
    wide = _utf_16_without_mark(data)
    used = encoding or mark or wide or "utf-8"
    if used.startswith("utf-8"):  # blocks are filled up with zeros when a disk fails
        data = data.rstrip(b"\x00")
    if b"\x00" in data and not used.lower().replace("_", "-").startswith(("utf-16", "utf-32")):
        raise DataError(
            "The file contains NUL bytes: it is not a text file.",
            file=name,
            row=_line_of(data, data.index(b"\x00")),
            fix="Export it as CSV (text) from the program that created it.",
        )
    head = data[:100_000]
    if used.startswith("utf-8") and len(head) - len(head.translate(None, _CONTROL)) > (
        _MAX_CONTROL * len(head)
    ):
        raise DataError(
            "The file contains control characters: it is not a text file.",
            file=name,
            fix="Export it as CSV (text) from the program that created it.",
        )
    if data.endswith(b"\x1a"):  # the end of a file, as DOS wrote it
        data = data[:-1]
    try:
        text = data.decode(used)
    except (UnicodeDecodeError, LookupError, ValueError) as error:
        if encoding is not None or mark or wide:
            raise DataError(
                f"The file cannot be decoded as '{used}': {error}.",
                file=name,
                row=_line_of(data, error.start) if isinstance(error, UnicodeDecodeError) else None,
                value=used,
                fix="Set the right encoding with encoding (--encoding), for instance cp1252.",
            ) from error
        return _of_one_byte(data, name, error)
    if used in ("utf-8", "utf-8-sig"):
        return text, []
    why = "as specified" if encoding else "byte order mark" if mark else "every other byte is zero"
    return text.removeprefix("\ufeff"), [Note(f"encoding {used}", why)]


def _utf_16_without_mark(data: bytes) -> str | None:
    head = data[:2000]
    if len(head) < 4 or b"\x00" not in head:
        return None
    even, odd = head[::2].count(0), head[1::2].count(0)
    half = len(head) // 2
    if odd > 0.9 * half and even == 0:
        return "utf-16-le"
    return "utf-16-be" if even > 0.9 * half and odd == 0 else None


def _of_one_byte(data: bytes, name: str, error: Exception) -> tuple[str, list[Note]]:
    """Read text of a byte a character, unless it is UTF-8 with a few damaged bytes."""
    text = data.decode("utf-8", errors="surrogateescape")
    wrong = [place for place, letter in enumerate(text) if "\udc80" <= letter <= "\udcff"]
    right = len(text) - len(text.encode("ascii", errors="ignore")) - len(wrong)
    if right >= len(wrong):
        place = wrong[0]
        raise DataError(
            f"The file is UTF-8 except for {len(wrong)} invalid byte{'s' * (len(wrong) > 1)} "
            f"(first: 0x{ord(text[place]) - 0xDC00:02x}).",
            file=name,
            row=text.count("\n", 0, place) + 1,
            fix="Correct it, or set another encoding (--encoding), for instance cp1252.",
        ) from error
    try:
        return data.decode("cp1252"), [Note("encoding cp1252", "not valid UTF-8")]
    except UnicodeDecodeError:
        return data.decode("latin-1"), [Note("encoding latin-1", "neither valid UTF-8 nor cp1252")]


def _line_of(data: bytes, place: int) -> int:
    return data.count(b"\n", 0, place) + 1


def split(text: str, name: str, delimiter: str | None = None) -> Records:
    """Split text into records of cells.

    Parameters
    ----------
    text : str
    name : str
        Of the file.
    delimiter : str, optional
        Found from the text when left out.

    Raises
    ------
    OptionError
        If the delimiter is not one character.
    DataError
        If the text is empty, or a quote is never closed.
    """
    delimiter = _checked_delimiter(delimiter)
    notes: list[Note] = []
    if not text.strip("\ufeff\x1a \t\r\n\f"):
        raise DataError("The file is empty.", file=name, fix="Add a header and rows.")
    said = re.match(r'"?sep=(.)"?\r?\n', text)
    skipped = 0
    if said and delimiter is None:
        delimiter, text, skipped = said.group(1), text[said.end() :], 1
        notes.append(Note(f"delimiter {delimiter!r}", "set in the first line"))
    elif delimiter is None:
        delimiter = _delimiter(text)
        if delimiter != ",":
            why = "gives most lines the same number of cells"
            notes.append(Note(f"delimiter {delimiter!r}", why))
    rows, lines = _records(text, delimiter, name, skipped)
    if '="' in text:
        rows = _unwrapped(rows, notes)
    return Records(name, rows, lines, delimiter, notes)


def _checked_delimiter(delimiter: str | None) -> str | None:
    if delimiter in (r"\t", "tab"):
        return "\t"
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
        raise OptionError(
            f"The delimiter {delimiter!r} is not a single character.",
            value=delimiter,
            fix="Use one character, for instance ';', or \\t for a tab.",
        )
    return delimiter


def _records(
    text: str, delimiter: str, name: str, skipped: int
) -> tuple[list[list[str]], list[int]]:
    """Rows that are not empty, and the line on which each starts."""
    rows: list[list[str]] = []
    lines: list[int] = []
    head = text[:100_000]
    spaced = delimiter + ' "' in head and head.count(delimiter) == head.count(delimiter + " ")
    old_limit = csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=spaced
    )
    start = skipped + 1
    try:
        for row in reader:
            if row and row[0].startswith("\ufeff"):  # files put together, each with its mark
                row[0] = row[0].removeprefix("\ufeff")
            if any(cell.strip() for cell in row):
                rows.append(row)
                lines.append(start)
            start = skipped + reader.line_num + 1
    except csv.Error as error:
        raise _broken(str(error), name, start, skipped + reader.line_num) from error
    finally:
        csv.field_size_limit(old_limit)
    return rows, lines


def _unwrapped(rows: list[list[str]], notes: list[Note]) -> list[list[str]]:
    """Take the cells out of ="...", as spreadsheets keep text from being read as numbers."""
    found = [[_WRAPPED.sub(r"\1", cell) for cell in row] for row in rows]
    if found != rows:
        notes.append(Note('="..." around cells removed', "spreadsheet notation for text"))
    return found


def _broken(message: str, name: str, start: int, reached: int) -> DataError:
    if "expected after" in message:
        return DataError(
            "There is a quote inside a quoted cell"
            + (f" that ends in row {reached}." if reached > start else "."),
            file=name,
            row=start,
            fix="Close the cell before the delimiter, or double the quote inside it.",
        )
    if "unexpected end" in message or "field larger" in message:
        return DataError(
            "A quote opened here is never closed.",
            file=name,
            row=start,
            fix="Close the quote, or delete it.",
        )
    return DataError(
        f"The file cannot be split into cells: {message}.",
        file=name,
        row=start,
        fix="Correct the line, or quote cells that contain the delimiter.",
    )


def _delimiter(text: str) -> str:
    """The delimiter that splits the first lines most evenly into cells that mean something."""
    head = text[:200_000]
    whole = len(head) == len(text)
    lines = io.StringIO(head, newline="").readlines()
    lines = [line for line in (lines if whole else lines[:-1]) if line.strip()]
    lines = lines[:_LINES_TO_LOOK_AT] or [head]

    def worth(delimiter: str) -> tuple[float, int]:
        try:
            rows = [row for row in csv.reader(lines, delimiter=delimiter) if row]
        except csv.Error:
            return 0.0, 0
        counts = Counter(len(row) for row in rows)
        width, count = max(counts.items(), key=lambda one: (one[1] * (one[0] > 1), one[1]))
        if width < 2:
            return 0.0, 0
        cells = [cell.strip() for row in rows if len(row) == width for cell in row]
        known = sum(
            not cell or looks_like_a_number(cell) or looks_like_a_date(cell) for cell in cells
        )
        return round(count / len(rows) * (1 + known / len(cells)), 6), width

    return max(DELIMITERS, key=worth)


def ragged(rows: list[tuple[int, int]], width: int, name: str, more_than_header: bool) -> DataError:
    """Make the error of lines that have other numbers of cells than the header.

    Parameters
    ----------
    rows : list of (line, number of cells)
    width : int
        Cells of the header.
    name : str
        Of the file.
    more_than_header : bool
        Whether the first of them has more cells.
    """
    fix = (
        "Quote cells that contain the delimiter, or correct the line."
        if more_than_header
        else "Add the missing cells; empty ones need their delimiter, too."
    )
    n = rows[0][1]
    return located(
        [Finding(line) for line, _ in rows[:3]],
        f"the line has {n} cell{'s' * (n > 1)}, the header has {width}",
        file=name,
        count=len(rows),
        fix=fix,
    )
