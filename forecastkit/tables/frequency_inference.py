"""The grid that timestamps lie on, found; and why they lie on none."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np
import pandas as pd

from forecastkit.errors import DataError, at_row
from forecastkit.tables.clocks import DAY, duration, off_clock, usual_step
from forecastkit.tables.frequency import (
    Frequency,
    as_int,
    days_of,
    fixed,
    month_grids,
    only_weekdays,
)

_MEAN_MONTH = 30.436875 * DAY
# share of rows off the grid up to which they count as stray, not as a finer grid
_STRAY = 0.05
# a series of so many steps, so many of which are alike, keeps a pace
_MIN_COUNT, _ALIKE = 5, 0.8
# rows that a frequency is looked for in, at first
_MAX_ROWS = 1_000_000


def infer_frequency(ds: np.ndarray, series: np.ndarray, ids: Any | None = None) -> Frequency:
    """Find the grid that the timestamps of all series lie on; absent periods do not defeat it.

    The commonest step between neighbouring rows decides; every timestamp must then lie on the
    grid of that step, or on one grid of calendar months, quarters or years.

    Parameters
    ----------
    ds : ndarray of datetime64[ns] or int, shape (n_rows,)
        Sorted within each series.
    series : ndarray of int, shape (n_rows,)
        Number of the series of each row; rows of a series are contiguous.
    ids : array of str, shape (n_rows,), optional
        Names of the series, for messages.

    Raises
    ------
    DataError
        If there are not two rows of one series, or the timestamps lie on no regular grid.

    Examples
    --------
    >>> days = np.array(["2024-01-01", "2024-01-02", "2024-01-04"], "datetime64[ns]")
    >>> infer_frequency(days, np.zeros(3, int)).alias
    'D'
    """
    if len(ds) > 2 * _MAX_ROWS:  # the first rows tell, if all others lie on their grid
        head = slice(0, _MAX_ROWS)
        with suppress(DataError):
            grid = infer_frequency(ds[head], series[head])
            if not grid.off_grid(distinct(ds)[0]).any():
                return grid
    steps = np.diff(as_int(ds))
    steps = steps[(series[1:] == series[:-1]) & (steps > 0)]
    if not len(steps):
        raise DataError(
            "The frequency cannot be inferred: no series has two different timestamps.",
            fix="Set it with freq (--freq), for instance MS.",
        )
    counts = pd.Series(steps).value_counts(sort=False)
    common = int(counts.index[counts == counts.max()].min())
    kinds, which = distinct(ds)
    if np.issubdtype(ds.dtype, np.integer):
        candidates = [Frequency(common, "integer", common, int(ds[0]) % common)]
    else:
        candidates = _candidates((kinds, which), common, int(counts.index.min()))
    for grid in candidates:
        if not grid.off_grid(kinds).any():
            return grid
    plain = next(one for one in candidates if one.kind in ("fixed", "integer"))
    raise irregular(ds, series, ids, plain, common)


def distinct(ds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Different timestamps in the order of their first rows, and which of them each row has."""
    which, kinds = pd.factorize(as_int(ds))
    return kinds.astype(ds.dtype), which


def irregular(
    ds: np.ndarray,
    series: np.ndarray,
    ids: Any | None,
    grid: Frequency,
    common: int,
) -> DataError:
    """Error for timestamps without a frequency: retail months, late clocks, shifted series."""
    steps = np.diff(as_int(ds))[np.diff(series) == 0]
    if ds.dtype.kind == "M" and _are_nth_weekdays(ds):
        return DataError(
            "The timestamps are the same weekday of each month, such as the third Friday: this "
            "frequency is not supported.",
            fix="Align them to the start of the month with freq='MS' and snap=True (--freq MS "
            "--snap).",
        )
    weeks, rest = np.divmod(steps, 7 * DAY)
    if ds.dtype.kind == "M" and {4, 5} <= set(weeks) and weeks.min() == 4 and not rest.any():
        return DataError(
            "The timestamps are 4 or 5 weeks apart, as in a 4-4-5 retail calendar, which is not "
            "supported.",
            fix="Aggregate to calendar months, forecast weekly data, or number the periods 1, 2, "
            "3, ...",
        )
    step = usual_step(ds, series) if ds.dtype.kind == "M" else None
    if step is not None:
        far = duration(int(np.abs(off_clock(ds, step)).max()))
        return DataError(
            f"The timestamps deviate by up to {far} from a regular interval of {_span(step, ds)}.",
            fix="To align them to the frequency, pass snap=True (--snap).",
        )
    off = np.flatnonzero(grid.off_grid(ds))
    error = None if ids is None else _shifted_series(ds, series, ids, grid)
    if error is None:
        error = DataError(
            f"The timestamps are irregular: the most frequent interval is {_span(common, ds)}, but "
            f"{_shown(ds[off[0]])} is not a whole number of intervals from {_shown(ds[0])} "
            f"({len(off)} of {len(ds)} rows).",
            value=_shown(ds[off[0]]),
            fix="Aggregate to regular periods first, or set the frequency with freq (--freq).",
        )
    return at_row(error, int(off[0]))


