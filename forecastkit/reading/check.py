"""Validation of a file without training: how it is parsed, and every problem in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecastkit.errors import DataError, ForecastkitError
from forecastkit.reading.gaps import gaps_by_series
from forecastkit.reading.reader import read_csv
from forecastkit.reading.source import STANDARD_INPUT
from forecastkit.tables.dataset import frequency_of, to_dataset
from forecastkit.tables.frame import ASSUMPTIONS, UNIQUE_ID, Y
from forecastkit.tables.index import TimeIndex

_MAX_IDS = 1000


def check_csv(path: str | Path, freq: str | int | None = None, **reading: Any) -> dict[str, Any]:
    r"""Validate a CSV file: report how it is parsed and every problem with its row.

    Parameters
    ----------
    path : str or Path
    freq : str or int, optional
        As in `read_csv`.
    **reading
        The other arguments of `read_csv`.

    Returns
    -------
    dict
        `file`, `rows`, `series`, `total` (sum of y), `freq`, `start`, `end`, `missing` (periods
        without a value between the first row and the last value of a series), `ids` (the first
        1,000), `gaps` (missing periods per series), `assumptions` (each with `what` and `why`) and
        `problems` (each with `kind`, `row`, `column`, `value`, `message`, `fix`). If there is a
        problem, entries that could not be determined are None.

    Raises
    ------
    UnknownFileError, OptionError
        If the file or a given column does not exist.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "visits.csv"
    ...     _ = file.write_text("day,visits\n2024-01-01,10\n2024-01-02,n/a\n2024-01-03,11\n")
    ...     report = check_csv(file)
    >>> report["problems"][0]["row"], report["problems"][0]["value"]
    (3, 'n/a')
    """
    try:
        table = read_csv(path, freq=freq, **reading)
    except DataError as error:
        problems = [_describe_problem(problem) for problem in (error, *error.also)]
        return {**_empty_report(_file_name(path)), "problems": problems}
    data = to_dataset(table, frequency_of(table))
    series, counts = gaps_by_series(data)
    index = data.index
    return {
        "file": _file_name(path),
        "rows": len(table),
        "series": int(table[UNIQUE_ID].nunique()),
        "total": _sum(table[Y].to_numpy()),
        "freq": index.frequency.alias,
        "start": _format_timestamp(index, index.first.min()),
        "end": _format_timestamp(index, data.last.max()),
        "missing": int(np.isnan(data.panel.values).sum()),
        "ids": table[UNIQUE_ID].unique()[:_MAX_IDS].tolist(),
        "gaps": {str(index.ids[i]): int(n) for i, n in zip(series[:50], counts[:50], strict=True)},
        "assumptions": table.attrs[ASSUMPTIONS],
        "problems": [],
    }


def _sum(values: np.ndarray) -> float | None:
    """Sum of the values; None if it overflows."""
    with np.errstate(over="ignore"):
        total = float(np.nansum(values))
    return total if np.isfinite(total) else None


def _file_name(path: str | Path) -> str:
    return "standard input" if str(path) == STANDARD_INPUT else Path(path).name


def _empty_report(name: str) -> dict[str, Any]:
    keys = ["rows", "series", "total", "freq", "start", "end", "missing", "ids", "gaps"]
    return {"file": name, **dict.fromkeys(keys), "assumptions": []}


def _describe_problem(error: ForecastkitError) -> dict[str, Any]:
    return {
        "kind": type(error).__name__,
        "row": error.row,
        "column": error.column,
        "value": error.value,
        "message": error.message,
        "fix": error.fix,
    }


def _format_timestamp(index: TimeIndex, ordinal: int) -> str | int:
    timestamp = index.timestamps(np.array([ordinal])).iloc[0]
    return (
        int(timestamp) if index.frequency.kind == "integer" else pd.Timestamp(timestamp).isoformat()
    )
