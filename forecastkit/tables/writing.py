"""Writing forecast tables as CSV."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pandas as pd

from forecastkit.files import write_whole

# what a spreadsheet takes for the start of a formula
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def write_csv(table: pd.DataFrame, path: str | Path, spreadsheet_safe: bool = False) -> None:
    """Write a table as CSV, floats so that they read back equal.

    Parameters
    ----------
    table : DataFrame
    path : str or Path
        "-" for standard output.
    spreadsheet_safe : bool
        Put an apostrophe before texts that a spreadsheet would take for formulas: those that begin
        with = + - @, a tab or a line end. Numbers stay as they are.

    Raises
    ------
    WriteError
        If the file cannot be written.
    """
    if spreadsheet_safe:
        table = _neutralised(table)
    if str(path) == "-":
        try:
            table.to_csv(sys.stdout, index=False)
            sys.stdout.flush()
        except BrokenPipeError:
            # whoever read has seen enough; what is left must not fail again at exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return
    write_whole(path, table.to_csv(index=False).encode())


def _neutralised(table: pd.DataFrame) -> pd.DataFrame:
    """Texts that begin like formulas, names of columns too, behind an apostrophe."""
    safe = table.rename(columns={n: f"'{n}" for n in table if str(n).startswith(_FORMULAS)})
    for name in safe.columns:
        column = safe[name]
        if pd.api.types.is_string_dtype(column) or column.dtype == object:
            odd = column.map(lambda cell: isinstance(cell, str) and cell.startswith(_FORMULAS))
            safe[name] = column.where(~odd.astype(bool), "'" + column.astype(str))
    return safe
