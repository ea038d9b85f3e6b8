"""Tables with a row a series and a column a period: dates as names of columns, made long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from forecastkit.notes import Note
from forecastkit.reading.cells import Cells
from forecastkit.reading.dates import Dates, read_dates

_MIN_PERIODS, _MAX_FIXED = 3, 30
_TIME, _VALUE = "date", "value"


def lengthened(cells: Cells) -> Cells:
    """Turn columns whose names are timestamps into rows; other tables stay as they are.

    The last columns must be named by at least three timestamps of one form, each later than the
    one before it or each earlier.
    """
    start = first_period(cells.columns)
    if start is None or {_TIME, _VALUE} & set(cells.columns):
        return cells
    fixed, periods = cells.columns[:start], cells.columns[start:]
    n, k = len(cells.table), len(periods)
    columns = {name: np.repeat(cells.table[name].to_numpy(object), k) for name in fixed}
    columns[_TIME] = np.tile(np.array(periods, dtype=object), n)
    columns[_VALUE] = cells.table[periods].to_numpy(object).ravel()
    note = Note(
        f"columns '{periods[0]}' to '{periods[-1]}' reshaped to rows of '{_TIME}' and '{_VALUE}'",
        "their names are timestamps",
    )
    return replace(
        cells,
        columns=[*fixed, _TIME, _VALUE],
        table=pd.DataFrame(columns, dtype="str"),
        lines=np.repeat(cells.lines, k),
        notes=(*cells.notes, note),
        places={_VALUE: columns[_TIME]},
    )


def first_period(columns: Sequence[str]) -> int | None:
    """Number of the first of the columns at the end that are named by timestamps.

    Examples
    --------
    >>> first_period(["shop", "2019", "2020", "2021"]), first_period(["date", "a", "b"])
    (1, None)
    """
    if len(columns) < _MIN_PERIODS or _dates(columns[-_MIN_PERIODS:]) is None:
        return None
    for start in range(min(len(columns) - _MIN_PERIODS, _MAX_FIXED) + 1):
        names = columns[start:]
        dates = _dates(names)
        if dates is not None:
            steps = np.diff(dates.ds.to_numpy("datetime64[ns]").view(np.int64))
            return start if (steps > 0).all() or (steps < 0).all() else None
    return None


def _dates(names: Sequence[str]) -> Dates | None:
    dates = read_dates(pd.Series(names, dtype="str"))
    if dates is None or dates.wrong.any() or dates.ambiguous or dates.form == "whole numbers":
        return None
    return dates
