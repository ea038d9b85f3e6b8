"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from forecastkit.errors import WriteError


def write_whole(path: str | Path, data: bytes) -> None:
    """Write a file under a temporary name beside it, flush it to the disk, move it into place.

    Parameters
    ----------
    path : str or Path
        Its folder is made if need be; a file of that name is replaced.
    data : bytes

    Raises
    ------
    WriteError
        If the folder cannot be made or written to, or the disk is full; an old file stays.
    """
    path = Path(path)
    check_writable(path)
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
        _flush_folder(path.parent)
    except OSError as error:
        raise WriteError(f"'{path}' cannot be written: {error.strerror}.") from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def check_writable(path: str | Path) -> None:
    """Raise `WriteError` if a file cannot be written here, before any work is done for it.

    Nothing is left behind: a folder that does not exist yet is not made.
    """
    path = Path(path)
    if path.is_dir():
        raise WriteError(f"'{path}' is a folder.", fix="Name a file in it.")
    folder = next(one for one in (path.parent, *path.absolute().parents) if one.exists())
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
        if path.exists() and not os.access(path, os.W_OK):
            raise PermissionError(13, "Permission denied")
    except OSError as error:
        raise WriteError(
            f"'{path}' cannot be written: {error.strerror}.",
            fix="Name another file with --output.",
        ) from error


def _flush_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
