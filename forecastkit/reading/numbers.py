"""Conversion of text to numbers, with one convention per column."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

MISSING_CODES = (
    *("", "NA", "N/A", "NaN", "nan", "NAN", "NULL", "null", "None", "#N/A", "#NA", "<NA>"),
    "\\N",
)

# regular expressions for numbers
_EXPONENT = r"([eE][+-]?\d+)?"
_PLAIN = r"[+-]?(\d+\.?\d*|\.\d+)" + _EXPONENT
_PLAIN_NUMBER = re.compile(_PLAIN, re.ASCII)
_COMMA = r"[+-]?(\d+,?\d*|,\d+)" + _EXPONENT
_GROUPED = r"[+-]?[1-9]\d{0,2}(%s\d{3})+(%s\d+)?"
_CURRENCIES = "$€£¥₹₩₽₺₴฿₫₪₦₱¢"
_CURRENCY_CODES = ("USD", "EUR", "GBP", "CHF", "JPY", "CNY", "INR", "CAD", "AUD", "SEK", "NOK")
_CURRENCY = re.compile(rf"[{_CURRENCIES}]|\b(?:{'|'.join(_CURRENCY_CODES)})\b|kr\.?|zł|Kč|R\$")
_MINUS_SIGNS = {"\u2212": "-", "\u2012": "-", "\u2013": "-", "\ufe63": "-", "\uff0d": "-"}
_SPACES = {"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2007": " ", "\u2019": "'"}
_NORMALIZED = str.maketrans({**_MINUS_SIGNS, **_SPACES})
_NONSTANDARD = re.compile("[" + "".join([*_MINUS_SIGNS, *_SPACES]) + "]")
_SYMBOLS = re.compile(rf"[%()\u066a{_CURRENCIES}]|[A-Za-złč]|\d-$")
# numbers that programs use as missing-value codes
_COMMON_CODES = (-1.0, -9.0, -99.0, -200.0, -999.0, -9999.0, -99999.0, 999.0, 9999.0, 99999.0)
_MIN_OCCURRENCES = 3
# minimum share of numeric cells in a numeric column
_MIN_NUMERIC_SHARE = 0.9
_MAX_SAMPLED_CELLS, _MIN_VECTORIZED_CELLS = 10_000, 2_000


@dataclass(frozen=True)
class Convention:
    """The notation of the numbers in a column.

    Attributes
    ----------
    decimal, thousands : str
        Decimal mark, and thousands separator ("" for none).
    """

    decimal: str
    thousands: str

    @property
    def pattern(self) -> str:
        """Regular expression that a number must match completely."""
        plain = _PLAIN if self.decimal == "." else _COMMA
        if not self.thousands:
            return plain
        grouped = _GROUPED % (re.escape(self.thousands), re.escape(self.decimal))
        return f"({plain}|{grouped})"

    def to_float(self, cells: pd.Series) -> np.ndarray:
        """Convert cells that match the pattern."""
        if self.thousands:
            cells = cells.str.replace(self.thousands, "", regex=False)
        if self.decimal != ".":
            cells = cells.str.replace(self.decimal, ".", regex=False)
        return cells.to_numpy(object).astype(np.float64)


PLAIN = Convention(".", "")
CONVENTIONS = (
    PLAIN,
    Convention(",", ""),
    Convention(".", ","),
    Convention(",", "."),
    Convention(".", " "),
    Convention(",", " "),
    Convention(".", "'"),
    Convention(",", "'"),
)


@dataclass(frozen=True)
class StrippedCells:
    """Cells without currency and percent signs, with ASCII minus signs.

    Attributes
    ----------
    cells : Series of str
    notes : tuple of str
        What was removed from the cells of the column.
    problem : str or None
        Why the column cannot be converted: how its cells are inconsistent.
    mismatch : int or None
        Position of the first inconsistent cell.
    """

    cells: pd.Series
    notes: tuple[str, ...] = ()
    problem: str | None = None
    mismatch: int | None = None


def strip_symbols(cells: pd.Series) -> StrippedCells:
    """Strip currency and percent signs; write negative numbers with a leading ASCII minus.

    Examples
    --------
    >>> strip_symbols(pd.Series(["$5", "($6.50)", "\u22127"])).cells.tolist()
    ['5', '-6.50', '-7']
    """
    cells = cells.str.strip()
    notes: list[str] = []
    is_nonstandard = cells.str.contains(_NONSTANDARD).to_numpy(bool)
    if is_nonstandard.any():
        cells = cells.where(~is_nonstandard, cells.str.translate(_NORMALIZED).str.strip())
    positions = np.flatnonzero(cells.str.contains(_SYMBOLS).to_numpy(bool))
    if not len(positions):
        return StrippedCells(cells)
    subset = cells.iloc[positions]
    cell_currencies = subset.map(_currencies)
    currencies = sorted({currency for group in cell_currencies for currency in group})
    if len(currencies) > 1:
        with_currency = np.flatnonzero(cell_currencies.map(bool).to_numpy())
        first = cell_currencies.iloc[with_currency[0]]
        other = next(k for k in with_currency if cell_currencies.iloc[k] != first)
        problem = f"the currencies differ ({', '.join(currencies)})"
        return StrippedCells(cells, (), problem, int(positions[other]))
    if currencies:
        subset = subset.where(~cell_currencies.map(bool), subset.map(_strip_currency))
        notes.append(f"currency sign '{currencies[0]}' removed")
    percent = subset.str.fullmatch(r"[^%]*\d\s*[%\u066a]\)?|[%\u066a]\s*[-+\d.,]+").to_numpy(bool)
    if percent.any():
        is_bare = cells.str.fullmatch(r"[-+\d.,' ()eE]+").to_numpy(bool)
        if is_bare.any():
            problem = "some cells have a percent sign, others do not"
            return StrippedCells(cells, (), problem, int(np.flatnonzero(is_bare)[0]))
        subset = subset.where(~percent, subset.str.replace(r"\s*[%\u066a]\s*", "", regex=True))
        notes.append("percent signs removed (5% is read as 5)")
    has_trailing_minus = subset.str.fullmatch(r"\d[\d.,' ]*-").to_numpy(bool)
    if has_trailing_minus.any():
        subset = subset.where(~has_trailing_minus, "-" + subset.str.removesuffix("-"))
        notes.append("trailing minus signs read as negative")
    in_parentheses = subset.str.fullmatch(r"\(\s*\+?[\d.,' ]+\s*\)").to_numpy(bool)
    if in_parentheses.any():
        negated = "-" + subset.str.replace(r"[()]", "", regex=True).str.strip()
        subset = subset.where(~in_parentheses, negated)
        notes.append("numbers in parentheses read as negative")
    result = cells.copy()
    result.iloc[positions] = subset
    return StrippedCells(result, tuple(notes))


def _currencies(cell: str) -> tuple[str, ...]:
    """Currency sign of a cell, if it has exactly one and is otherwise a number."""
    currencies = _CURRENCY.findall(cell)
    rest = _CURRENCY.sub("", cell)
    return (
        tuple(currencies) if len(currencies) == 1 and re.fullmatch(r"[-+(\s\d.,')%]+", rest) else ()
    )


def _strip_currency(cell: str) -> str:
    bare = _CURRENCY.sub("", cell).strip()
    return re.sub(r"^([-+(])\s+", r"\1", bare)


def is_missing(cells: pd.Series, na_values: tuple[str, ...]) -> np.ndarray:
    """Whether each cell is a missing-value code; numeric codes are compared by value.

    Examples
    --------
    >>> is_missing(pd.Series(["NA", " ", "-999.0", "7"]), ("-999",)).tolist()
    [True, True, True, False]
    """
    stripped = cells.str.strip()
    mask = stripped.isin([*MISSING_CODES, *na_values]).to_numpy(copy=True)
    codes = numeric_missing_codes(na_values)
    if codes:
        plain = stripped.str.fullmatch(_PLAIN).to_numpy(bool)
        equal = np.isin(stripped[plain].to_numpy(object).astype(float), codes)
        mask[np.flatnonzero(plain)[equal]] = True
    return np.asarray(mask)


def numeric_missing_codes(na_values: Iterable[str]) -> list[float]:
    """Numeric codes among missing-value codes.

    Examples
    --------
    >>> numeric_missing_codes(["-999", "none", ""])
    [-999.0]
    """
    return [float(code) for code in na_values if _PLAIN_NUMBER.fullmatch(code.strip())]


def choose_convention(
    cells: pd.Series,
    decimal: str | None,
    thousands: str | None,
    assume_decimal_points: bool = False,
) -> tuple[Convention, bool]:
    """Choose the convention that matches most cells of a column.

    Parameters
    ----------
    cells : Series of str
        Without missing ones; see `strip_symbols`.
    decimal, thousands : str, optional
        As specified by the user; inferred from the cells by default.
    assume_decimal_points : bool
        Whether an ambiguous point is read as the decimal mark.

    Returns
    -------
    convention : Convention
    ambiguous : bool
        Whether every cell with a comma or point has two possible values ("1,234").

    Examples
    --------
    >>> choose_convention(pd.Series(["1,5", "12"]), None, None)
    (Convention(decimal=',', thousands=''), False)
    >>> choose_convention(pd.Series(["1,234", "12"]), None, None)[1]
    True
    >>> choose_convention(pd.Series(["1,234", "1200"]), None, None)[1]
    False
    """
    if decimal is not None or thousands is not None:
        return Convention(decimal or ("," if thousands == "." else "."), thousands or ""), False
    cells = cells.str.strip()
    plain = cells.str.fullmatch(_PLAIN)
    if plain.all():
        return PLAIN, not assume_decimal_points and _is_ambiguous(cells, ".")
    matches = [int(cells.str.fullmatch(convention.pattern).sum()) for convention in CONVENTIONS]
    best = int(np.argmax(matches))
    if best == 1:
        return CONVENTIONS[1], _is_ambiguous(cells, ",")
    if best == 0:
        return PLAIN, not assume_decimal_points and _is_ambiguous(cells[plain], ".")
    return CONVENTIONS[best], False


def _is_ambiguous(cells: pd.Series, mark: str) -> bool:
    """Whether a mark may be decimal or separate thousands in all cells that contain it."""
    has_mark = cells.str.contains(mark, regex=False).to_numpy(bool)
    if not has_mark.any():
        return False
    grouped = cells[has_mark].str.fullmatch(rf"[+-]?[1-9]\d{{0,2}}{re.escape(mark)}\d{{3}}")
    # four digits without the mark: it does not separate thousands
    ungrouped = cells[~has_mark].str.fullmatch(r"[+-]?[1-9]\d{3,}").any()
    return bool(grouped.all()) and not bool(ungrouped)


def has_ambiguous_points(cells: pd.Series) -> bool:
    """Whether points may be decimal or separate thousands in all cells that contain one.

    Examples
    --------
    >>> has_ambiguous_points(pd.Series(["1.234", "7"]))
    True
    >>> has_ambiguous_points(pd.Series(["1.234", "7.5"]))
    False
    """
    return _is_ambiguous(cells[cells.str.contains(".", regex=False)], ".")


def to_numbers(cells: pd.Series, convention: Convention) -> tuple[np.ndarray, np.ndarray]:
    """Convert cells to numbers.

    Parameters
    ----------
    cells : Series of str
        Missing cells are empty strings.
    convention : Convention

    Returns
    -------
    values : ndarray of float64
        NaN where a cell is empty or invalid.
    invalid : ndarray of bool
        Whether a cell is neither empty nor a finite number.
    """
    cells = cells.str.strip()
    matches = cells.str.fullmatch(convention.pattern).to_numpy(bool)
    values = np.full(len(cells), np.nan)
    values[matches] = convention.to_float(cells[matches])
    is_infinite = np.isinf(values)
    values[is_infinite] = np.nan
    return values, (~matches & (cells != "").to_numpy()) | is_infinite


def plain_numbers(cells: Iterable[str]) -> np.ndarray | None:
    """Convert cells that are plain numbers or empty; None if any cell is something else.

    Faster than `to_numbers` for short columns.

    Examples
    --------
    >>> plain_numbers(["1.5", "", "-2"]).tolist(), plain_numbers(["1,5"])
    ([1.5, nan, -2.0], None)
    """
    numbers = []
    for cell in cells:
        if cell == "":
            numbers.append(np.nan)
        elif _PLAIN_NUMBER.fullmatch(cell):
            numbers.append(float(cell))
        else:
            return None
    values = np.array(numbers, dtype=np.float64)
    return None if np.isinf(values).any() else values


def suspected_missing_code(values: np.ndarray) -> tuple[float, int] | None:
    """Number that looks like a missing-value code, and how often it occurs.

    It is a common code, occurs several times, and lies farther from the other values than their
    range.

    Examples
    --------
    >>> suspected_missing_code(np.array([1.0, 2.0, -200.0, 3.0, -200.0, 2.5, -200.0]))
    (-200.0, 3)
    """
    extremes = (np.nanmin(values), np.nanmax(values)) if np.isfinite(values).any() else ()
    for code in extremes:
        if code not in _COMMON_CODES:
            continue
        is_code = values == code
        count = int(is_code.sum())
        others = values[~is_code & ~np.isnan(values)]
        if count >= _MIN_OCCURRENCES and len(others) > 1:
            low, high = others.min(), others.max()
            distance = max(low - code, code - high)
            if distance > 0 and distance > high - low:
                return float(code), count
    return None


def looks_like_number(cell: str) -> bool:
    """Whether a cell is a number in any convention, with or without a currency or percent sign.

    Examples
    --------
    >>> [looks_like_number(cell) for cell in ("1.5", "-3,2", "$1,000", "12 %", "x1", "")]
    [True, True, True, True, False, False]
    """
    bare = _CURRENCY.sub("", cell.translate(_NORMALIZED)).strip(" %()")
    return bool(re.fullmatch(r"[+-]?[\d.,' ]*\d[\d.,]*([eE][+-]?\d+)?", bare))


def is_numeric(
    column: pd.Series, na_values: tuple[str, ...], share: float = _MIN_NUMERIC_SHARE
) -> bool:
    """Whether nearly all cells that are not missing are numbers; the others are reported later."""
    column = (
        column
        if len(column) < 2 * _MAX_SAMPLED_CELLS
        else column.iloc[:: len(column) // _MAX_SAMPLED_CELLS]
    )
    if len(column) < _MIN_VECTORIZED_CELLS:
        plain = plain_numbers(column)
        if plain is not None and np.isfinite(plain).any():
            return True
    sample = column[~is_missing(column, na_values)]
    if sample.empty:
        return False
    stripped = strip_symbols(sample).cells
    convention, _ = choose_convention(stripped, None, None)
    values, _ = to_numbers(stripped, convention)
    return bool(np.isfinite(values).mean() >= min(share, 1 - 1.5 / max(len(sample), 3)))
