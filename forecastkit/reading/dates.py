"""From text cells to timestamps, by one form for a whole column."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from forecastkit.errors import OptionError
from forecastkit.reading.counts import read_counts
from forecastkit.reading.forms import CLOCKS, FORMS, SLASHED, explicit
from forecastkit.reading.months import in_english, looks_like_a_date

_MAX_SAMPLED = 60


@dataclass(frozen=True)
class Dates:
    """What a column of timestamps was read as.

    Attributes
    ----------
    ds : Series
        datetime64 or int64; NaT (0 among whole numbers) where a cell is wrong.
    form : str
        The form, in words or as a strptime format.
    wrong : ndarray of bool
        Whether a cell could not be read.
    ambiguous : bool
        Whether day, month and year could be swapped in every row.
    offset : str or None
        Offset from UTC of the last cell, "+02:00", where the cells have one.
    """

    ds: pd.Series
    form: str
    wrong: np.ndarray
    ambiguous: bool = False
    offset: str | None = None


def read_dates(
    cells: pd.Series, date_format: str | None = None, name: str | None = None
) -> Dates | None:
    """Read a whole column of timestamps in one form.

    Parameters
    ----------
    cells : Series of str
    date_format : str, optional
        A strptime format; found from the cells when left out.
    name : str, optional
        Of the column: numbers of days or seconds are times only where it says so.

    Returns
    -------
    Dates or None
        None where fewer than half of the cells are timestamps of any one form.

    Examples
    --------
    >>> read_dates(pd.Series(["31/01/2024", "01/02/2024"])).form
    '%d/%m/%Y'
    >>> read_dates(pd.Series(["01/02/2024", "01/03/2024"])).ambiguous
    True
    """
    codes, kinds = pd.factorize(cells.str.strip())
    found = _read_kinds(pd.Series(kinds, dtype="str"), codes, date_format, name)
    if found is None:
        return None
    ds = found.ds.take(codes).set_axis(cells.index)
    offset = _last_offset(cells) if getattr(ds.dtype, "tz", None) is not None else None
    return Dates(ds, found.form, found.wrong[codes], found.ambiguous, offset)


def _last_offset(cells: pd.Series) -> str | None:
    """Offset from UTC that the last cell with one has, as +HH:MM.

    Examples
    --------
    >>> _last_offset(pd.Series(["2024-01-01T00:00+0100", "2024-07-01T00:00+02"]))
    '+02:00'
    """
    found = cells.str.extract(r"([+-])(\d{2}):?(\d{2})?$").dropna(subset=[0])
    if found.empty:
        return None
    sign, hours, minutes = found.iloc[-1].fillna("00")
    return f"{sign}{hours}:{minutes}"


def _read_kinds(
    cells: pd.Series, codes: np.ndarray, date_format: str | None, name: str | None
) -> Dates | None:
    """Read the different cells of a column; `codes` says which stands in each row."""
    if date_format is not None:
        return _given(cells, date_format)
    cells, next_day = _without_24(in_english(cells))
    if next_day.any():
        found = _read_kinds(cells, codes, None, name)
        later = pd.to_timedelta(next_day.astype(int), unit="D")
        whole = found is None or not pd.api.types.is_datetime64_any_dtype(found.ds)
        return None if found is None or whole else replace(found, ds=found.ds + later)
    sample = cells.iloc[codes[:: max(1, len(codes) // _MAX_SAMPLED)]].reset_index(drop=True)
    sample = sample[sample != ""]
    if sample.empty:
        return None
    if sample.str.fullmatch(r"-?\d+(\.\d*)?").mean() > 0.5:
        counted = read_counts(cells, name)
        return None if counted is None else Dates(*counted)
    if sample.map(looks_like_a_date).mean() <= 0.5:
        return None
    best = _best_form(sample)
    if best == "year/month" and _are_fiscal_years(sample):
        return None
    if best is not None:
        ds = FORMS[best](cells)
        return Dates(ds, best, ds.isna().to_numpy())
    return _day_and_month(cells, sample)


def _given(cells: pd.Series, date_format: str) -> Dates:
    try:
        ds = explicit(date_format, cells)
    except (ValueError, re.error) as error:
        raise OptionError(
            f"date_format '{date_format}' is not a strptime format: {error}.",
            value=date_format,
            fix="Use for instance %d.%m.%Y or %Y-%m-%d %H:%M.",
        ) from error
    return Dates(ds, date_format, ds.isna().to_numpy())


def _best_form(sample: pd.Series) -> str | None:
    """The form that reads most cells; None where none reads more than half of them."""
    best, share = None, 0.5
    for form, parse in FORMS.items():
        read = parse(sample).notna().mean()
        if read > share:
            best, share = form, read
        if share == 1.0:
            break
    return best


def _are_fiscal_years(cells: pd.Series) -> bool:
    """Whether all cells are a year and the next one: 2000/01."""
    parts = cells.str.extract(r"^(\d{4})/(\d{2})$").dropna().astype(int)
    return len(parts) == len(cells) and bool(((parts[0] + 1) % 100 == parts[1]).all())


def _without_24(cells: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Cells with 24:00 as 00:00, and which of them stand for the next day then."""
    found = cells.str.contains(r"[T ]24:00(?::00)?$", regex=True)
    return cells.str.replace(r"([T ])24:00(?=(:00)?$)", r"\g<1>00:00", regex=True), found


def _day_and_month(cells: pd.Series, sample: pd.Series) -> Dates | None:
    for mark in SLASHED:
        for clock in CLOCKS:
            for year in ("%Y", "%y"):
                parts = ["%d{0}%m{0}" + year]
                parts += ["%m{0}%d{0}" + year] if mark != "." else []
                parts += ["%y{0}%m{0}%d"] if year == "%y" else []
                forms = [part.format(mark) + clock for part in parts]
                if max(explicit(form, sample).notna().mean() for form in forms) <= 0.5:
                    continue
                read = [explicit(form, cells) for form in forms]
                wrong = [ds.isna().to_numpy() for ds in read]
                counts = [int(one.sum()) for one in wrong]
                best = int(np.argmin(counts))
                twins = [k for k, count in enumerate(counts) if count == counts[best]]
                same = all(read[k].equals(read[best]) for k in twins)
                return Dates(read[best], forms[best], wrong[best], ambiguous=not same)
    return None


_CLOCK_FORMS = ("%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p", "%H.%M.%S", "%H.%M")


def read_clock(cells: pd.Series) -> pd.Series | None:
    """Read a column of times of day, as time since midnight; None where it is none.

    Whole numbers from 0 to 23 are hours; from 1 to 24 they count the hours of a day, of which the
    first starts at midnight.

    Examples
    --------
    >>> read_clock(pd.Series(["09:30", "10:00"])).tolist()
    [Timedelta('0 days 09:30:00'), Timedelta('0 days 10:00:00')]
    >>> read_clock(pd.Series(["9", "hello"])) is None
    True
    """
    cells = cells.str.strip()
    if cells.str.fullmatch(r"\d{1,2}").all():
        hours = cells.astype(int)
        first = 1 if hours.min() >= 1 and hours.max() == 24 else 0
        return pd.to_timedelta(hours - first, unit="h") if hours.max() - first <= 23 else None
    for form in _CLOCK_FORMS:
        read = explicit(form, cells)
        if read.notna().all():
            return read - read.dt.normalize()
    return None
