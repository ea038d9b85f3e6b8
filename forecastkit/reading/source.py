"""From a path to the bytes of a text file: compressed or not, from a file or standard input."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import stat
import sys
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forecastkit.errors import DataError, UnknownFileError
from forecastkit.notes import Note

STANDARD_INPUT = "-"
# bytes of a file, decompressed, that are read at the most unless more are asked for
MAX_BYTES = 4 * 2**30
_PIECE = 2**20
_ZIP, _PARQUET, _OLD_EXCEL = b"PK\x03\x04", b"PAR1", b"\xd0\xcf\x11\xe0"
_EMPTY_ZIP = b"PK\x05\x06"


@dataclass(frozen=True)
class Source:
    """A file that was read whole.

    Attributes
    ----------
    name : str
        For messages.
    data : bytes
        Decompressed.
    notes : tuple of Note
        What was assumed, and why.
    """

    name: str
    data: bytes
    notes: tuple[Note, ...] = ()

    @property
    def is_parquet(self) -> bool:
        """Whether it holds a Parquet table."""
        return self.data[:4] == _PARQUET and self.data[-4:] == _PARQUET


def read_source(path: str | Path, most_bytes: int = MAX_BYTES) -> Source:
    """Read a file whole, and decompress it if it is a gzip, bz2, xz or zip file.

    Parameters
    ----------
    path : str or Path
        "-" for standard input.
    most_bytes : int
        Limit of the decompressed size.

    Raises
    ------
    UnknownFileError
        If the file does not exist or cannot be read.
    DataError
        If it is too large, damaged, of another kind, or changed while it was read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "a.csv.gz"
    ...     _ = file.write_bytes(gzip.compress(b"day,y"))
    ...     read_source(file).data
    b'day,y'
    """
    if str(path) == STANDARD_INPUT:
        name = "standard input"
        data = _in_pieces(sys.stdin.buffer, name, most_bytes)
    else:
        name, data = Path(path).name, _file_bytes(Path(path), most_bytes)
    kind, opened = _opened(data, name)
    if kind is None:
        return Source(name, data)
    found = _decompressed(opened, kind, name, most_bytes)
    return Source(
        name, found, (Note(f"decompressed from {kind}", "recognised by its first bytes"),)
    )


def _file_bytes(path: Path, most_bytes: int) -> bytes:
    if path.is_dir():
        raise UnknownFileError(
            f"'{path}' is a folder, not a file.", file=path.name, fix="Name a CSV file inside it."
        )
    try:
        before = path.stat()
        _check_size(path, before, most_bytes)
        with path.open("rb") as file:
            regular = stat.S_ISREG(before.st_mode)
            whole = file.read(before.st_size + 1) if regular else None
            data = _in_pieces(file, path.name, most_bytes) if whole is None else whole
            after = path.stat()
    except FileNotFoundError as error:
        raise UnknownFileError(
            f"There is no file '{path}'.", file=path.name, fix="Check the name and the folder."
        ) from error
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise UnknownFileError(
            f"'{path}' cannot be read: {why}.",
            file=path.name,
            fix="Check the path and its permissions.",
        ) from error
    same = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
    if regular and not (same and len(data) == after.st_size):
        raise DataError(
            "The file changed while it was being read.",
            file=path.name,
            fix="Wait until it is complete, or read a copy of it.",
        )
    return data


def _check_size(path: Path, found: os.stat_result, most_bytes: int) -> None:
    """Refuse, before it is read, what has no end or is too large."""
    if stat.S_ISCHR(found.st_mode) or stat.S_ISBLK(found.st_mode):
        raise UnknownFileError(
            f"'{path}' is a device, not a file.", file=path.name, fix="Name a CSV file."
        )
    if stat.S_ISREG(found.st_mode) and found.st_size > most_bytes:
        raise _too_large(path.name, most_bytes)


def _in_pieces(file: Any, name: str, most_bytes: int) -> bytes:
    """Read to the end, piece by piece: no more memory is asked for than there are bytes."""
    pieces, size = [], 0
    while piece := file.read(_PIECE):
        size += len(piece)
        if size > most_bytes:
            raise _too_large(name, most_bytes)
        pieces.append(piece)
    return b"".join(pieces)


def _opened(data: bytes, name: str) -> tuple[str | None, Callable[[], Any]]:
    """Kind of compression by the first bytes, and what opens it."""
    if data.startswith(b"\x1f\x8b"):
        return "gzip", lambda: gzip.GzipFile(fileobj=io.BytesIO(data))
    if data.startswith(b"BZh"):
        return "bz2", lambda: bz2.BZ2File(io.BytesIO(data))
    if data.startswith(b"\xfd7zXZ\x00"):
        return "xz", lambda: lzma.LZMAFile(io.BytesIO(data))
    if data.startswith(_OLD_EXCEL):
        raise _is_excel(name)
    if data.startswith((_ZIP, _EMPTY_ZIP)):
        return "zip", lambda: _only_member(data, name)
    return None, io.BytesIO


def _only_member(data: bytes, name: str) -> Any:
    archive = zipfile.ZipFile(io.BytesIO(data))
    names = [one.filename for one in archive.infolist() if not one.is_dir()]
    if any(one.startswith("xl/") for one in names):
        raise _is_excel(name)
    members = [one for one in names if not one.startswith(("__MACOSX/", ".")) and "/." not in one]
    if len(members) != 1:
        listed = ", ".join(f"'{one}'" for one in members[:3]) or "none"
        raise DataError(
            f"The zip file contains {len(members)} files ({listed}{', ...' * (len(members) > 3)}).",
            file=name,
            fix="Extract the one to read.",
        )
    if archive.getinfo(members[0]).flag_bits & 1:
        raise DataError(
            f"'{members[0]}' in the zip file is encrypted.", file=name, fix="Extract it first."
        )
    return archive.open(members[0])


def _is_excel(name: str) -> DataError:
    return DataError(
        "The file is an Excel workbook, not text.",
        file=name,
        fix="Save the sheet as CSV (UTF-8) and read that.",
    )


def _decompressed(opened: Callable[[], Any], kind: str, name: str, most_bytes: int) -> bytes:
    try:
        with opened() as file:
            return _in_pieces(file, name, most_bytes)
    except (
        *(OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile),
        *(NotImplementedError, ValueError, RuntimeError),
    ) as error:
        raise DataError(
            f"The {kind} file is damaged: {error}.",
            file=name,
            fix="Download it again, or decompress it yourself.",
        ) from error


def _too_large(name: str, most_bytes: int) -> DataError:
    return DataError(
        f"The file has more than {most_bytes:,} bytes after decompression.",
        file=name,
        fix="If that is expected, raise the limit with max_bytes (--max-bytes).",
    )
