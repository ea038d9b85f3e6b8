"""The exception family, and how a located message is put together.

Every error that forecastkit raises on purpose is a `ForecastkitError`. Its text says what is wrong
(the value quoted), where (file, row, column), how many more there are, and what to do. Its fields
carry the same facts for programs.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = [
    "DataError",
    "Finding",
    "ForecastkitError",
    "MissingPackageError",
    "ModelFileError",
    "NotFittedError",
    "OptionError",
    "TrainingError",
    "UnknownFileError",
    "WriteError",
    "at_row",
    "located",
    "shell_word",
]


class ForecastkitError(Exception):
    """Something is wrong that the user can mend.

    Parameters
    ----------
    message : str
        What is wrong, a full sentence, the received value quoted.
    file, column : str, optional
        Where it is wrong.
    row : int, optional
        Line number in the file; the header is line 1.
    value : object, optional
        The value that is wrong, as it was read.
    fix : str, optional
        What to do.

    Attributes
    ----------
    also : tuple of ForecastkitError
        What else is wrong with the same file.
    index : int or None
        Which row of a table is wrong, counted from 0, where the rows stand in no file.

    Examples
    --------
    >>> print(ForecastkitError("'n/a' is not a number.", file="sales.csv", row=214, column="y",
    ...                        fix="Write a number or leave the cell empty."))
    sales.csv, row 214, column 'y': 'n/a' is not a number.
    Write a number or leave the cell empty.
    """

    def __init__(
        self,
        message: str,
        *,
        file: str | None = None,
        row: int | None = None,
        column: str | None = None,
        value: Any = None,
        fix: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.file = file
        self.row = row
        self.column = column
        self.value = value
        self.fix = fix
        self.also: tuple[ForecastkitError, ...] = ()
        self.index: int | None = None

    def __str__(self) -> str:
        place = ", ".join(
            part
            for part in (
                self.file,
                None if self.row is None else f"row {self.row}",
                None if self.column is None else f"column '{self.column}'",
            )
            if part
        )
        text = f"{place}: {self.message}" if place else self.message
        return f"{text}\n{self.fix}" if self.fix else text


class DataError(ForecastkitError):
    """A table or file holds something that cannot be forecast as it is."""


class ModelFileError(DataError):
    """A model file is damaged, of another kind, or of a version that is not read."""


class UnknownFileError(ForecastkitError):
    """A file or folder that was named does not exist or cannot be used."""


class WriteError(ForecastkitError):
    """A file cannot be written."""


class OptionError(ForecastkitError):
    """An argument has a value that is not allowed."""


class MissingPackageError(ForecastkitError):
    """A package that this step needs is not installed."""


class TrainingError(ForecastkitError):
    """Training came to numbers that are not finite, or the check of the result failed."""


class NotFittedError(ForecastkitError, ValueError, AttributeError):
    """`predict` or `save` was called before `fit`."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with one cell or row of a file.

    Attributes
    ----------
    row : int or None
        Line number in the file; the header is line 1.
    column : str or None
        Name of the column.
    value : str or None
        The cell, as it was read.
    """

    row: int | None
    column: str | None = None
    value: str | None = None


def shell_word(text: str) -> str:
    """Return a text as a shell takes it for one word, so that a hint can be pasted.

    A word that ends in a mark is quoted too, where the full stop of a sentence could mislead.

    Examples
    --------
    >>> print(shell_word("n/a"), shell_word("unit price"), shell_word("<1"), shell_word("."))
    n/a 'unit price' '<1' '.'
    """
    quoted = shlex.quote(text)
    return quoted if quoted != text or text[-1].isalnum() else f"'{text}'"


def at_row(error: DataError, index: int) -> DataError:
    """Say which row of a table an error is about.

    Examples
    --------
    >>> at_row(DataError("The value is infinite."), 7).index
    7
    """
    error.index = index
    return error


def located(
    findings: Sequence[Finding],
    message: str,
    *,
    file: str | None,
    fix: str,
    count: int | None = None,
) -> DataError:
    """Make one error of all findings of one kind: the first, the next rows, how many there are.

    Parameters
    ----------
    findings : sequence of Finding
        At least one; the first gives the place, the next two their rows.
    message : str
        What is wrong with the first one, without the full stop.
    file : str or None
        Name of the file.
    fix : str
        What to do.
    count : int, optional
        How many there are in all, where `findings` holds only the first ones.

    Examples
    --------
    >>> rows = [Finding(214, "y", "n/a"), Finding(215, "y", "n/a"), Finding(391, "y", "?")]
    >>> print(located(rows, "'n/a' is not a number", file="sales.csv", fix="Write a number."))
    sales.csv, row 214, column 'y': 'n/a' is not a number (2 more: rows 215, 391).
    Write a number.
    """
    first = findings[0]
    total = len(findings) if count is None else count
    more = f" ({_more(findings[1:3], total - 1)})" if total > 1 else ""
    return DataError(
        f"{message}{more}.",
        file=file,
        row=first.row,
        column=first.column,
        value=first.value,
        fix=fix,
    )


def _more(others: Sequence[Finding], count: int) -> str:
    rows = [str(finding.row) for finding in others if finding.row is not None]
    if not rows:
        return f"{count} more"
    dots = ", ..." if count > len(rows) else ""
    return f"{count} more: row{'s' if count > 1 else ''} {', '.join(rows)}{dots}"
