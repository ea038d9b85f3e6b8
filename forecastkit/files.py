"""Files that are written whole or not at all, and never over what is being read."""

from __future__ import annotations

import os
import secrets
import stat
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from forecastkit.errors import OptionError, WriteError

# a file name may have 255 bytes: the temporary one keeps the start of the name
_MAX_PREFIX = 40
_OPEN_FILES = ("/dev/stdout", "/dev/stderr", "/dev/fd/", "/proc/self/fd/")


def write_whole(path: str | Path, data: bytes) -> None:
    """Write a file under a temporary name beside it, flush it to the disk, move it into place.

    A file that is replaced keeps its permissions; a new one gets those that the umask leaves. A
    symbolic link is followed: the file that it names is replaced, the link stays. Of a file with
    several hard links the named one is replaced. A FIFO or a device is written to, never replaced.

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
    try:
        if _is_stream(path):
            _write_through(path, data)
        else:
            _replace(Path(os.path.realpath(path)), data)
    except OSError as error:
        raise WriteError(f"'{path}' cannot be written: {error.strerror}.") from error


def _replace(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / f".{path.name[:_MAX_PREFIX]}.{secrets.token_hex(6)}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    handle = os.open(temporary, flags, 0o666)  # less the umask
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileNotFoundError):
            os.chmod(temporary, stat.S_IMODE(path.stat().st_mode))
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    _flush_folder(path.parent)


def _is_stream(path: Path) -> bool:
    """Whether a path names something that exists and is neither a file nor a folder."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    # an open file of a process, standard output for instance, also where it was sent to a file
    opened = str(path.absolute()).startswith(_OPEN_FILES)
    return opened or not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _write_through(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_APPEND)
    with os.fdopen(handle, "wb") as file:
        file.write(data)


def check_writable(path: str | Path) -> None:
    """Raise `WriteError` if a file cannot be written here, before any work is done for it.

    Nothing is left behind: a folder that does not exist yet is not made.
    """
    path = Path(path)
    if path.is_dir():
        raise WriteError(f"'{path}' is a folder.", fix="Name a file in it.")
    try:
        stream = _is_stream(path)
        if not stream:
            target = Path(os.path.realpath(path))
            folder = next(one for one in (target.parent, *target.parents) if one.exists())
            with tempfile.TemporaryFile(dir=folder):
                pass
        if (stream or path.exists()) and not os.access(path, os.W_OK):
            raise PermissionError(13, "Permission denied")
    except OSError as error:
        raise WriteError(
            f"'{path}' cannot be written: {error.strerror}.",
            fix="Name another file with --output.",
        ) from error


def check_outputs(outputs: Mapping[str, str | None], inputs: Mapping[str, str | None]) -> None:
    """Raise before any work if an output cannot be written, or would overwrite an input.

    Files are compared by what they are, not by name: a symbolic or hard link to an input is that
    input.

    Parameters
    ----------
    outputs, inputs : mapping of str to str or None
        Name of the option or argument, for messages, to the path; "-" and None are no files.

    Raises
    ------
    OptionError
        If an output is an input, or two outputs are one file.
    WriteError
        If an output cannot be written.

    Examples
    --------
    >>> check_outputs({"--output": "a.csv", "--plot": "a.csv"}, {})
    Traceback (most recent call last):
    forecastkit.errors.OptionError: --output and --plot name the same file, 'a.csv'.
    Name two different files.
    """
    written = {name: path for name, path in outputs.items() if path not in (None, "-")}
    read = {name: path for name, path in inputs.items() if path not in (None, "-")}
    for name, path in written.items():
        for other, source in read.items():
            if _is_same_file(str(path), str(source)):
                raise OptionError(
                    f"{name} '{path}' is the same file as {other} '{source}', which would be "
                    "overwritten.",
                    value=path,
                    fix=f"Name another file with {name}.",
                )
    names = list(written)
    for k, name in enumerate(names):
        for other in names[k + 1 :]:
            if _is_same_file(str(written[name]), str(written[other])):
                raise OptionError(
                    f"{name} and {other} name the same file, '{written[other]}'.",
                    value=written[other],
                    fix="Name two different files.",
                )
    for path in written.values():
        check_writable(str(path))


def _is_same_file(one: str, other: str) -> bool:
    if _is_stream(Path(one)) or _is_stream(Path(other)):
        return False
    with suppress(OSError):
        return os.path.samefile(one, other)
    return os.path.realpath(one) == os.path.realpath(other)


def _flush_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
