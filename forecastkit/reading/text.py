"""Decode the bytes of a CSV file and split the text into records with line numbers."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass

from forecastkit.errors import DataError, Finding, OptionError, located
from forecastkit.notes import Note
from forecastkit.reading.months import looks_like_date
from forecastkit.reading.numbers import looks_like_number

DELIMITERS = (",", ";", "\t", "|")
_BYTE_ORDER_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_MAX_SAMPLED_LINES = 60
# bytes that do not occur in text: control characters except tab, line endings and form feed
_CONTROL_CHARACTERS = bytes(set(range(32)) - {9, 10, 12, 13, 26, 27}) + b"\x7f"
_MAX_CONTROL_SHARE = 0.01
_MAX_CELL_LENGTH = 2**27
_FORMULA_TEXT = re.compile(r'^="(.*)"$', re.DOTALL)


@dataclass(frozen=True)
class Records:
    """The lines of a file, split into cells.

    Attributes
    ----------
    file : str
        Name of the file, for messages.
    rows : list of list of str
        Cells of each line that is not empty.
    lines : list of int
        Line number in the file where each row starts; the first line is line 1.
    delimiter : str
    notes : list of Note
        Assumptions, with their reasons.
    """

    file: str
    rows: list[list[str]]
    lines: list[int]
    delimiter: str
    notes: list[Note]


def decode_text(data: bytes, name: str, encoding: str | None) -> tuple[str, list[Note]]:
    """Decode bytes; the encoding is inferred, and reported, unless it is given.

    Raises
    ------
    DataError
        If the bytes are not text, or not in the given encoding.
    """
    marks = _BYTE_ORDER_MARKS.items()
    bom = next((code for mark, code in marks if data.startswith(mark)), None)
    utf_16 = _utf_16_without_bom(data)
    codec = encoding or bom or utf_16 or "utf-8"
    if codec.startswith("utf-8"):  # a failing disk pads blocks with zeros
        data = data.rstrip(b"\x00")
    if b"\x00" in data and not codec.lower().replace("_", "-").startswith(("utf-16", "utf-32")):
        raise DataError(
            "The file contains NUL bytes: it is not a text file.",
            file=name,
            row=_line_number(data, data.index(b"\x00")),
            fix="Export it as CSV (text) from the program that created it.",
        )
    head = data[:100_000]
    if codec.startswith("utf-8") and len(head) - len(head.translate(None, _CONTROL_CHARACTERS)) > (
        _MAX_CONTROL_SHARE * len(head)
    ):
        raise DataError(
            "The file contains control characters: it is not a text file.",
            file=name,
            fix="Export it as CSV (text) from the program that created it.",
        )
    if data.endswith(b"\x1a"):  # DOS end-of-file character
        data = data[:-1]
    try:
        text = data.decode(codec)
    except (UnicodeDecodeError, LookupError, ValueError) as error:
        if encoding is not None or bom or utf_16:
            raise DataError(
                f"The file cannot be decoded as '{codec}': {error}.",
                file=name,
                row=_line_number(data, error.start)
                if isinstance(error, UnicodeDecodeError)
                else None,
                value=codec,
                fix="Set the right encoding with encoding (--encoding), for instance cp1252.",
            ) from error
        return _decode_single_byte(data, name, error)
    if codec in ("utf-8", "utf-8-sig"):
        return text, []
    reason = (
        "as specified" if encoding else "byte order mark" if bom else "every other byte is zero"
    )
    return text.removeprefix("\ufeff"), [Note(f"encoding {codec}", reason)]


def _utf_16_without_bom(data: bytes) -> str | None:
    head = data[:2000]
    if len(head) < 4 or b"\x00" not in head:
        return None
    even_zeros, odd_zeros = head[::2].count(0), head[1::2].count(0)
    half = len(head) // 2
    if odd_zeros > 0.9 * half and even_zeros == 0:
        return "utf-16-le"
    return "utf-16-be" if even_zeros > 0.9 * half and odd_zeros == 0 else None


def _decode_single_byte(data: bytes, name: str, error: Exception) -> tuple[str, list[Note]]:
    """Decode a single-byte encoding, unless the text is UTF-8 with a few invalid bytes."""
    text = data.decode("utf-8", errors="surrogateescape")
    invalid = [
        position for position, character in enumerate(text) if "\udc80" <= character <= "\udcff"
    ]
    n_valid = len(text) - len(text.encode("ascii", errors="ignore")) - len(invalid)
    if n_valid >= len(invalid):
        position = invalid[0]
        raise DataError(
            f"The file is UTF-8 except for {len(invalid)} invalid byte{'s' * (len(invalid) > 1)} "
            f"(first: 0x{ord(text[position]) - 0xDC00:02x}).",
            file=name,
            row=text.count("\n", 0, position) + 1,
            fix="Correct it, or set another encoding (--encoding), for instance cp1252.",
        ) from error
    try:
        return data.decode("cp1252"), [Note("encoding cp1252", "not valid UTF-8")]
    except UnicodeDecodeError:
        return data.decode("latin-1"), [Note("encoding latin-1", "neither valid UTF-8 nor cp1252")]


def _line_number(data: bytes, position: int) -> int:
    return data.count(b"\n", 0, position) + 1


def split_records(text: str, name: str, delimiter: str | None = None) -> Records:
    """Split text into records of cells.

    Parameters
    ----------
    text : str
    name : str
        Name of the file, for messages.
    delimiter : str, optional
        Inferred from the text by default.

    Raises
    ------
    OptionError
        If the delimiter is not a single character.
    DataError
        If the text is empty, or a quote is never closed.
    """
    delimiter = _parse_delimiter(delimiter)
    notes: list[Note] = []
    if not text.strip("\ufeff\x1a \t\r\n\f"):
        raise DataError("The file is empty.", file=name, fix="Add a header and rows.")
    declaration = re.match(r'"?sep=(.)"?\r?\n', text)
    skipped = 0
    if declaration and delimiter is None:
        delimiter, text, skipped = declaration.group(1), text[declaration.end() :], 1
        notes.append(Note(f"delimiter {delimiter!r}", "set in the first line"))
    elif delimiter is None:
        delimiter = _infer_delimiter(text)
        if delimiter != ",":
            reason = "gives most lines the same number of cells"
            notes.append(Note(f"delimiter {delimiter!r}", reason))
    rows, lines = _split_rows(text, delimiter, name, skipped)
    if '="' in text:
        rows = _strip_formulas(rows, notes)
    return Records(name, rows, lines, delimiter, notes)


def _parse_delimiter(delimiter: str | None) -> str | None:
    if delimiter in (r"\t", "tab"):
        return "\t"
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
        raise OptionError(
            f"The delimiter {delimiter!r} is not a single character.",
            value=delimiter,
            fix="Use one character, for instance ';', or \\t for a tab.",
        )
    return delimiter


def _split_rows(
    text: str, delimiter: str, name: str, skipped: int
) -> tuple[list[list[str]], list[int]]:
    """Rows that are not empty, and the line number where each starts."""
    rows: list[list[str]] = []
    lines: list[int] = []
    head = text[:100_000]
    skip_spaces = delimiter + ' "' in head and head.count(delimiter) == head.count(delimiter + " ")
    old_limit = csv.field_size_limit(_MAX_CELL_LENGTH)
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=delimiter,
        strict=True,
        skipinitialspace=skip_spaces,
    )
    start = skipped + 1
    try:
        for row in reader:
            if row and row[0].startswith("\ufeff"):  # concatenated files, each with a BOM
                row[0] = row[0].removeprefix("\ufeff")
            if any(cell.strip() for cell in row):
                rows.append(row)
                lines.append(start)
            start = skipped + reader.line_num + 1
    except csv.Error as error:
        raise _csv_error(str(error), name, start, skipped + reader.line_num) from error
    finally:
        csv.field_size_limit(old_limit)
    return rows, lines


def _strip_formulas(rows: list[list[str]], notes: list[Note]) -> list[list[str]]:
    """Remove ="..." around cells, the notation of spreadsheets for numbers as text."""
    stripped = [[_FORMULA_TEXT.sub(r"\1", cell) for cell in row] for row in rows]
    if stripped != rows:
        notes.append(Note('="..." around cells removed', "spreadsheet notation for text"))
    return stripped


def _csv_error(message: str, name: str, start: int, end: int) -> DataError:
    if "expected after" in message:
        return DataError(
            "There is a quote inside a quoted cell"
            + (f" that ends in row {end}." if end > start else "."),
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


def _infer_delimiter(text: str) -> str:
    """Infer the delimiter that splits the first lines most evenly into numbers and dates."""
    head = text[:200_000]
    is_complete = len(head) == len(text)
    lines = io.StringIO(head, newline="").readlines()
    lines = [line for line in (lines if is_complete else lines[:-1]) if line.strip()]
    lines = lines[:_MAX_SAMPLED_LINES] or [head]

    def score(delimiter: str) -> tuple[float, int]:
        try:
            rows = [row for row in csv.reader(lines, delimiter=delimiter) if row]
        except csv.Error:
            return 0.0, 0
        counts = Counter(len(row) for row in rows)
        width, count = max(counts.items(), key=lambda item: (item[1] * (item[0] > 1), item[1]))
        if width < 2:
            return 0.0, 0
        cells = [cell.strip() for row in rows if len(row) == width for cell in row]
        n_typed = sum(
            not cell or looks_like_number(cell) or looks_like_date(cell) for cell in cells
        )
        return round(count / len(rows) * (1 + n_typed / len(cells)), 6), width

    return max(DELIMITERS, key=score)


def ragged_lines_error(
    rows: list[tuple[int, int]], width: int, name: str, is_too_long: bool
) -> DataError:
    """Return the error for lines whose number of cells differs from that of the header.

    Parameters
    ----------
    rows : list of (int, int)
        Line number and number of cells of each such line.
    width : int
        Number of cells of the header.
    name : str
        Name of the file, for messages.
    is_too_long : bool
        Whether the first such line has more cells than the header.
    """
    fix = (
        "Quote cells that contain the delimiter, or correct the line."
        if is_too_long
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