def _shifted_series(
    ds: np.ndarray, series: np.ndarray, ids: Any, grid: Frequency
) -> DataError | None:
    """Error for series on the same frequency whose timestamps are offset from each other."""
    off = np.flatnonzero(grid.off_grid(ds))
    alone = [k for k in np.unique(series) if not grid.off_grid(ds[series == k]).any()]
    odd = series[off[0]]
    shifted = grid.off_grid(ds[series == odd]).all()
    if alone and shifted and len(alone) < len(np.unique(series)):
        count = len(np.unique(series)) - len(alone)
        return DataError(
            f"Series '{ids[int(off[0])]}' is offset from series "
            f"'{ids[int(np.searchsorted(series, alone[0]))]}': {_shown(ds[off[0]])} is not a "
            f"whole number of steps of {grid.alias} from {_shown(ds[series == alone[0]][0])} "
            f"({count} of {len(np.unique(series))} series).",
            fix="Forecast them separately, or shift them to the same timestamps.",
        )
    return None


def _are_nth_weekdays(ds: np.ndarray) -> bool:
    days = days_of(ds)
    of_month = (days - days.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64)
    weekday = (days.astype(np.int64) + 3) % 7
    return len(np.unique(of_month // 7)) == 1 and len(np.unique(weekday)) == 1


def check_pace(grid: Frequency, ordinals: np.ndarray, series: np.ndarray, ids: Any) -> None:
    """Refuse series whose rows all lie several steps apart, where those of others do not.

    Parameters
    ----------
    grid : Frequency
    ordinals, series : ndarray of int, shape (n_rows,)
        Numbers of the rows along the grid, and of their series.
    ids : array of str, shape (n_rows,)

    Raises
    ------
    DataError
        The series are named.
    """
    inside = series[1:] == series[:-1]
    steps = np.diff(ordinals)
    if (~inside | (steps == 1)).all():
        return
    steps = np.where(inside, steps, np.nan)
    owner = series[1:]
    n = int(series[-1]) + 1
    known = ~np.isnan(steps)
    counts = np.bincount(owner[known], minlength=n)
    least = np.full(n, np.inf)
    np.minimum.at(least, owner[known], steps[known])
    same = np.bincount(owner[known], steps[known] == least[owner[known]], minlength=n)
    slow = (least > 1) & np.isfinite(least) & (counts >= _MIN_COUNT) & (same >= _ALIKE * counts)
    if not slow.any() or slow[counts > 0].all():
        return
    odd = np.flatnonzero(slow)
    names = [str(ids[int(np.searchsorted(series, k))]) for k in odd[:3]]
    listed = ", ".join(f"'{name}'" for name in names) + (", ..." if len(odd) > 3 else "")
    raise DataError(
        f"The series are not sampled at the same interval: {listed} ({len(odd)} of {n}) "
        f"{'has' if len(odd) == 1 else 'have'} a row every {int(least[odd[0]])} steps of "
        f"{grid.alias}, others every step.",
        value=names[0],
        fix="Forecast them separately; or, if the periods between are missing on purpose, set the "
        f"frequency with freq (--freq {grid.alias}).",
    )


def _candidates(moments: tuple[np.ndarray, np.ndarray], common: int, least: int) -> list[Frequency]:
    """Grids to try, best first, for a commonest step of `common` nanoseconds; see `distinct`."""
    ds, which = moments
    since_midnight = as_int(ds) % DAY
    clock = int(since_midnight[0])
    found: list[Frequency] = []
    if (since_midnight == clock).all():
        days = days_of(ds)
        if common >= 28 * DAY:
            found += month_grids(days, clock, max(1, round(common / _MEAN_MONTH)))
        if common == DAY and only_weekdays(days):
            found.append(Frequency("B", "business", 1, clock=clock))
    found.append(fixed(common, int(as_int(ds)[0]) % common))
    # a finer grid counts where more than a stray row needs it
    if (
        least < common
        and common % least == 0
        and float(found[-1].off_grid(ds)[which].mean()) > _STRAY
    ):
        found.append(fixed(least, int(as_int(ds)[0]) % least))
    return found


def _span(step: int, ds: np.ndarray) -> str:
    return duration(step) if ds.dtype.kind == "M" else str(step)


def _shown(moment: Any) -> str:
    return str(pd.Timestamp(moment)) if moment.dtype.kind == "M" else str(moment)
