"""Conversion of text to timestamps, with one date format per column."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from forecastkit.errors import OptionError
from forecastkit.reading.date_formats import (
    AMBIGUOUS_SEPARATORS,
    CLOCK_FORMATS,
    DATE_FORMATS,
    parse_format,
)
from forecastkit.reading.months import looks_like_date, with_english_months
from forecastkit.reading.numeric_timestamps import read_numeric_timestamps

_MAX_SAMPLED = 60


@dataclass(frozen=True)
class Dates:
    """A parsed column of timestamps.

    Attributes
    ----------
    ds : Series
        datetime64 or int64; NaT (0 if int64) where a cell is invalid.
    format : str
        Description of the date format, or a strptime format.
    invalid : ndarray of bool
        Whether each cell is invalid.
    ambiguous : bool
        Whether day, month and year could be swapped in all rows.
    offset : str or None
        UTC offset of the last cell that has one, as "+02:00".
    """

    ds: pd.Series
    format: str
    invalid: np.ndarray
    ambiguous: bool = False
    offset: str | None = None


def read_dates(
    cells: pd.Series, date_format: str | None = None, name: str | None = None
) -> Dates | None:
    """Parse a column of timestamps with one date format.

    Parameters
    ----------
    cells : Series of str
    date_format : str, optional
        A strptime format; inferred from the cells by default.
    name : str, optional
        Name of the column; it decides whether numbers may be serial dates or Unix times.

    Returns
    -------
    Dates or None
        None if no date format matches more than half of the cells.

    Examples
    --------
    >>> read_dates(pd.Series(["31/01/2024", "01/02/2024"])).format
    '%d/%m/%Y'
    >>> read_dates(pd.Series(["01/02/2024", "01/03/2024"])).ambiguous
    True
    """
    codes, unique = pd.factorize(cells.str.strip())
    parsed = _parse_unique(pd.Series(unique, dtype="str"), codes, date_format, name)
    if parsed is None:
        return None
    ds = parsed.ds.take(codes).set_axis(cells.index)
    offset = _last_offset(cells) if getattr(ds.dtype, "tz", None) is not None else None
    return Dates(ds, parsed.format, parsed.invalid[codes], parsed.ambiguous, offset)


def _last_offset(cells: pd.Series) -> str | None:
    """UTC offset of the last cell that has one, as +HH:MM.

    Examples
    --------
    >>> _last_offset(pd.Series(["2024-01-01T00:00+0100", "2024-07-01T00:00+02"]))
    '+02:00'
    """
    offsets = cells.str.extract(r"([+-])(\d{2}):?(\d{2})?$").dropna(subset=[0])
    if offsets.empty:
        return None
    sign, hours, minutes = offsets.iloc[-1].fillna("00")
    return f"{sign}{hours}:{minutes}"


def _parse_unique(
    cells: pd.Series, codes: np.ndarray, date_format: str | None, name: str | None
) -> Dates | None:
    """Parse the unique cells of a column; `codes` holds the position of each row's cell."""
    if date_format is not None:
        return _parse_given(cells, date_format)
    cells, next_day = _replace_24(with_english_months(cells))
    if next_day.any():
        parsed = _parse_unique(cells, codes, None, name)
        shift = pd.to_timedelta(next_day.astype(int), unit="D")
        is_undated = parsed is None or not pd.api.types.is_datetime64_any_dtype(parsed.ds)
        return None if parsed is None or is_undated else replace(parsed, ds=parsed.ds + shift)
    sample = cells.iloc[codes[:: max(1, len(codes) // _MAX_SAMPLED)]].reset_index(drop=True)
    sample = sample[sample != ""]
    if sample.empty:
        return None
    if sample.str.fullmatch(r"-?\d+(\.\d*)?").mean() > 0.5:
        numeric = read_numeric_timestamps(cells, name)
        return None if numeric is None else Dates(*numeric)
    if sample.map(looks_like_date).mean() <= 0.5:
        return None
    best = _best_format(sample)
    if best == "year/month" and _are_fiscal_years(sample):
        return None
    if best is not None:
        ds = DATE_FORMATS[best](cells)
        return Dates(ds, best, ds.isna().to_numpy())
    return _parse_day_and_month(cells, sample)


def _parse_given(cells: pd.Series, date_format: str) -> Dates:
    try:
        ds = parse_format(date_format, cells)
    except (ValueError, re.error) as error:
        raise OptionError(
            f"date_format '{date_format}' is not a strptime format: {error}.",
            value=date_format,
            fix="Use for instance %d.%m.%Y or %Y-%m-%d %H:%M.",
        ) from error
    return Dates(ds, date_format, ds.isna().to_numpy())


def _best_format(sample: pd.Series) -> str | None:
    """Format that matches most cells; None if none matches more than half of them."""
    best, share = None, 0.5
    for name, parse in DATE_FORMATS.items():
        matched = parse(sample).notna().mean()
        if matched > share:
            best, share = name, matched
        if share == 1.0:
            break
    return best


def _are_fiscal_years(cells: pd.Series) -> bool:
    """Whether all cells are fiscal years: a year and the next one, as in 2000/01."""
    parts = cells.str.extract(r"^(\d{4})/(\d{2})$").dropna().astype(int)
    return len(parts) == len(cells) and bool(((parts[0] + 1) % 100 == parts[1]).all())


def _replace_24(cells: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Write 24:00 as 00:00; also return a mask of these cells, which belong to the next day."""
    next_day = cells.str.contains(r"[T ]24:00(?::00)?$", regex=True)
    return cells.str.replace(r"([T ])24:00(?=(:00)?$)", r"\g<1>00:00", regex=True), next_day


def _parse_day_and_month(cells: pd.Series, sample: pd.Series) -> Dates | None:
    for separator in AMBIGUOUS_SEPARATORS:
        for clock in CLOCK_FORMATS:
            for year in ("%Y", "%y"):
                templates = ["%d{0}%m{0}" + year]
                templates += ["%m{0}%d{0}" + year] if separator != "." else []
                templates += ["%y{0}%m{0}%d"] if year == "%y" else []
                formats = [template.format(separator) + clock for template in templates]
                if max(parse_format(pattern, sample).notna().mean() for pattern in formats) <= 0.5:
                    continue
                parsed = [parse_format(pattern, cells) for pattern in formats]
                invalid = [ds.isna().to_numpy() for ds in parsed]
                counts = [int(mask.sum()) for mask in invalid]
                best = int(np.argmin(counts))
                ties = [k for k, count in enumerate(counts) if count == counts[best]]
                are_equal = all(parsed[k].equals(parsed[best]) for k in ties)
                return Dates(parsed[best], formats[best], invalid[best], ambiguous=not are_equal)
    return None


_TIME_FORMATS = ("%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p", "%H.%M.%S", "%H.%M")


def read_times_of_day(cells: pd.Series) -> pd.Series | None:
    """Parse a column of times of day as time since midnight; None if any cell is invalid.

    Integers from 0 to 23 are hours; from 1 to 24 they number the hours of a day, and hour 1 starts
    at midnight.

    Examples
    --------
    >>> read_times_of_day(pd.Series(["09:30", "10:00"])).tolist()
    [Timedelta('0 days 09:30:00'), Timedelta('0 days 10:00:00')]
    >>> read_times_of_day(pd.Series(["9", "hello"])) is None
    True
    """
    cells = cells.str.strip()
    if cells.str.fullmatch(r"\d{1,2}").all():
        hours = cells.astype(int)
        first_hour = 1 if hours.min() >= 1 and hours.max() == 24 else 0
        return (
            pd.to_timedelta(hours - first_hour, unit="h")
            if hours.max() - first_hour <= 23
            else None
        )
    for time_format in _TIME_FORMATS:
        parsed = parse_format(time_format, cells)
        if parsed.notna().all():
            return parsed - parsed.dt.normalize()
    return None
