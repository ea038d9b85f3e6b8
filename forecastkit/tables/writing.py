"""Writing forecast tables as CSV."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pandas as pd

from forecastkit.files import write_whole


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
    write_whole(path, table.to_csv(index=False).encode())
