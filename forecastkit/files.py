"""Atomic writes of output files, which never overwrite an input."""

from __future__ import annotations

import os
import secrets
import stat
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from itertools import combinations
from pathlib import Path

from forecastkit.errors import OptionError, WriteError

# file names are limited to 255 bytes: a temporary name starts with a prefix of the final one
_MAX_PREFIX = 40
_OPEN_FILES = ("/dev/stdout", "/dev/stderr", "/dev/fd/", "/proc/self/fd/")


def write_whole(path: str | Path, data: bytes) -> None:
    """Write a file atomically: to a temporary file in the same folder, then rename it.

    An existing file keeps its permissions; those of a new file follow the umask. A symbolic link
    is followed: its target is replaced, the link remains. If a file has several hard links, only
    the named one is replaced. A FIFO or a device is appended to, never replaced.

    Parameters
    ----------
    path : str or Path
        Missing folders are created; an existing file is replaced.
    data : bytes

    Raises
    ------
    WriteError
        If the folder cannot be created or written to, or the disk is full; an existing file is
        then unchanged.
    """
    path = Path(path)
    check_writable(path)
    try:
        if _is_stream(path):
            _append(path, data)
        else:
            _replace(Path(os.path.realpath(path)), data)
    except OSError as error:
        raise WriteError(f"'{path}' cannot be written: {error.strerror}.") from error


def _replace(path: Path, data: bytes) -> None:
    """Write to a temporary file, flush it to disk and rename it to `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / f".{path.name[:_MAX_PREFIX]}.{secrets.token_hex(6)}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    descriptor = os.open(temporary, flags, 0o666)  # minus the umask
    try:
        with os.fdopen(descriptor, "wb") as file:
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
    """Whether a path is a FIFO, a device or an open file such as standard output."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    # standard output counts as a stream even if it is redirected to a regular file
    is_open = str(path.absolute()).startswith(_OPEN_FILES)
    return is_open or not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _append(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


def check_writable(path: str | Path) -> None:
    """Raise `WriteError` if a file cannot be written, before its content is computed.

    The file system is left unchanged: missing folders are not created.
    """
    path = Path(path)
    if path.is_dir():
        raise WriteError(f"'{path}' is a folder.", fix="Name a file in it.")
    try:
        is_stream = _is_stream(path)
        if not is_stream:
            target = Path(os.path.realpath(path))
            folder = next(parent for parent in target.parents if parent.exists())
            with tempfile.TemporaryFile(dir=folder):
                pass
        if (is_stream or path.exists()) and not os.access(path, os.W_OK):
            raise PermissionError(13, "Permission denied")
    except OSError as error:
        raise WriteError(
            f"'{path}' cannot be written: {error.strerror}.",
            fix="Name another file with --output.",
        ) from error


def check_outputs(outputs: Mapping[str, str | None], inputs: Mapping[str, str | None]) -> None:
    """Raise before any computation if an output cannot be written or would overwrite an input.

    Files are compared by identity, not by name: symbolic and hard links to an input count as that
    input.

    Parameters
    ----------
    outputs, inputs : mapping of str to str or None
        From the name of the option or argument (for messages) to the path; "-" and None are
        ignored.

    Raises
    ------
    OptionError
        If an output is also an input, or two outputs are the same file.
    WriteError
        If an output cannot be written.

    Examples
    --------
    >>> check_outputs({"--output": "a.csv", "--plot": "a.csv"}, {})
    Traceback (most recent call last):
    forecastkit.errors.OptionError: --output and --plot name the same file, 'a.csv'.
    Name two different files.
    """
    output_paths = {name: path for name, path in outputs.items() if path not in (None, "-")}
    input_paths = {name: path for name, path in inputs.items() if path not in (None, "-")}
    for name, path in output_paths.items():
        for other, source in input_paths.items():
            if _is_same_file(str(path), str(source)):
                raise OptionError(
                    f"{name} '{path}' is the same file as {other} '{source}', which would be "
                    "overwritten.",
                    value=path,
                    fix=f"Name another file with {name}.",
                )
    for (name, path), (other, other_path) in combinations(output_paths.items(), 2):
        if _is_same_file(str(path), str(other_path)):
            raise OptionError(
                f"{name} and {other} name the same file, '{other_path}'.",
                value=other_path,
                fix="Name two different files.",
            )
    for path in output_paths.values():
        check_writable(str(path))


def _is_same_file(path: str, other: str) -> bool:
    if _is_stream(Path(path)) or _is_stream(Path(other)):
        return False
    with suppress(OSError):
        return os.path.samefile(path, other)
    return os.path.realpath(path) == os.path.realpath(other)


def _flush_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
