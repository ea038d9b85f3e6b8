"""Exception classes, and the format of error messages with a location.

Every error that forecastkit raises deliberately is a `ForecastkitError`. Its message states the
problem (with the offending value), the location (file, row, column), the number of further
occurrences and a fix. The same information is available as attributes.
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
    """Base class of all errors that the user can correct.

    Parameters
    ----------
    message : str
        The problem, as a full sentence that quotes the offending value.
    file, column : str, optional
        Location of the problem.
    row : int, optional
        Line number in the file; the header is line 1.
    value : object, optional
        The offending value, unconverted.
    fix : str, optional
        How to correct the problem.

    Attributes
    ----------
    also : tuple of ForecastkitError
        Further errors in the same file.
    index : int or None
        Position of the offending row in a table that was not read from a file, from 0.

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
        location = ", ".join(
            part
            for part in (
                self.file,
                None if self.row is None else f"row {self.row}",
                None if self.column is None else f"column '{self.column}'",
            )
            if part
        )
        text = f"{location}: {self.message}" if location else self.message
        return f"{text}\n{self.fix}" if self.fix else text


class DataError(ForecastkitError):
    """A table or file has content that must be corrected before it can be forecast."""


class ModelFileError(DataError):
    """A model file is damaged, not a model file, or of an unsupported version."""


class UnknownFileError(ForecastkitError):
    """A named file or folder does not exist or cannot be used."""


class WriteError(ForecastkitError):
    """A file cannot be written."""


class OptionError(ForecastkitError):
    """An argument has an invalid value."""


class MissingPackageError(ForecastkitError):
    """A package required for this operation is not installed."""


class TrainingError(ForecastkitError):
    """Training produced non-finite values, or the check of the trained model failed."""


class NotFittedError(ForecastkitError, ValueError, AttributeError):
    """`predict` or `save` was called before `fit`."""


@dataclass(frozen=True)
class Finding:
    """A problem with a single cell or row of a file.

    Attributes
    ----------
    row : int or None
        Line number in the file; the header is line 1.
    column : str or None
        Name of the column.
    value : str or None
        Unconverted text of the cell.
    """

    row: int | None
    column: str | None = None
    value: str | None = None


def shell_word(text: str) -> str:
    """Quote a string for the shell where necessary, so that hints can be pasted.

    A word that ends in punctuation is always quoted, to set it off from the end of a sentence.

    Examples
    --------
    >>> print(shell_word("n/a"), shell_word("unit price"), shell_word("<1"), shell_word("."))
    n/a 'unit price' '<1' '.'
    """
    quoted = shlex.quote(text)
    return quoted if quoted != text or text[-1].isalnum() else f"'{text}'"


def at_row(error: DataError, index: int) -> DataError:
    """Set the position of the offending table row on an error and return the error.

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
    """Combine findings of one kind into an error: the first, further rows and the total.

    Parameters
    ----------
    findings : sequence of Finding
        At least one; the location is that of the first, the next two add their rows.
    message : str
        Problem of the first finding, without a full stop.
    file : str or None
        Name of the file.
    fix : str
        How to correct the problem.
    count : int, optional
        Total number of occurrences, if `findings` holds only the first ones.

    Examples
    --------
    >>> rows = [Finding(214, "y", "n/a"), Finding(215, "y", "n/a"), Finding(391, "y", "?")]
    >>> print(located(rows, "'n/a' is not a number", file="sales.csv", fix="Write a number."))
    sales.csv, row 214, column 'y': 'n/a' is not a number (2 more: rows 215, 391).
    Write a number.
    """
    first = findings[0]
    total = len(findings) if count is None else count
    more = f" ({_further_rows(findings[1:3], total - 1)})" if total > 1 else ""
    return DataError(
        f"{message}{more}.",
        file=file,
        row=first.row,
        column=first.column,
        value=first.value,
        fix=fix,
    )


def _further_rows(others: Sequence[Finding], count: int) -> str:
    """Text such as "2 more: rows 215, 391"."""
    rows = [str(finding.row) for finding in others if finding.row is not None]
    if not rows:
        return f"{count} more"
    ellipsis = ", ..." if count > len(rows) else ""
    return f"{count} more: row{'s' if count > 1 else ''} {', '.join(rows)}{ellipsis}"
