"""Timestamps that are plain numbers: days, months, years, seconds since 1970, steps."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from forecastkit.reading.forms import explicit, weeks

Read = tuple[pd.Series, str, np.ndarray]

_YEAR = r"(1[5-9]|2[01])\d{2}"
# words in the name of a column that holds times
_TIME_WORDS = re.compile(r"date|time|day|month|week|epoch|unix|stamp|\bts\b|\bds\b", re.I)
_MONTH_NAMED = re.compile(r"month|monat|mois|\bmes|date|datum|period", re.I)
_DAY_WORDS = re.compile(r"date|day|stamp|datum|fecha|\bdata\b|jour|\btag\b|\bds\b", re.I)
# periods of a year of book-keepers, beyond which numbers are weeks
_MAX_PERIODS = 16
_FIRST_EPOCH, _LAST_EPOCH = 1e8, 4.1e9  # seconds: 1973 to 2099
_FIRST_SERIAL, _LAST_SERIAL = 20_000, 80_000  # days of a spreadsheet: 1954 to 2119
_SPREADSHEET_START = pd.Timestamp("1899-12-30")
# forms of plain numbers, which could be anything: only their column's name makes them times
NUMERIC_FORMS = frozenset(
    (
        *("whole numbers", "years", "%Y%m", "year and ISO week", "spreadsheet serial dates"),
        *(f"Unix time in {unit}" for unit in ("seconds", "milliseconds")),
        *(f"Unix time in {unit}" for unit in ("microseconds", "nanoseconds")),
    )
)


def read_counts(cells: pd.Series, name: str | None) -> Read | None:
    """Numbers: dates, months, years, days or seconds where they say so, else plain steps."""
    months = cells.str.fullmatch(r"(0?[1-9]|1[0-2])\.(1[89]|20|21)\d{2}")
    if months.all() and name is not None and _MONTH_NAMED.search(name):
        return _of_form(cells, "%m.%Y", "month.year")
    whole = cells.str.extract(r"^(-?\d+)(?:\.0*)?$")[0]
    digits = whole.dropna()
    if digits.str.fullmatch(_YEAR + r"\d{4,10}").mean() > 0.5:
        for length, form in ((8, "%Y%m%d"), (14, "%Y%m%d%H%M%S"), (12, "%Y%m%d%H%M")):
            shaped = whole.where(whole.str.len() == length)
            ds = explicit(form, shaped)
            if ds.notna().sum() > 0.5 * len(cells):
                return (ds, form, ds.isna().to_numpy())
        ds = explicit("%Y%m%d%H", whole.where(whole.str.len() == 10))
        if ds.notna().all():  # seconds since 1970 would hardly all be such dates
            return (ds, "%Y%m%d%H", ds.isna().to_numpy())
    if len(digits) and digits.str.fullmatch(_YEAR + r"(0[1-9]|[1-4]\d|5[0-3])").mean() > 0.5:
        last = pd.to_numeric(digits.str.slice(4), errors="coerce").fillna(0)
        by_week = last.max() > _MAX_PERIODS or (
            name and re.search(r"week|woche|\bkw|wk", name, re.I)
        )
        if by_week and digits.str.fullmatch(r"\d{4}(0[1-9]|[1-4]\d|5[0-3])").all():
            ds = weeks(whole.str.slice(0, 4) + "-W" + whole.str.slice(4))
            return (ds, "year and ISO week", ds.isna().to_numpy())
        return _of_form(whole, "%Y%m", "%Y%m")
    if len(digits) and digits.str.fullmatch(_YEAR).mean() > 0.5:
        years = digits.str.fullmatch(_YEAR)
        if years.mean() > 0.9:
            return _of_form(whole, "%Y", "years")
    return _counted(cells, whole, name)


def _of_form(cells: pd.Series, form: str, name: str) -> Read:
    ds = explicit(form, cells)
    return (ds, name, ds.isna().to_numpy())


def _counted(cells: pd.Series, whole: pd.Series, name: str | None) -> Read | None:
    """Seconds since 1970, days of a spreadsheet, or steps without a calendar."""
    numbers = pd.to_numeric(cells, errors="coerce").astype(float)
    some = numbers.dropna()
    named = name is not None and _TIME_WORDS.search(name) is not None
    units = {"seconds": 1, "milliseconds": 1e3, "microseconds": 1e6, "nanoseconds": 1e9}
    for unit, size in units.items():
        within = some.between(_FIRST_EPOCH * size, _LAST_EPOCH * size)
        if within.all() and (named or len(f"{some.iloc[0]:.0f}") > 9):
            return _since_1970(cells, int(1e9 // size), f"Unix time in {unit}")
    by_day = name is not None and _DAY_WORDS.search(name) is not None
    if by_day and some.between(_FIRST_SERIAL, _LAST_SERIAL).all():
        seconds = (some * 86_400).round()
        ds = (_SPREADSHEET_START + pd.to_timedelta(seconds, unit="s")).reindex(cells.index)
        return (ds, "spreadsheet serial dates", ds.isna().to_numpy())
    steps = whole.where(whole.str.len() <= 10)
    if steps.notna().sum() > 0.5 * len(cells):
        counted = steps.fillna("0").astype("int64")
        return (counted, "whole numbers", steps.isna().to_numpy())
    return None


def _since_1970(cells: pd.Series, nanoseconds: int, form: str) -> Read:
    """Moments of numbers of so many nanoseconds; fractions count to the millisecond."""
    parts = cells.str.extract(r"^(\d+)(?:\.(\d+))?$")
    whole = parts[0].fillna("0").astype("int64") * nanoseconds
    share = ("0." + parts[1].fillna("0")).astype(float)
    rest = (share * nanoseconds / 1e6).round().astype("int64") * 1_000_000
    ds = pd.to_datetime(whole + rest, unit="ns").where(parts[0].notna())
    return (ds, form, ds.isna().to_numpy())
