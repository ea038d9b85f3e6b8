"""Jitter: the nominal sampling interval of inexact timestamps, and their deviations from it."""

from __future__ import annotations

import numpy as np
import pandas as pd

DAY = 86_400_000_000_000  # nanoseconds
_SECOND = 1_000_000_000
# common sampling intervals, in seconds
_INTERVALS = np.array(
    [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800]
    + [3600 * hours for hours in (1, 2, 3, 4, 6, 8, 12, 24, 24 * 7)]
)
# maximum deviation of a timestamp, as a share of the sampling interval
MAX_JITTER = 0.1


def nominal_interval(timestamps: np.ndarray, codes: np.ndarray) -> int | None:
    """Nominal sampling interval in nanoseconds; None if a timestamp deviates by more than 10 %.

    Parameters
    ----------
    timestamps : ndarray of datetime64[ns], shape (n_rows,)
        Sorted within each series.
    codes : ndarray of int, shape (n_rows,)
        Series number of each row.

    Examples
    --------
    >>> late = np.array(["2024-01-01T00:00:03", "2024-01-01T01:00:01", "2024-01-01T02:00:04"])
    >>> nominal_interval(late.astype("datetime64[ns]"), np.zeros(3, int)) // 10**9
    3600
    """
    intervals = np.diff(timestamps.astype(np.int64))[np.diff(codes) == 0]
    intervals = intervals[intervals > 0]
    if not len(intervals):
        return None
    median = float(np.median(intervals)) / _SECOND
    nearest = int(_INTERVALS[np.abs(_INTERVALS - median).argmin()])
    if abs(median - nearest) > MAX_JITTER * nearest:
        return None
    jitter = deviations(timestamps, nearest * _SECOND)
    return nearest * _SECOND if np.abs(jitter).max() <= MAX_JITTER * nearest * _SECOND else None


def duration(nanoseconds: int) -> str:
    """Format a time span for messages.

    Examples
    --------
    >>> duration(DAY), duration(7 * DAY), duration(DAY // 24)
    ('1 day', '7 days', '01:00:00')
    """
    text = str(pd.Timedelta(nanoseconds, "ns")).removesuffix(" 00:00:00").removeprefix("0 days ")
    return text.replace("days", "day") if text.startswith("1 days") else text


def deviations(timestamps: np.ndarray, interval: int) -> np.ndarray:
    """Signed deviations, in nanoseconds, from the nearest multiple of an interval since midnight.

    Multiples of an interval longer than a day start on the day that fits most timestamps.
    """
    nanoseconds = timestamps.astype(np.int64)
    anchor = 0
    if interval > DAY:
        days = (nanoseconds + DAY // 2) // DAY
        anchor = int(np.bincount(days % (interval // DAY)).argmax()) * DAY
    return (nanoseconds - anchor + interval // 2) % interval - interval // 2
