"""How far apart the rows of a series are: found from the timestamps, or given as an alias.

A `Frequency` turns timestamps into whole numbers, one a period, and back, so that gaps can be
counted and the future named.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from forecastkit.errors import OptionError
from forecastkit.ranges import check_whole, refuse
from forecastkit.tables.clocks import DAY

_WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_UNITS = {"h": 3_600_000_000_000, "min": 60_000_000_000, "s": 1_000_000_000, "ms": 1_000_000}
# aliases that pandas has dropped, and what it calls them now
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
    """A regular grid of timestamps.

    Attributes
    ----------
    alias : str or int
        Alias as pandas writes it, or the step of series without a calendar.
    kind : "integer", "fixed", "business" or "month"
        Steps of a number, of a span of time, of working days, of months.
    step : int
        Length of a step: a number, nanoseconds, working days, or months.
    anchor : int
        Position of the grid: a number, nanoseconds from 1970-01-01, or a month's number.
    day : int
        Day of the month for steps of months, 31 for the last one; otherwise 0.
    clock : int
        Nanoseconds after midnight, for steps of working days or months.
    weekday : bool
        Whether days of months are moved to the nearest working day of the month.

    Examples
    --------
    >>> grid = parse_frequency("MS")
    >>> grid.ordinals(np.array(["2024-01-01", "2024-03-01"], "datetime64[ns]")).tolist()
    [648, 650]
    >>> grid.timestamps(np.array([651])).astype("datetime64[D]").tolist()
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
        """Number the timestamps along the grid.

        Parameters
        ----------
        ds : ndarray of datetime64[ns] or int

        Returns
        -------
        ndarray of int64
            One apart for neighbouring periods; a timestamp off the grid gets the number of the
            period that it lies in (see `off_grid`).
        """
        if self.kind in ("integer", "fixed"):
            return (as_int(ds) - self.anchor) // self.step
        days = days_of(ds)
        if self.kind == "business":
            return np.busday_count(np.datetime64(0, "D"), days) // self.step
        months = days.astype("datetime64[M]").astype(np.int64)
        return (months - self.anchor) // self.step

    def timestamps(self, ordinals: np.ndarray) -> np.ndarray:
        """Timestamps of numbers along the grid; the inverse of `ordinals`."""
        ordinals = np.asarray(ordinals, np.int64)
        if self.kind == "integer":
            return ordinals * self.step + self.anchor
        if self.kind == "fixed":
            return (ordinals * self.step + self.anchor).astype("datetime64[ns]")
        if self.kind == "business":
            start = np.datetime64(0, "D")  # a Thursday
            days = np.busday_offset(start, ordinals * self.step)
        else:
            months = (ordinals * self.step + self.anchor).astype("datetime64[M]")
            first = months.astype("datetime64[D]")
            length = ((months + 1).astype("datetime64[D]") - first).astype(np.int64)
            days = first + (np.minimum(self.day, length) - 1)
            if self.weekday:
                last = self.day == 31
                days = np.busday_offset(days, 0, roll="backward" if last else "forward")
        return days.astype("datetime64[ns]") + np.timedelta64(self.clock, "ns")

    def off_grid(self, ds: np.ndarray) -> np.ndarray:
        """Whether a timestamp is not one of the grid's, of the shape of `ds`."""
        return self.timestamps(self.ordinals(ds)) != ds

    def __str__(self) -> str:
        """Return the alias, and what it leaves open."""
        day = (
            f" (day {self.day} of the month)" if self.kind == "month" and 1 < self.day < 31 else ""
        )
        return f"{self.alias}{day}"

    @property
    def season_lengths(self) -> tuple[int, ...]:
        """Usual seasons, in steps, shortest first; (1,) for none.

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
        """Usual steps to forecast: 6 years, 8 quarters, 18 months, 13 weeks, 14 days, 48 hours."""
        if self.kind == "month":
            return {12: 6, 3: 8, 1: 18}.get(self.step, 8)
        if self.kind in ("business", "integer"):
            return 14 if self.kind == "business" else 8
        if self.step >= 7 * DAY:
            return 13
        return 14 if self.step >= DAY else 48


def parse_frequency(freq: str | int) -> Frequency:
    """Read an alias that a user gives.

    Parameters
    ----------
    freq : str or int
        A pandas offset alias, new or old ("MS", "W-SUN", "30min", "M"), or a step of integers.

    Raises
    ------
    OptionError
        If it is not known, or its steps are not whole numbers of a calendar unit.

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


