"""Infer the frequency of timestamps, or explain why they have none."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np
import pandas as pd

from forecastkit.errors import DataError, at_row
from forecastkit.tables.frequency import (
    Frequency,
    dates_of,
    fixed_interval,
    has_only_weekdays,
    monthly_candidates,
    to_int,
)
from forecastkit.tables.jitter import DAY, deviations, duration, nominal_interval

_MEAN_MONTH = 30.436875 * DAY
# maximum share of mismatching rows that are treated as errors rather than as a finer frequency
_MAX_STRAY_SHARE = 0.05
# minimum number of steps, and minimum share of equal ones, to infer a series' sampling interval
_MIN_STEPS, _MIN_EQUAL_SHARE = 5, 0.8
# number of rows from which the frequency of a larger table is inferred first
_MAX_ROWS = 1_000_000


def infer_frequency(ds: np.ndarray, series: np.ndarray, ids: Any | None = None) -> Frequency:
    """Infer the frequency that the timestamps of all series match; periods may be absent.

    Candidates are derived from the most frequent interval between consecutive rows: fixed
    intervals, business days, and calendar months, quarters or years. The first one that matches
    every timestamp is returned.

    Parameters
    ----------
    ds : ndarray of datetime64[ns] or int, shape (n_rows,)
        Sorted within each series.
    series : ndarray of int, shape (n_rows,)
        Series number of each row; rows of a series are contiguous.
    ids : array of str, shape (n_rows,), optional
        Series name of each row, for error messages.

    Raises
    ------
    DataError
        If no series has two different timestamps, or the timestamps are irregular.

    Examples
    --------
    >>> days = np.array(["2024-01-01", "2024-01-02", "2024-01-04"], "datetime64[ns]")
    >>> infer_frequency(days, np.zeros(3, int)).alias
    'D'
    """
    if len(ds) > 2 * _MAX_ROWS:  # the first rows suffice if all others match their frequency
        head = slice(0, _MAX_ROWS)
        with suppress(DataError):
            frequency = infer_frequency(ds[head], series[head])
            if not frequency.mismatches(distinct(ds)[0]).any():
                return frequency
    intervals = np.diff(to_int(ds))
    intervals = intervals[(series[1:] == series[:-1]) & (intervals > 0)]
    if not len(intervals):
        raise DataError(
            "The frequency cannot be inferred: no series has two different timestamps.",
            fix="Set it with freq (--freq), for instance MS.",
        )
    counts = pd.Series(intervals).value_counts(sort=False)
    mode = int(counts.index[counts == counts.max()].min())
    values, inverse = distinct(ds)
    if np.issubdtype(ds.dtype, np.integer):
        candidates = [Frequency(mode, "integer", mode, int(ds[0]) % mode)]
    else:
        candidates = _candidates((values, inverse), mode, int(counts.index.min()))
    for frequency in candidates:
        if not frequency.mismatches(values).any():
            return frequency
    nearest = next(candidate for candidate in candidates if candidate.kind in ("fixed", "integer"))
    raise _irregular_error(ds, series, ids, nearest, mode)


def distinct(ds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct timestamps in order of appearance, and the position of each row's among them."""
    inverse, values = pd.factorize(to_int(ds))
    return values.astype(ds.dtype), inverse


def _irregular_error(
    ds: np.ndarray,
    series: np.ndarray,
    ids: Any | None,
    frequency: Frequency,
    mode: int,
) -> DataError:
    """Return an error that diagnoses timestamps without a regular frequency.

    It recognises nth weekdays of a month, retail calendars, jitter, and series that are offset from
    each other; `mode` is the most frequent interval, `frequency` the candidate with that step.
    """
    intervals = np.diff(to_int(ds))[np.diff(series) == 0]
    if ds.dtype.kind == "M" and _are_nth_weekdays(ds):
        return DataError(
            "The timestamps are the same weekday of each month, such as the third Friday: this "
            "frequency is not supported.",
            fix="Align them to the start of the month with freq='MS' and snap=True (--freq MS "
            "--snap).",
        )
    weeks, remainder = np.divmod(intervals, 7 * DAY)
    if ds.dtype.kind == "M" and {4, 5} <= set(weeks) and weeks.min() == 4 and not remainder.any():
        return DataError(
            "The timestamps are 4 or 5 weeks apart, as in a 4-4-5 retail calendar, which is not "
            "supported.",
            fix="Aggregate to calendar months, forecast weekly data, or number the periods 1, 2, "
            "3, ...",
        )
    interval = nominal_interval(ds, series) if ds.dtype.kind == "M" else None
    if interval is not None:
        jitter = duration(int(np.abs(deviations(ds, interval)).max()))
        return DataError(
            f"The timestamps deviate by up to {jitter} from a regular interval of "
            f"{_interval_text(interval, ds)}.",
            fix="To align them to the frequency, pass snap=True (--snap).",
        )
    off_rows = np.flatnonzero(frequency.mismatches(ds))
    error = None if ids is None else _offset_series_error(ds, series, ids, frequency)
    if error is None:
        first = _timestamp_text(ds[off_rows[0]])
        error = DataError(
            f"The timestamps are irregular: the most frequent interval is "
            f"{_interval_text(mode, ds)}, but {first} is not a whole number of intervals from "
            f"{_timestamp_text(ds[0])} ({len(off_rows)} of {len(ds)} rows).",
            value=first,
            fix="Aggregate to regular periods first, or set the frequency with freq (--freq).",
        )
    return at_row(error, int(off_rows[0]))


