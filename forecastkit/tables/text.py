"""From the bytes of a CSV file to a rectangle of text cells, each with its line in the file."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from forecastkit.errors import DataError, Finding, OptionError, UnknownFileError, located

DELIMITERS = (",", ";", "\t", "|")
_BYTE_ORDER_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_LINES_TO_LOOK_AT = 50


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
        Line number in the file of each row; the header is line 1.
    notes : tuple of (str, str)
        What was assumed, and why.
    """

    file: str
    columns: list[str]
    table: pd.DataFrame
    lines: np.ndarray
    notes: tuple[tuple[str, str], ...]


def read_cells(path: str | Path, delimiter: str | None, encoding: str | None) -> Cells:
    """Read a file as text cells.

    Parameters
    ----------
    path : str or Path
    delimiter, encoding : str, optional
        Found from the file when left out.

    Raises
    ------
    UnknownFileError
        If the file does not exist or cannot be read.
    DataError
        If it is empty, holds no rows, or its lines have different numbers of cells.
    """
    name = Path(path).name
    delimiter = _checked_delimiter(delimiter)
    text, used = _decoded(_bytes(Path(path)), name, encoding)
    why = (
        "as given" if encoding else "its byte order mark" if used == "utf-16" else "no valid UTF-8"
    )
    notes = [] if used in ("utf-8", "utf-8-sig") else [(f"encoding {used}", why)]
    if not text.strip():
        raise DataError("The file is empty.", file=name, fix="Write a header and rows into it.")
    found = delimiter or _delimiter(text)
    if delimiter is None and found != ",":
        notes.append((f"delimiter {found!r}", "it splits every line into as many cells"))
    table, lines = _split(text, found, name)
    columns = [str(cell).strip() for cell in table.iloc[0]]
    _check_header(columns, name, int(lines[0]))
    table, lines = table.iloc[1:].reset_index(drop=True), lines[1:]
    if table.empty:
        raise DataError(
            f"The file has a header ({', '.join(columns)}) and no rows.",
            file=name,
            row=int(lines[0]) if len(lines) else 1,
            fix="Add rows below the header.",
        )
    table.columns = pd.Index(columns)
    return Cells(name, columns, table, lines, tuple(notes))


def _bytes(path: Path) -> bytes:
    if path.is_dir():
        raise UnknownFileError(
            f"'{path}' is a folder, not a file.", file=path.name, fix="Name a CSV file in it."
        )
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise UnknownFileError(
            f"There is no file '{path}'.", file=path.name, fix="Check the name and the folder."
        ) from error
    except OSError as error:
        raise UnknownFileError(
            f"'{path}' cannot be read: {error.strerror}.", file=path.name
        ) from error


def _decoded(data: bytes, name: str, encoding: str | None) -> tuple[str, str]:
    mark = next((code for mark, code in _BYTE_ORDER_MARKS.items() if data.startswith(mark)), None)
    used = encoding or mark or "utf-8"
    if b"\x00" in data and not used.lower().startswith("utf-16"):
        raise DataError(
            "The file holds NUL bytes: it is not a text file.",
            file=name,
            row=data[: data.index(b"\x00")].count(b"\n") + 1,
            fix="Save it as CSV (text), for instance from the program that wrote it.",
        )
    try:
        return data.decode(used), used
    except (UnicodeDecodeError, LookupError) as error:
        if encoding is not None:
            raise DataError(
                f"The file cannot be read with the encoding '{encoding}': {error}.",
                file=name,
                value=encoding,
                fix="Give the right one with encoding (--encoding), for instance cp1252.",
            ) from error
    return data.decode("cp1252", errors="replace"), "cp1252"


def _delimiter(text: str) -> str:
    """The delimiter that splits the first lines most evenly into most cells."""
    lines = [line for line in text[:100_000].splitlines() if line.strip()][:_LINES_TO_LOOK_AT]
    if len(lines) > 2:
        lines = lines[:-1] if len(lines) < _LINES_TO_LOOK_AT and len(text) > 100_000 else lines

    def worth(delimiter: str) -> tuple[float, int]:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter))
        width, count = widths.most_common(1)[0]
        return (count / len(lines) if width > 1 else 0.0, width)

    return max(DELIMITERS, key=worth)


def _split(text: str, delimiter: str, name: str) -> tuple[pd.DataFrame, np.ndarray]:
    lead = len(text) - len(text.lstrip("\r\n"))
    skipped = text[:lead].count("\n")
    text = text[lead:]
    _check_widths(text, delimiter, name, skipped)
    try:
        table = pd.read_csv(
            io.StringIO(text),
            sep=delimiter,
            header=None,
            dtype=str,
            keep_default_na=False,
            na_filter=False,
            skip_blank_lines=False,
            engine="c",
        )
    except pd.errors.ParserError as error:
        raise _ragged(str(error), name, skipped) from error
    lines = skipped + np.arange(1, len(table) + 1)
    if '"' in text:  # a quoted cell may hold line breaks: count them
        breaks = sum(table[column].str.count("\n").to_numpy() for column in table.columns)
        lines = lines + np.concatenate([[0], np.cumsum(breaks)[:-1]]).astype(np.int64)
    filled = (table != "").any(axis=1).to_numpy()
    return table[filled].reset_index(drop=True), lines[filled]


def _check_widths(text: str, delimiter: str, name: str, skipped: int) -> None:
    """Refuse lines with fewer cells than the header; longer ones stop the parser by themselves."""
    if '"' in text:
        reader = csv.reader(io.StringIO(text), delimiter=delimiter)
        widths = [(reader.line_num, len(row)) for row in reader if row]
    else:
        lines = text.splitlines()
        widths = [(k + 1, line.count(delimiter) + 1) for k, line in enumerate(lines) if line]
    short = [Finding(skipped + line) for line, width in widths if width < widths[0][1]]
    if short:
        width = next(width for line, width in widths if skipped + line == short[0].row)
        raise located(
            short[:3],
            f"the line has {width} cells, the header has {widths[0][1]}",
            file=name,
            count=len(short),
            fix="Write the missing cells, empty ones with their delimiter.",
        )


def _checked_delimiter(delimiter: str | None) -> str | None:
    if delimiter in (r"\t", "tab"):
        return "\t"
    if delimiter is not None and len(delimiter) != 1:
        raise OptionError(
            f"The delimiter {delimiter!r} is not one character.",
            value=delimiter,
            fix="Give one, for instance ';', or \\t for a tab.",
        )
    return delimiter


def _ragged(message: str, name: str, skipped: int) -> DataError:
    counts = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", message)
    if counts:
        expected, line, seen = map(int, counts.groups())
        return DataError(
            f"The line has {seen} cells, the lines before it have {expected}.",
            file=name,
            row=skipped + line,
            fix="Put quotes around cells that hold the delimiter, or mend the line.",
        )
    start = re.search(r"EOF inside string starting at row (\d+)", message)
    if start:
        return DataError(
            "A quote that opens here is never closed.",
            file=name,
            row=skipped + int(start.group(1)) + 1,
            fix="Close the quote, or take it out.",
        )
    return DataError(f"The file cannot be split into cells: {message.strip()}.", file=name)


def _check_header(columns: list[str], name: str, line: int) -> None:
    twice = [column for column, count in Counter(columns).items() if count > 1 and column]
    if twice:
        raise DataError(
            f"The header names the column '{twice[0]}' more than once.",
            file=name,
            row=line,
            column=twice[0],
            value=twice[0],
            fix="Give each column a name of its own.",
        )