def month_grids(days: np.ndarray, clock: int, step: int) -> list[Frequency]:
    """The grid of months, if every date can be the same day of its month or the last one."""
    months = days.astype("datetime64[M]")
    first = months.astype("datetime64[D]")
    of_month = (days - first).astype(np.int64) + 1
    length = ((months + 1).astype("datetime64[D]") - first).astype(np.int64)
    day = 31 if (of_month == length).all() else int(of_month.max())
    anchor = int(months[0].astype(np.int64)) % step
    grids = [monthly(step, anchor, day, clock)]
    if only_weekdays(days, fewest=3) and (np.diff(months.astype(np.int64)) != 0).any():
        grids += [_on_weekdays(monthly(step, anchor, one, clock)) for one in (31, 1)]
    return grids


def _on_weekdays(grid: Frequency) -> Frequency:
    """The same steps of months, moved to working days: BME for ME."""
    alias = re.sub(r"(?=[MQY][SE])", "B", str(grid.alias), count=1)
    return replace(grid, alias=alias, weekday=True)


def _of_offset(offset: Any, freq: str) -> Frequency:
    """The grid that an offset of pandas stands for."""
    name, step = type(offset).__name__, int(offset.n)
    if name in _BUSINESS:
        plain = pd.tseries.frequencies.to_offset(re.sub(r"B(?=[MQY][SE])", "", offset.freqstr))
        return _on_weekdays(_of_offset(plain, freq))
    if name in ("MonthBegin", "MonthEnd"):
        return monthly(step, 0, 1 if name == "MonthBegin" else 31)
    if name in ("QuarterBegin", "QuarterEnd"):
        return monthly(3 * step, offset.startingMonth - 1, 1 if name == "QuarterBegin" else 31)
    if name in ("YearBegin", "YearEnd"):
        return monthly(12 * step, offset.month - 1, 1 if name == "YearBegin" else 31)
    if name == "Week":
        weekday = 6 if offset.weekday is None else offset.weekday
        return fixed(7 * step * DAY, ((weekday - 3) % 7) * DAY)
    if name == "BusinessDay":
        return Frequency("B" if step == 1 else f"{step}B", "business", step)
    if name == "Day":
        return fixed(step * DAY, 0)
    try:
        return fixed(int(pd.Timedelta(offset).value), 0)
    except (ValueError, TypeError) as error:
        raise OptionError(
            f"freq '{freq}' is not supported.",
            value=freq,
            fix="Use an alias such as YS, QS, MS, ME, W-SUN, B, D, h, 30min, or an integer step.",
        ) from error


def in_calendar(grid: Frequency, ds: np.ndarray) -> Frequency:
    """Give steps of months or working days the day of the month and the time of day of the data."""
    clock = int(as_int(ds)[0]) % DAY
    if (as_int(ds) % DAY != clock).any():
        return grid
    if grid.kind == "business":
        return replace(grid, clock=clock)
    if grid.weekday:
        return replace(grid, clock=clock)
    found = month_grids(days_of(ds), clock, grid.step)[0]
    several = str(grid.alias)[0].isdigit()
    if (found.day == 31) != (grid.day == 31) or (found.anchor != grid.anchor and not several):
        return grid
    return replace(found, alias=grid.alias)


def monthly(step: int, first_month: int, day: int, clock: int = 0) -> Frequency:
    """Steps of months from a month on (0 for January), at one day of the month, 31 for the last."""
    start = day != 31
    if step % 12 == 0:
        alias = f"{'YS' if start else 'YE'}-{_MONTHS[first_month % 12]}"
        count = step // 12
    elif step == 3:
        month = first_month % 3
        alias = f"QS-{_MONTHS[month]}" if start else f"QE-{_MONTHS[month + 9]}"
        count = 1
    else:
        alias, count = ("MS" if start else "ME"), step
    alias = alias.replace("YS-JAN", "YS").replace("YE-DEC", "YE")
    alias = alias.replace("QS-JAN", "QS").replace("QE-DEC", "QE")
    name = alias if count == 1 else f"{count}{alias}"
    return Frequency(name, "month", step, first_month % step, day, clock)


def fixed(step: int, anchor: int) -> Frequency:
    """Steps of so many nanoseconds, from an anchor in nanoseconds since 1970 on."""
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


def only_weekdays(days: np.ndarray, fewest: int = 10) -> bool:
    """Whether there are several days, none of which is a Saturday or Sunday."""
    weekday = (days.astype(np.int64) + 3) % 7
    return len(np.unique(days)) >= fewest and bool((weekday < 5).all())


def _offset(freq: str) -> Any:
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


def as_int(ds: np.ndarray) -> np.ndarray:
    """Timestamps as nanoseconds since 1970; whole numbers as they are."""
    return ds.astype("datetime64[ns]").view(np.int64) if ds.dtype.kind == "M" else ds


def days_of(ds: np.ndarray) -> np.ndarray:
    """Timestamps without their time of day."""
    return ds.astype("datetime64[D]")
