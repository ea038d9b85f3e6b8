"""Sampling frequencies, and the pandas aliases that specify them.

A `Frequency` converts timestamps to consecutive period numbers and back, which locates missing
periods and extends the timestamps into the future.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from forecastkit.errors import OptionError
from forecastkit.ranges import check_whole, refuse
from forecastkit.tables.jitter import DAY

_WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_UNITS = {"h": 3_600_000_000_000, "min": 60_000_000_000, "s": 1_000_000_000, "ms": 1_000_000}
# aliases that pandas has removed, and their replacements
_OLD_ALIASES = {"M": "ME", "Q": "QE", "A": "YE", "Y": "YE", "AS": "YS", "H": "h", "T": "min"}
_OLD_ALIASES |= {"S": "s", "BM": "BME", "BQ": "BQE", "BA": "BYE", "L": "ms"}

_BUSINESS = tuple(
    f"{prefix}{unit}{end}"
    for prefix, unit in (("Business", "Month"), ("B", "Quarter"), ("B", "Year"))
    for end in ("Begin", "End")
)

_MAX_NUMBER = 2**56

Kind = Literal["integer", "fixed", "business", "month"]


@dataclass(frozen=True)
class Frequency:
    """A regular sequence of timestamps.

    Attributes
    ----------
    alias : str or int
        Alias in the notation of pandas, or the step of integer timestamps.
    kind : "integer", "fixed", "business" or "month"
        Unit of the steps: integers, a fixed time interval, business days, or months.
    step : int
        Length of a step: an integer, nanoseconds, business days, or months.
    anchor : int
        Offset of the sequence: an integer, nanoseconds since 1970-01-01, or months since 1970-01.
    day : int
        Day of the month for steps of months, 31 for the last day; otherwise 0.
    clock : int
        Nanoseconds after midnight, for steps of business days or months.
    weekday : bool
        Whether days of months are moved to the nearest business day of the month.

    Examples
    --------
    >>> frequency = parse_frequency("MS")
    >>> frequency.ordinals(np.array(["2024-01-01", "2024-03-01"], "datetime64[ns]")).tolist()
    [648, 650]
    >>> frequency.timestamps(np.array([651])).astype("datetime64[D]").tolist()
    [datetime.date(2024, 4, 1)]
    """

    alias: str | int
    kind: Kind
    step: int
    anchor: int = 0
    day: int = 0
    clock: int = 0
    weekday: bool = False

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            refuse("the kind of the frequency", self.kind, f"one of {', '.join(get_args(Kind))}")
        check_whole("the step of the frequency", self.step, 1, _MAX_NUMBER)
        for name in ("anchor", "day", "clock"):
            check_whole(f"the {name} of the frequency", getattr(self, name), 0, _MAX_NUMBER)

    def ordinals(self, ds: np.ndarray) -> np.ndarray:
        """Convert timestamps to period numbers.

        Parameters
        ----------
        ds : ndarray of datetime64[ns] or int

        Returns
        -------
        ndarray of int64
            Consecutive for consecutive periods. A timestamp that does not match the frequency gets
            the number of the period that contains it; see `mismatches`.
        """
        if self.kind in ("integer", "fixed"):
            return (to_int(ds) - self.anchor) // self.step
        dates = dates_of(ds)
        if self.kind == "business":
            return np.busday_count(np.datetime64(0, "D"), dates) // self.step
        months = dates.astype("datetime64[M]").astype(np.int64)
        return (months - self.anchor) // self.step

    def timestamps(self, ordinals: np.ndarray) -> np.ndarray:
        """Convert period numbers to timestamps; the inverse of `ordinals`."""
        ordinals = np.asarray(ordinals, np.int64)
        if self.kind == "integer":
            return ordinals * self.step + self.anchor
        if self.kind == "fixed":
            return (ordinals * self.step + self.anchor).astype("datetime64[ns]")
        if self.kind == "business":
            start = np.datetime64(0, "D")  # a Thursday
            dates = np.busday_offset(start, ordinals * self.step)
        else:
            months = (ordinals * self.step + self.anchor).astype("datetime64[M]")
            first = months.astype("datetime64[D]")
            length = ((months + 1).astype("datetime64[D]") - first).astype(np.int64)
            dates = first + (np.minimum(self.day, length) - 1)
            if self.weekday:
                is_last = self.day == 31
                dates = np.busday_offset(dates, 0, roll="backward" if is_last else "forward")
        return dates.astype("datetime64[ns]") + np.timedelta64(self.clock, "ns")

    def mismatches(self, ds: np.ndarray) -> np.ndarray:
        """Whether each timestamp does not match the frequency, with the shape of `ds`."""
        return self.timestamps(self.ordinals(ds)) != ds

    def __str__(self) -> str:
        """Return the alias, with the day of the month if the alias does not imply it."""
        day = (
            f" (day {self.day} of the month)" if self.kind == "month" and 1 < self.day < 31 else ""
        )
        return f"{self.alias}{day}"

    @property
    def season_lengths(self) -> tuple[int, ...]:
        """Typical season lengths in steps, shortest first; (1,) for none.

        Examples
        --------
        >>> parse_frequency("MS").season_lengths, parse_frequency("D").season_lengths
        ((12,), (7, 365))
        """
        if self.kind == "month":
            return (12 // self.step,) if 12 % self.step == 0 else (1,)
        if self.kind == "business":
            return (5,)
        if self.kind == "integer":
            return (1,)
        days = self.step / DAY
        if days > 1:
            return (max(1, round(364 / days)),) if self.step % (7 * DAY) == 0 else (1,)
        if days == 1:
            return (7, 365)
        steps = DAY // self.step if DAY % self.step == 0 else 1
        if steps <= 1:
            return (1,)
        return (steps, 7 * steps) if steps <= 96 else (steps,)

    @property
    def horizon(self) -> int:
        """Typical horizon: 6 years, 8 quarters, 18 months, 13 weeks, 14 days or 48 hours."""
        if self.kind == "month":
            return {12: 6, 3: 8, 1: 18}.get(self.step, 8)
        if self.kind in ("business", "integer"):
            return 14 if self.kind == "business" else 8
        if self.step >= 7 * DAY:
            return 13
        return 14 if self.step >= DAY else 48


def parse_frequency(freq: str | int) -> Frequency:
    """Parse a frequency alias.

    Parameters
    ----------
    freq : str or int
        A pandas offset alias, current or removed ("MS", "W-SUN", "30min", "M"), or the step of
        integer timestamps.

    Raises
    ------
    OptionError
        If the alias is unknown, its step is not positive, or the offset is not supported.

    Examples
    --------
    >>> parse_frequency("W-MON").timestamps(np.array([0])).astype("datetime64[D]").tolist()
    [datetime.date(1970, 1, 5)]
    """
    if isinstance(freq, int) or (isinstance(freq, str) and freq.isdigit()):
        if int(freq) < 1:
            raise OptionError(
                f"freq {freq} is less than 1.", value=freq, fix="Use an integer step of 1 or more."
            )
        return Frequency(int(freq), "integer", int(freq))
    offset = _offset(freq)
    if offset.n < 1:
        raise OptionError(
            f"freq '{freq}' is not a positive step.", value=freq, fix="Use a step of 1 or more."
        )
    return _of_offset(offset, str(freq))


def monthly_candidates(dates: np.ndarray, clock: int, step: int) -> list[Frequency]:
    """Frequencies of so many months that dates may match: by day of the month, by business day."""
    months = dates.astype("datetime64[M]")
    first = months.astype("datetime64[D]")
    day_of_month = (dates - first).astype(np.int64) + 1
    length = ((months + 1).astype("datetime64[D]") - first).astype(np.int64)
    day = 31 if (day_of_month == length).all() else int(day_of_month.max())
    anchor = int(months[0].astype(np.int64)) % step
    candidates = [monthly(step, anchor, day, clock)]
    if has_only_weekdays(dates, min_dates=3) and (np.diff(months.astype(np.int64)) != 0).any():
        candidates += [_on_business_days(monthly(step, anchor, day, clock)) for day in (31, 1)]
    return candidates


def _on_business_days(frequency: Frequency) -> Frequency:
    """Move a frequency of months to business days: BME for ME."""
    alias = re.sub(r"(?=[MQY][SE])", "B", str(frequency.alias), count=1)
    return replace(frequency, alias=alias, weekday=True)


def _of_offset(offset: Any, freq: str) -> Frequency:
    """Convert a pandas offset to a frequency."""
    name, step = type(offset).__name__, int(offset.n)
    if name in _BUSINESS:
        plain = pd.tseries.frequencies.to_offset(re.sub(r"B(?=[MQY][SE])", "", offset.freqstr))
        return _on_business_days(_of_offset(plain, freq))
    if name in ("MonthBegin", "MonthEnd"):
        return monthly(step, 0, 1 if name == "MonthBegin" else 31)
    if name in ("QuarterBegin", "QuarterEnd"):
        return monthly(3 * step, offset.startingMonth - 1, 1 if name == "QuarterBegin" else 31)
    if name in ("YearBegin", "YearEnd"):
        return monthly(12 * step, offset.month - 1, 1 if name == "YearBegin" else 31)
    if name == "Week":
        weekday = 6 if offset.weekday is None else offset.weekday
        return fixed_interval(7 * step * DAY, ((weekday - 3) % 7) * DAY)
    if name == "BusinessDay":
        return Frequency("B" if step == 1 else f"{step}B", "business", step)
    if name == "Day":
        return fixed_interval(step * DAY, 0)
    try:
        return fixed_interval(int(pd.Timedelta(offset).value), 0)
    except (ValueError, TypeError) as error:
        raise OptionError(
            f"freq '{freq}' is not supported.",
            value=freq,
            fix="Use an alias such as YS, QS, MS, ME, W-SUN, B, D, h, 30min, or an integer step.",
        ) from error


def aligned_to_calendar(frequency: Frequency, ds: np.ndarray) -> Frequency:
    """Set the day of the month and time of day of steps of months or business days from data."""
    clock = int(to_int(ds)[0]) % DAY
    if (to_int(ds) % DAY != clock).any():
        return frequency
    if frequency.kind == "business":
        return replace(frequency, clock=clock)
    if frequency.weekday:
        return replace(frequency, clock=clock)
    inferred = monthly_candidates(dates_of(ds), clock, frequency.step)[0]
    same_anchor = inferred.anchor == frequency.anchor
    is_multiple = str(frequency.alias)[0].isdigit()
    if (inferred.day == 31) != (frequency.day == 31) or (not same_anchor and not is_multiple):
        return frequency
    return replace(inferred, alias=frequency.alias)


def monthly(step: int, first_month: int, day: int, clock: int = 0) -> Frequency:
    """Return a frequency of months from `first_month` (0: January), on a day (31: the last)."""
    is_start = day != 31
    if step % 12 == 0:
        alias = f"{'YS' if is_start else 'YE'}-{_MONTHS[first_month % 12]}"
        count = step // 12
    elif step == 3:
        month = first_month % 3
        alias = f"QS-{_MONTHS[month]}" if is_start else f"QE-{_MONTHS[month + 9]}"
        count = 1
    else:
        alias, count = ("MS" if is_start else "ME"), step
    alias = alias.replace("YS-JAN", "YS").replace("YE-DEC", "YE")
    alias = alias.replace("QS-JAN", "QS").replace("QE-DEC", "QE")
    name = alias if count == 1 else f"{count}{alias}"
    return Frequency(name, "month", step, first_month % step, day, clock)


def fixed_interval(step: int, anchor: int) -> Frequency:
    """Return a frequency with a step in nanoseconds and an anchor in nanoseconds since 1970."""
    anchor %= step
    if step % (7 * DAY) == 0:
        count, weekday = step // (7 * DAY), (anchor // DAY + 3) % 7
        alias = f"W-{_WEEKDAYS[weekday]}"
    elif step % DAY == 0:
        count, alias = step // DAY, "D"
    else:
        unit = next((unit for unit, size in _UNITS.items() if step % size == 0), "ns")
        count, alias = step // _UNITS.get(unit, 1), unit
    return Frequency(alias if count == 1 else f"{count}{alias}", "fixed", step, anchor)


def has_only_weekdays(dates: np.ndarray, min_dates: int = 10) -> bool:
    """Whether there are at least `min_dates` distinct dates, all from Monday to Friday."""
    weekday = (dates.astype(np.int64) + 3) % 7
    return len(np.unique(dates)) >= min_dates and bool((weekday < 5).all())


def _offset(freq: str) -> Any:
    """Convert an alias to a pandas offset."""
    count, letters = "", str(freq)
    while letters[:1].isdigit():
        count, letters = count + letters[0], letters[1:]
    name, dash, anchor = letters.partition("-")
    try:
        return pd.tseries.frequencies.to_offset(
            f"{count}{_OLD_ALIASES.get(name, name)}{dash}{anchor}"
        )
    except (ValueError, TypeError) as error:
        raise OptionError(
            f"freq '{freq}' is not a pandas offset alias.",
            value=freq,
            fix="Use an alias such as YS, QS, MS, ME, W-SUN, B, D, h, 30min, or an integer step.",
        ) from error


def to_int(ds: np.ndarray) -> np.ndarray:
    """Convert timestamps to nanoseconds since 1970; integers are returned unchanged."""
    return ds.astype("datetime64[ns]").view(np.int64) if ds.dtype.kind == "M" else ds


def dates_of(ds: np.ndarray) -> np.ndarray:
    """Dates of timestamps, without the time of day."""
    return ds.astype("datetime64[D]")
