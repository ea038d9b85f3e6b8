"""Writing forecast tables as CSV."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pandas as pd

from forecastkit.errors import WriteError


def write_csv(table: pd.DataFrame, path: str | Path) -> None:
    """Write a table as CSV, floats so that they read back equal.

    Parameters
    ----------
    table : DataFrame
    path : str or Path
        "-" for standard output.

    Raises
    ------
    WriteError
        If the file cannot be written.
    """
    if str(path) == "-":
        try:
            table.to_csv(sys.stdout, index=False)
            sys.stdout.flush()
        except BrokenPipeError:
            # whoever read has seen enough; what is left must not fail again at exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        table.to_csv(path, index=False)
    except OSError as error:
        raise WriteError(f"'{path}' cannot be written: {error.strerror}.") from error
