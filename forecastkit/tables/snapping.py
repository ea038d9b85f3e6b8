"""Timestamps that are a little off a regular grid, moved onto it on request."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecastkit.errors import DataError
from forecastkit.tables.frame import DS, UNIQUE_ID, aligned
from forecastkit.tables.frequency import DAY, Frequency, parse_frequency
from forecastkit.tables.text import Note

_SECOND = 1_000_000_000
# steps that clocks usually run by, in seconds
_STEPS = np.array(
    [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800]
    + [3600 * hours for hours in (1, 2, 3, 4, 6, 8, 12, 24, 24 * 7)]
)
_MOST = 0.1


def usual_step(moments: np.ndarray, codes: np.ndarray) -> int | None:
    """Step in nanoseconds that timestamps keep but for a tenth of it; None where they keep none.

    Parameters
    ----------
    moments : ndarray of datetime64[ns], shape (n_rows,)
        Sorted within each series.
    codes : ndarray of int, shape (n_rows,)
        Number of the series of each row.

    Examples
    --------
    >>> late = np.array(["2024-01-01T00:00:03", "2024-01-01T01:00:01", "2024-01-01T02:00:04"])
    >>> usual_step(late.astype("datetime64[ns]"), np.zeros(3, int)) // 10**9
    3600
    """
    steps = np.diff(moments.astype(np.int64))[np.diff(codes) == 0]
    steps = steps[steps > 0]
    if not len(steps):
        return None
    middle = float(np.median(steps)) / _SECOND
    nearest = int(_STEPS[np.abs(_STEPS - middle).argmin()])
    if abs(middle - nearest) > _MOST * nearest:
        return None
    off = _off(moments, nearest * _SECOND)
    return nearest * _SECOND if np.abs(off).max() <= _MOST * nearest * _SECOND else None


def _off(moments: np.ndarray, step: int) -> np.ndarray:
    """Nanoseconds from the nearest point of a grid, which begins at midnight."""
    whole = moments.astype(np.int64)
    anchor = 0
    if step > DAY:  # on the day of most rows
        days = (whole + DAY // 2) // DAY
        anchor = int(np.bincount(days % (step // DAY)).argmax()) * DAY
    return (whole - anchor + step // 2) % step - step // 2


def snapped(
    table: pd.DataFrame, freq: str | int | Frequency | None, file: str
) -> tuple[pd.DataFrame, list[Note]]:
    """Move timestamps onto the grid that they are a little off.

    Parameters
    ----------
    table : DataFrame
        With `unique_id` and `ds`, sorted.
    freq : str, int or Frequency, optional
        The grid; found from the timestamps when left out. With steps of months each timestamp
        moves to the one of its month, quarter or year.
    file : str

    Raises
    ------
    DataError
        If a timestamp is farther from the grid than a tenth of a step.
    """
    ds = table[DS]
    if not pd.api.types.is_datetime64_any_dtype(ds):
        return table, []
    zone = getattr(ds.dtype, "tz", None)
    moments = (ds.dt.tz_localize(None) if zone else ds).to_numpy("datetime64[ns]")
    codes = table[UNIQUE_ID].ne(table[UNIQUE_ID].shift()).cumsum().to_numpy()
    given = parse_frequency(freq) if isinstance(freq, str | int) else freq
    if given is not None and given.kind == "month":
        grid = aligned(given, moments)
        moved = grid.timestamps(grid.ordinals(moments))
        what = str(grid.alias)
    else:
        step = given.step if given is not None and given.kind == "fixed" else None
        step = step or usual_step(moments, codes)
        if step is None or (np.abs(_off(moments, step)) > _MOST * step).any():
            raise DataError(
                "The timestamps are too far from any regular grid to be moved onto it.",
                file=file,
                column=DS,
                fix="Add the rows up to regular periods first.",
            )
        moved = moments - _off(moments, step).astype("timedelta64[ns]")
        what = str(pd.Timedelta(step, "ns"))
    far = np.abs((moved - moments).astype(np.int64))
    if not far.any():
        return table, []
    most = pd.Timedelta(int(far.max()), "ns")
    note = (
        f"{int((far > 0).sum())} timestamps moved onto a grid of {what}, by {most} at the most",
        "snap was asked for",
    )
    shown = pd.Series(moved, index=table.index)
    return table.assign(**{DS: shown.dt.tz_localize(zone) if zone else shown}), [note]
