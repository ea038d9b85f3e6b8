"""From text cells to numbers and timestamps, by one convention for a whole column."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecastkit.errors import OptionError

MISSING_WORDS = ("", "NA", "NaN", "nan", "NULL", "null", "None", "#N/A")

# a convention: its pattern, and how its text becomes what float() reads
_PLAIN = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
_COMMA = r"[+-]?(\d+,?\d*|,\d+)([eE][+-]?\d+)?"
_GROUPED = r"[+-]?\d{1,3}(%s\d{3})+(%s\d+)?"


@dataclass(frozen=True)
class Convention:
    """How numbers are written in a column.

    Attributes
    ----------
    decimal, thousands : str
        The decimal mark, and what stands between groups of three digits ("" for nothing).
    """

    decimal: str
    thousands: str

    @property
    def pattern(self) -> str:
        """Regular expression that a number must match as a whole."""
        plain = _PLAIN if self.decimal == "." else _COMMA
        if not self.thousands:
            return plain
        grouped = _GROUPED % (re.escape(self.thousands), re.escape(self.decimal))
        return f"({plain}|{grouped})"

    def to_float(self, cells: pd.Series) -> np.ndarray:
        """Turn cells that match the pattern into numbers."""
        if self.thousands:
            cells = cells.str.replace(self.thousands, "", regex=False)
        if self.decimal != ".":
            cells = cells.str.replace(self.decimal, ".", regex=False)
        return cells.to_numpy(object).astype(np.float64)


CONVENTIONS = (
    Convention(".", ""),
    Convention(",", ""),
    Convention(".", ","),
    Convention(",", "."),
    Convention(".", " "),
    Convention(",", " "),
    Convention(".", "'"),
)


def missing(cells: pd.Series, na_values: tuple[str, ...]) -> np.ndarray:
    """Whether each cell is one of the words for a missing value."""
    return cells.str.strip().isin([*MISSING_WORDS, *na_values]).to_numpy()


def choose_convention(
    cells: pd.Series, decimal: str | None, thousands: str | None
) -> tuple[Convention, bool]:
    """Find the convention that reads most cells of a column.

    Parameters
    ----------
    cells : Series of str
        Without those that are missing.
    decimal, thousands : str, optional
        As the user gives them; found from the cells when left out.

    Returns
    -------
    convention : Convention
    ambiguous : bool
        Whether every cell that has a comma or point could be read in two ways with different
        values ("1,234").

    Examples
    --------
    >>> choose_convention(pd.Series(["1,5", "12"]), None, None)
    (Convention(decimal=',', thousands=''), False)
    >>> choose_convention(pd.Series(["1,234", "12"]), None, None)[1]
    True
    """
    if decimal is not None or thousands is not None:
        return Convention(decimal or ("," if thousands == "." else "."), thousands or ""), False
    cells = cells.str.strip()
    if cells.str.fullmatch(_PLAIN).all():
        return CONVENTIONS[0], False
    matches = [int(cells.str.fullmatch(one.pattern).sum()) for one in CONVENTIONS]
    best = int(np.argmax(matches))
    both = cells.str.fullmatch(CONVENTIONS[1].pattern) & cells.str.fullmatch(CONVENTIONS[2].pattern)
    marked = cells.str.contains(",", regex=False)
    ambiguous = best == 1 and bool((marked & both).sum() == marked.sum())
    return CONVENTIONS[best], ambiguous


def to_numbers(cells: pd.Series, convention: Convention) -> tuple[np.ndarray, np.ndarray]:
    """Read numbers.

    Parameters
    ----------
    cells : Series of str
        Missing ones as the empty string.

    Returns
    -------
    values : ndarray of float64
        NaN where a cell is empty or wrong.
    wrong : ndarray of bool
        Whether a cell is neither empty nor a finite number.
    """
    cells = cells.str.strip()
    good = cells.str.fullmatch(convention.pattern).to_numpy(bool)
    values = np.full(len(cells), np.nan)
    values[good] = convention.to_float(cells[good])
    infinite = np.isinf(values)
    values[infinite] = np.nan
    return values, (~good & (cells != "").to_numpy()) | infinite


Parser = Callable[[pd.Series], pd.Series]


def _explicit(form: str) -> Parser:
    def parse(cells: pd.Series) -> pd.Series:
        return pd.to_datetime(cells, format=form, errors="coerce")

    return parse


def _iso(cells: pd.Series) -> pd.Series:
    shaped = cells.str.fullmatch(r"\d{4}-\d{2}(-\d{2}([ T]\d{2}(:?\d{2}){0,2}([.,]\d+)?)?)?")
    return pd.to_datetime(cells.where(shaped), format="ISO8601", errors="coerce")


def _iso_zoned(cells: pd.Series) -> pd.Series:
    shaped = cells.str.fullmatch(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:?\d{2}.*(Z|[+-]\d{2}:?\d{2})")
    return pd.to_datetime(cells.where(shaped), format="ISO8601", errors="coerce", utc=True)


def _quarters(cells: pd.Series) -> pd.Series:
    parts = cells.str.extract(r"^(?:(\d{4})[ -]?Q([1-4])|Q([1-4])[ -](\d{4}))$")
    year = parts[0].fillna(parts[3])
    quarter = parts[1].fillna(parts[2])
    month = ((pd.to_numeric(quarter) - 1) * 3 + 1).astype("Int64").astype("string")
    return pd.to_datetime(year + "-" + month.str.zfill(2) + "-01", format="%Y-%m-%d")


def _weeks(cells: pd.Series) -> pd.Series:
    shaped = cells.where(cells.str.fullmatch(r"\d{4}-W\d{2}"))
    return pd.to_datetime(shaped + "-1", format="%G-W%V-%u", errors="coerce")


# forms that no other form reads differently, in the order in which they are tried
FORMS: dict[str, Parser] = {
    "ISO 8601": _iso,
    "ISO 8601 with offset, to UTC": _iso_zoned,
    "year/month/day": _explicit("%Y/%m/%d"),
    "year/month/day hour:minute": _explicit("%Y/%m/%d %H:%M"),
    "year/month/day hour:minute:second": _explicit("%Y/%m/%d %H:%M:%S"),
    "year-month name": _explicit("%Y-%b"),
    "month name year": _explicit("%b %Y"),
    "month name-year": _explicit("%b-%Y"),
    "month name year, in full": _explicit("%B %Y"),
    "day-month name-year": _explicit("%d-%b-%Y"),
    "day month name year": _explicit("%d %b %Y"),
    "month name day, year": _explicit("%b %d, %Y"),
    "month name in full day, year": _explicit("%B %d, %Y"),
    "day.month.year": _explicit("%d.%m.%Y"),
    "day.month.year hour:minute": _explicit("%d.%m.%Y %H:%M"),
    "day.month.year hour:minute:second": _explicit("%d.%m.%Y %H:%M:%S"),
    "quarters": _quarters,
    "ISO weeks, by their Monday": _weeks,
}
# forms of which each has a twin that reads the same cells with day and month swapped
_SLASHED = ("/", "-")
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")


@dataclass(frozen=True)
class Dates:
    """What a column of timestamps was read as.

    Attributes
    ----------
    ds : Series
        datetime64 or int64; NaT where a cell is wrong.
    form : str
        The form, in words or as a strptime format.
    wrong : ndarray of bool
        Whether a cell could not be read.
    ambiguous : bool
        Whether day and month could be swapped in every row.
    """

    ds: pd.Series
    form: str
    wrong: np.ndarray
    ambiguous: bool = False


def read_dates(cells: pd.Series, date_format: str | None = None) -> Dates | None:
    """Read a whole column of timestamps in one form.

    Parameters
    ----------
    cells : Series of str
    date_format : str, optional
        A strptime format; found from the cells when left out.

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
    cells = cells.str.strip()
    if date_format is not None:
        try:
            ds = _explicit(date_format)(cells)
        except ValueError as error:
            raise OptionError(
                f"date_format '{date_format}' is not a strptime format: {error}.",
                value=date_format,
                fix="Use for instance %d.%m.%Y or %Y-%m-%d %H:%M.",
            ) from error
        return Dates(ds, date_format, ds.isna().to_numpy())
    numeric = _numeric_dates(cells)
    if numeric is not None:
        return numeric
    sample = cells.iloc[:: max(1, len(cells) // 50)]
    for form, parse in FORMS.items():
        if parse(sample).notna().mean() > 0.5:
            ds = parse(cells)
            return Dates(ds, form, ds.isna().to_numpy())
    return _day_and_month(cells, sample)


def _day_and_month(cells: pd.Series, sample: pd.Series) -> Dates | None:
    for mark in _SLASHED:
        for clock in _CLOCKS:
            for year in ("%Y", "%y"):
                forms = [f"%d{mark}%m{mark}{year}{clock}", f"%m{mark}%d{mark}{year}{clock}"]
                if max(_explicit(form)(sample).notna().mean() for form in forms) <= 0.5:
                    continue
                read = [_explicit(form)(cells) for form in forms]
                wrong = [ds.isna().to_numpy() for ds in read]
                best = int(wrong[1].sum() < wrong[0].sum())
                same = bool((read[0] == read[1]).all())
                open_ = wrong[0].sum() == wrong[1].sum() and not same
                return Dates(read[best], forms[best], wrong[best], ambiguous=bool(open_))
    return None


def _numeric_dates(cells: pd.Series) -> Dates | None:
    """Whole numbers: dates, months or years where their digits say so, otherwise plain steps."""
    if cells.str.fullmatch(r"\d{8}(\.0)?").all():
        ds = pd.to_datetime(cells.str.slice(0, 8), format="%Y%m%d", errors="coerce")
        if ds.notna().all():
            return Dates(ds, "%Y%m%d", ds.isna().to_numpy())
    if cells.str.fullmatch(r"(1[5-9]|2[01])\d{2}(0[1-9]|1[0-2])").all():
        ds = pd.to_datetime(cells, format="%Y%m", errors="coerce")
        return Dates(ds, "%Y%m", ds.isna().to_numpy())
    if cells.str.fullmatch(r"(1[5-9]|2[01])\d{2}").all():
        ds = pd.to_datetime(cells, format="%Y", errors="coerce")
        return Dates(ds, "years", ds.isna().to_numpy())
    if cells.str.fullmatch(r"-?\d{1,9}").all():
        return Dates(cells.astype("int64"), "whole numbers", np.zeros(len(cells), bool))
    return None
