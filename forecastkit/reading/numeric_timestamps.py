"""Numeric timestamps: days, months, years, Unix times, serial dates, integer steps."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from forecastkit.reading.date_formats import parse_format, parse_weeks

Parsed = tuple[pd.Series, str, np.ndarray]

_YEAR = r"(1[5-9]|2[01])\d{2}"
# words in the names of time columns
_TIME_WORDS = re.compile(r"date|time|day|month|week|epoch|unix|stamp|\bts\b|\bds\b", re.I)
_MONTH_WORDS = re.compile(r"month|monat|mois|\bmes|date|datum|period", re.I)
_DAY_WORDS = re.compile(r"date|day|stamp|datum|fecha|\bdata\b|jour|\btag\b|\bds\b", re.I)
# maximum number of accounting periods in a year; larger numbers are weeks
_MAX_PERIODS = 16
_FIRST_EPOCH, _LAST_EPOCH = 1e8, 4.1e9  # seconds: 1973 to 2099
_FIRST_SERIAL, _LAST_SERIAL = 20_000, 80_000  # serial dates: 1954 to 2119
_SPREADSHEET_START = pd.Timestamp("1899-12-30")
# formats of plain numbers, which are timestamps only if the name of their column indicates it
NUMERIC_FORMATS = frozenset(
    (
        *("whole numbers", "years", "%Y%m", "year and ISO week", "spreadsheet serial dates"),
        *(f"Unix time in {unit}" for unit in ("seconds", "milliseconds")),
        *(f"Unix time in {unit}" for unit in ("microseconds", "nanoseconds")),
    )
)


def read_numeric_timestamps(cells: pd.Series, name: str | None) -> Parsed | None:
    """Parse numbers as dates, months, years, serial dates or Unix times, else as integer steps."""
    is_month = cells.str.fullmatch(r"(0?[1-9]|1[0-2])\.(1[89]|20|21)\d{2}")
    if is_month.all() and name is not None and _MONTH_WORDS.search(name):
        return _parse_dates(cells, "%m.%Y", "month.year")
    integers = cells.str.extract(r"^(-?\d+)(?:\.0*)?$")[0]
    digits = integers.dropna()
    if digits.str.fullmatch(_YEAR + r"\d{4,10}").mean() > 0.5:
        for length, date_format in ((8, "%Y%m%d"), (14, "%Y%m%d%H%M%S"), (12, "%Y%m%d%H%M")):
            candidates = integers.where(integers.str.len() == length)
            ds = parse_format(date_format, candidates)
            if ds.notna().sum() > 0.5 * len(cells):
                return (ds, date_format, ds.isna().to_numpy())
        ds = parse_format("%Y%m%d%H", integers.where(integers.str.len() == 10))
        if ds.notna().all():  # Unix times would hardly all match
            return (ds, "%Y%m%d%H", ds.isna().to_numpy())
    if len(digits) and digits.str.fullmatch(_YEAR + r"(0[1-9]|[1-4]\d|5[0-3])").mean() > 0.5:
        period = pd.to_numeric(digits.str.slice(4), errors="coerce").fillna(0)
        is_weekly = period.max() > _MAX_PERIODS or (
            name and re.search(r"week|woche|\bkw|wk", name, re.I)
        )
        if is_weekly and digits.str.fullmatch(r"\d{4}(0[1-9]|[1-4]\d|5[0-3])").all():
            ds = parse_weeks(integers.str.slice(0, 4) + "-W" + integers.str.slice(4))
            return (ds, "year and ISO week", ds.isna().to_numpy())
        return _parse_dates(integers, "%Y%m", "%Y%m")
    if len(digits) and digits.str.fullmatch(_YEAR).mean() > 0.5:
        years = digits.str.fullmatch(_YEAR)
        if years.mean() > 0.9:
            return _parse_dates(integers, "%Y", "years")
    return _parse_numbers(cells, integers, name)


def _parse_dates(cells: pd.Series, date_format: str, name: str) -> Parsed:
    ds = parse_format(date_format, cells)
    return (ds, name, ds.isna().to_numpy())


def _parse_numbers(cells: pd.Series, integers: pd.Series, name: str | None) -> Parsed | None:
    """Parse Unix times, spreadsheet serial dates, or integer steps."""
    numbers = pd.to_numeric(cells, errors="coerce").astype(float)
    values = numbers.dropna()
    is_time = name is not None and _TIME_WORDS.search(name) is not None
    units = {"seconds": 1, "milliseconds": 1e3, "microseconds": 1e6, "nanoseconds": 1e9}
    for unit, per_second in units.items():
        in_range = values.between(_FIRST_EPOCH * per_second, _LAST_EPOCH * per_second)
        if in_range.all() and (is_time or len(f"{values.iloc[0]:.0f}") > 9):
            return _parse_unix_time(cells, int(1e9 // per_second), f"Unix time in {unit}")
    is_date = name is not None and _DAY_WORDS.search(name) is not None
    if is_date and values.between(_FIRST_SERIAL, _LAST_SERIAL).all():
        seconds = (values * 86_400).round()
        ds = (_SPREADSHEET_START + pd.to_timedelta(seconds, unit="s")).reindex(cells.index)
        return (ds, "spreadsheet serial dates", ds.isna().to_numpy())
    steps = integers.where(integers.str.len() <= 10)
    if steps.notna().sum() > 0.5 * len(cells):
        filled = steps.fillna("0").astype("int64")
        return (filled, "whole numbers", steps.isna().to_numpy())
    return None


def _parse_unix_time(cells: pd.Series, nanoseconds: int, name: str) -> Parsed:
    """Parse Unix times in units of `nanoseconds`; fractions are rounded to milliseconds."""
    parts = cells.str.extract(r"^(\d+)(?:\.(\d+))?$")
    integers = parts[0].fillna("0").astype("int64") * nanoseconds
    fraction = ("0." + parts[1].fillna("0")).astype(float)
    remainder = (fraction * nanoseconds / 1e6).round().astype("int64") * 1_000_000
    ds = pd.to_datetime(integers + remainder, unit="ns").where(parts[0].notna())
    return (ds, name, ds.isna().to_numpy())
