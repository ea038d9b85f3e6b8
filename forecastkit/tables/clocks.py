"""Clocks that run late: the step that timestamps nearly keep, and how far off it they are."""

from __future__ import annotations

import numpy as np
import pandas as pd

DAY = 86_400_000_000_000  # nanoseconds
_SECOND = 1_000_000_000
# steps that clocks usually run by, in seconds
_STEPS = np.array(
    [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800]
    + [3600 * hours for hours in (1, 2, 3, 4, 6, 8, 12, 24, 24 * 7)]
)
MAX_OFFSET = 0.1


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
    if abs(middle - nearest) > MAX_OFFSET * nearest:
        return None
    off = off_clock(moments, nearest * _SECOND)
    return nearest * _SECOND if np.abs(off).max() <= MAX_OFFSET * nearest * _SECOND else None


def duration(nanoseconds: int) -> str:
    """Return a span of time as text, for messages.

    Examples
    --------
    >>> duration(DAY), duration(7 * DAY), duration(DAY // 24)
    ('1 day', '7 days', '01:00:00')
    """
    text = str(pd.Timedelta(nanoseconds, "ns")).removesuffix(" 00:00:00").removeprefix("0 days ")
    return text.replace("days", "day") if text.startswith("1 days") else text


def off_clock(moments: np.ndarray, step: int) -> np.ndarray:
    """Nanoseconds from the nearest point of a grid, which begins at midnight."""
    whole = moments.astype(np.int64)
    anchor = 0
    if step > DAY:  # on the day of most rows
        days = (whole + DAY // 2) // DAY
        anchor = int(np.bincount(days % (step // DAY)).argmax()) * DAY
    return (whole - anchor + step // 2) % step - step // 2