def _offset_series_error(
    ds: np.ndarray, series: np.ndarray, ids: Any, frequency: Frequency
) -> DataError | None:
    """Return an error if series of equal frequency are offset from each other, otherwise None."""
    off_rows = np.flatnonzero(frequency.mismatches(ds))
    codes = np.unique(series)
    matching = [code for code in codes if not frequency.mismatches(ds[series == code]).any()]
    is_offset = frequency.mismatches(ds[series == series[off_rows[0]]]).all()
    if matching and is_offset and len(matching) < len(codes):
        start = _timestamp_text(ds[series == matching[0]][0])
        return DataError(
            f"Series '{ids[int(off_rows[0])]}' is offset from series "
            f"'{ids[int(np.searchsorted(series, matching[0]))]}': "
            f"{_timestamp_text(ds[off_rows[0]])} is not a whole number of steps of "
            f"{frequency.alias} from {start} "
            f"({len(codes) - len(matching)} of {len(codes)} series).",
            fix="Forecast them separately, or shift them to the same timestamps.",
        )
    return None


def _are_nth_weekdays(ds: np.ndarray) -> bool:
    """Whether all dates are the nth of the same weekday of their months."""
    dates = dates_of(ds)
    month_start = dates.astype("datetime64[M]").astype("datetime64[D]")
    days_since_start = (dates - month_start).astype(np.int64)
    weekday = (dates.astype(np.int64) + 3) % 7
    return len(np.unique(days_since_start // 7)) == 1 and len(np.unique(weekday)) == 1


def check_intervals(
    frequency: Frequency, ordinals: np.ndarray, series: np.ndarray, ids: Any
) -> None:
    """Refuse tables in which some but not all series are sampled every few steps only.

    Parameters
    ----------
    frequency : Frequency
    ordinals, series : ndarray of int, shape (n_rows,)
        Period number and series number of each row.
    ids : array of str, shape (n_rows,)
        Series name of each row.

    Raises
    ------
    DataError
        If the series are not sampled at the same interval.
    """
    within_series = series[1:] == series[:-1]
    steps = np.diff(ordinals)
    if (~within_series | (steps == 1)).all():
        return
    steps, owner = steps[within_series], series[1:][within_series]
    n = int(series[-1]) + 1
    counts = np.bincount(owner, minlength=n)
    smallest = np.full(n, np.inf)
    np.minimum.at(smallest, owner, steps)
    n_equal = np.bincount(owner, steps == smallest[owner], minlength=n)
    is_coarse = (smallest > 1) & (counts >= _MIN_STEPS) & (n_equal >= _MIN_EQUAL_SHARE * counts)
    if not is_coarse.any() or is_coarse[counts > 0].all():
        return
    coarse = np.flatnonzero(is_coarse)
    names = [str(ids[int(np.searchsorted(series, code))]) for code in coarse[:3]]
    listed = ", ".join(f"'{name}'" for name in names) + (", ..." if len(coarse) > 3 else "")
    raise DataError(
        f"The series are not sampled at the same interval: {listed} ({len(coarse)} of {n}) "
        f"{'has' if len(coarse) == 1 else 'have'} a row every {int(smallest[coarse[0]])} steps of "
        f"{frequency.alias}, others every step.",
        value=names[0],
        fix="Forecast them separately; or, if the periods between are missing on purpose, set the "
        f"frequency with freq (--freq {frequency.alias}).",
    )


def _candidates(
    timestamps: tuple[np.ndarray, np.ndarray], mode: int, smallest: int
) -> list[Frequency]:
    """Candidate frequencies, best first.

    Parameters
    ----------
    timestamps : tuple of ndarray
        From `distinct`.
    mode, smallest : int
        Most frequent and smallest interval between consecutive rows, in nanoseconds.
    """
    ds, inverse = timestamps
    since_midnight = to_int(ds) % DAY
    clock = int(since_midnight[0])
    candidates: list[Frequency] = []
    if (since_midnight == clock).all():
        dates = dates_of(ds)
        if mode >= 28 * DAY:
            candidates += monthly_candidates(dates, clock, max(1, round(mode / _MEAN_MONTH)))
        if mode == DAY and has_only_weekdays(dates):
            candidates.append(Frequency("B", "business", 1, clock=clock))
    candidates.append(fixed_interval(mode, int(to_int(ds)[0]) % mode))
    # a finer frequency needs more than a few rows that only it matches
    if (
        smallest < mode
        and mode % smallest == 0
        and float(candidates[-1].mismatches(ds)[inverse].mean()) > _MAX_STRAY_SHARE
    ):
        candidates.append(fixed_interval(smallest, int(to_int(ds)[0]) % smallest))
    return candidates


def _interval_text(interval: int, ds: np.ndarray) -> str:
    return duration(interval) if ds.dtype.kind == "M" else str(interval)


def _timestamp_text(timestamp: Any) -> str:
    return str(pd.Timestamp(timestamp)) if timestamp.dtype.kind == "M" else str(timestamp)
