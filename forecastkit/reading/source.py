"""Read the bytes of a file or of standard input, and decompress them."""

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
# default limit of the decompressed size
MAX_BYTES = 4 * 2**30
_CHUNK_BYTES = 2**20
_ZIP_MAGIC, _PARQUET_MAGIC, _XLS_MAGIC = b"PK\x03\x04", b"PAR1", b"\xd0\xcf\x11\xe0"
_EMPTY_ZIP_MAGIC = b"PK\x05\x06"


@dataclass(frozen=True)
class Source:
    """The contents of a file.

    Attributes
    ----------
    name : str
        Name of the file, for messages.
    data : bytes
        Contents after decompression.
    notes : tuple of Note
        Assumptions, with their reasons.
    """

    name: str
    data: bytes
    notes: tuple[Note, ...] = ()

    @property
    def is_parquet(self) -> bool:
        """Whether the contents are a Parquet table."""
        return self.data[:4] == _PARQUET_MAGIC and self.data[-4:] == _PARQUET_MAGIC


def read_source(path: str | Path, max_bytes: int = MAX_BYTES) -> Source:
    """Read a file; gzip, bz2, xz and zip files are decompressed.

    Parameters
    ----------
    path : str or Path
        "-" for standard input.
    max_bytes : int
        Maximum size after decompression.

    Raises
    ------
    UnknownFileError
        If the file does not exist or cannot be read.
    DataError
        If the file is too large, damaged, encrypted, an Excel workbook or an archive of several
        files, or changed while it was being read.

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
        data = _read_chunks(sys.stdin.buffer, name, max_bytes)
    else:
        name, data = Path(path).name, _read_file(Path(path), max_bytes)
    compression, open_data = _detect_compression(data, name)
    if compression is None:
        return Source(name, data)
    contents = _decompress(open_data, compression, name, max_bytes)
    return Source(
        name, contents, (Note(f"decompressed from {compression}", "recognised by its first bytes"),)
    )


def _read_file(path: Path, max_bytes: int) -> bytes:
    if path.is_dir():
        raise UnknownFileError(
            f"'{path}' is a folder, not a file.", file=path.name, fix="Name a CSV file inside it."
        )
    try:
        before = path.stat()
        _check_size(path, before, max_bytes)
        with path.open("rb") as file:
            is_regular = stat.S_ISREG(before.st_mode)
            contents = file.read(before.st_size + 1) if is_regular else None
            data = _read_chunks(file, path.name, max_bytes) if contents is None else contents
            after = path.stat()
    except FileNotFoundError as error:
        raise UnknownFileError(
            f"There is no file '{path}'.", file=path.name, fix="Check the name and the folder."
        ) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UnknownFileError(
            f"'{path}' cannot be read: {reason}.",
            file=path.name,
            fix="Check the path and its permissions.",
        ) from error
    unchanged = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
    if is_regular and not (unchanged and len(data) == after.st_size):
        raise DataError(
            "The file changed while it was being read.",
            file=path.name,
            fix="Wait until it is complete, or read a copy of it.",
        )
    return data


def _check_size(path: Path, status: os.stat_result, max_bytes: int) -> None:
    """Reject devices and oversized files before reading them."""
    if stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode):
        raise UnknownFileError(
            f"'{path}' is a device, not a file.", file=path.name, fix="Name a CSV file."
        )
    if stat.S_ISREG(status.st_mode) and status.st_size > max_bytes:
        raise _too_large_error(path.name, max_bytes)


def _read_chunks(file: Any, name: str, max_bytes: int) -> bytes:
    """Read to the end in chunks, so that memory use depends on the data, not on the limit."""
    chunks, size = [], 0
    while chunk := file.read(_CHUNK_BYTES):
        size += len(chunk)
        if size > max_bytes:
            raise _too_large_error(name, max_bytes)
        chunks.append(chunk)
    return b"".join(chunks)


def _detect_compression(data: bytes, name: str) -> tuple[str | None, Callable[[], Any]]:
    """Compression inferred from the magic number, and a function that opens the data."""
    if data.startswith(b"\x1f\x8b"):
        return "gzip", lambda: gzip.GzipFile(fileobj=io.BytesIO(data))
    if data.startswith(b"BZh"):
        return "bz2", lambda: bz2.BZ2File(io.BytesIO(data))
    if data.startswith(b"\xfd7zXZ\x00"):
        return "xz", lambda: lzma.LZMAFile(io.BytesIO(data))
    if data.startswith(_XLS_MAGIC):
        raise _excel_error(name)
    if data.startswith((_ZIP_MAGIC, _EMPTY_ZIP_MAGIC)):
        return "zip", lambda: _open_only_member(data, name)
    return None, io.BytesIO


def _open_only_member(data: bytes, name: str) -> Any:
    archive = zipfile.ZipFile(io.BytesIO(data))
    names = [entry.filename for entry in archive.infolist() if not entry.is_dir()]
    if any(entry.startswith("xl/") for entry in names):
        raise _excel_error(name)
    members = [
        entry for entry in names if not entry.startswith(("__MACOSX/", ".")) and "/." not in entry
    ]
    if len(members) != 1:
        listed = ", ".join(f"'{entry}'" for entry in members[:3]) or "none"
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


def _excel_error(name: str) -> DataError:
    return DataError(
        "The file is an Excel workbook, not text.",
        file=name,
        fix="Save the sheet as CSV (UTF-8) and read that.",
    )


def _decompress(open_data: Callable[[], Any], compression: str, name: str, max_bytes: int) -> bytes:
    try:
        with open_data() as file:
            return _read_chunks(file, name, max_bytes)
    except (
        *(OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile),
        *(NotImplementedError, ValueError, RuntimeError),
    ) as error:
        raise DataError(
            f"The {compression} file is damaged: {error}.",
            file=name,
            fix="Download it again, or decompress it yourself.",
        ) from error


def _too_large_error(name: str, max_bytes: int) -> DataError:
    return DataError(
        f"The file has more than {max_bytes:,} bytes after decompression.",
        file=name,
        fix="If that is expected, raise the limit with max_bytes (--max-bytes).",
    )
