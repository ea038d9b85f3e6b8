"""From text cells to numbers, by one convention for a whole column."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

MISSING_WORDS = (
    *("", "NA", "N/A", "NaN", "nan", "NAN", "NULL", "null", "None", "#N/A", "#NA", "<NA>"),
    "\\N",
)

# a convention: its pattern, and how its text becomes what float() reads
_EXPONENT = r"([eE][+-]?\d+)?"
_PLAIN = r"[+-]?(\d+\.?\d*|\.\d+)" + _EXPONENT
_PLAIN_NUMBER = re.compile(_PLAIN, re.ASCII)
_COMMA = r"[+-]?(\d+,?\d*|,\d+)" + _EXPONENT
_GROUPED = r"[+-]?[1-9]\d{0,2}(%s\d{3})+(%s\d+)?"
_CURRENCIES = "$€£¥₹₩₽₺₴฿₫₪₦₱¢"
_CURRENCY_CODES = ("USD", "EUR", "GBP", "CHF", "JPY", "CNY", "INR", "CAD", "AUD", "SEK", "NOK")
_SIGN = re.compile(rf"[{_CURRENCIES}]|\b(?:{'|'.join(_CURRENCY_CODES)})\b|kr\.?|zł|Kč|R\$")
_MINUS = {"\u2212": "-", "\u2012": "-", "\u2013": "-", "\ufe63": "-", "\uff0d": "-"}
_SPACES = {"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2007": " ", "\u2019": "'"}
_TIDIED = str.maketrans({**_MINUS, **_SPACES})
_TIDY = re.compile("[" + "".join([*_MINUS, *_SPACES]) + "]")
_DRESSED = re.compile(rf"[%()\u066a{_CURRENCIES}]|[A-Za-złč]|\d-$")
# values that programs write for what is missing
_SENTINELS = (-1.0, -9.0, -99.0, -200.0, -999.0, -9999.0, -99999.0, 999.0, 9999.0, 99999.0)
_MANY = 3
# share of the cells of a column of numbers that are numbers
_SHARE_NUMERIC = 0.9
_MAX_CELLS, _MIN_CELLS = 10_000, 2_000


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
class Undressed:
    """Cells without signs of currency and percent, with a plain minus.

    Attributes
    ----------
    cells : Series of str
    notes : tuple of str
        What was taken off, for the whole column.
    problem : str or None
        Why the column cannot be read: its cells disagree.
    odd : int or None
        Position of the first cell that disagrees.
    """

    cells: pd.Series
    notes: tuple[str, ...] = ()
    problem: str | None = None
    odd: int | None = None


def undressed(cells: pd.Series) -> Undressed:
    """Take currency and percent signs, brackets for negatives and typographers' minus off cells.

    Examples
    --------
    >>> undressed(pd.Series(["$5", "($6.50)", "\u22127"])).cells.tolist()
    ['5', '-6.50', '-7']
    """
    cells = cells.str.strip()
    notes: list[str] = []
    odd = cells.str.contains(_TIDY).to_numpy(bool)
    if odd.any():
        cells = cells.where(~odd, cells.str.translate(_TIDIED).str.strip())
    dressed = np.flatnonzero(cells.str.contains(_DRESSED).to_numpy(bool))
    if not len(dressed):
        return Undressed(cells)
    some = cells.iloc[dressed]
    signs = some.map(_signs)
    found = sorted({sign for one in signs for sign in one})
    if len(found) > 1:
        signed = np.flatnonzero(signs.map(bool).to_numpy())
        first = signs.iloc[signed[0]]
        other = next(k for k in signed if signs.iloc[k] != first)
        problem = f"the currencies differ ({', '.join(found)})"
        return Undressed(cells, (), problem, int(dressed[other]))
    if found:
        some = some.where(~signs.map(bool), some.map(_without_sign))
        notes.append(f"currency sign '{found[0]}' removed")
    percent = some.str.fullmatch(r"[^%]*\d\s*[%\u066a]\)?|[%\u066a]\s*[-+\d.,]+").to_numpy(bool)
    if percent.any():
        bare = cells.str.fullmatch(r"[-+\d.,' ()eE]+").to_numpy(bool)
        if bare.any():
            problem = "some cells have a percent sign, others do not"
            return Undressed(cells, (), problem, int(np.flatnonzero(bare)[0]))
        some = some.where(~percent, some.str.replace(r"\s*[%\u066a]\s*", "", regex=True))
        notes.append("percent signs removed (5% is read as 5)")
    behind = some.str.fullmatch(r"\d[\d.,' ]*-").to_numpy(bool)
    if behind.any():
        some = some.where(~behind, "-" + some.str.removesuffix("-"))
        notes.append("trailing minus signs read as negative")
    bracketed = some.str.fullmatch(r"\(\s*\+?[\d.,' ]+\s*\)").to_numpy(bool)
    if bracketed.any():
        inside = "-" + some.str.replace(r"[()]", "", regex=True).str.strip()
        some = some.where(~bracketed, inside)
        notes.append("numbers in parentheses read as negative")
    whole = cells.copy()
    whole.iloc[dressed] = some
    return Undressed(whole, tuple(notes))


def _signs(cell: str) -> tuple[str, ...]:
    """Currency of a cell that is a number with one currency before or behind it."""
    found = _SIGN.findall(cell)
    rest = _SIGN.sub("", cell)
    return tuple(found) if len(found) == 1 and re.fullmatch(r"[-+(\s\d.,')%]+", rest) else ()


def _without_sign(cell: str) -> str:
    bare = _SIGN.sub("", cell).strip()
    return re.sub(r"^([-+(])\s+", r"\1", bare)


def missing(cells: pd.Series, na_values: tuple[str, ...]) -> np.ndarray:
    """Whether each cell is one of the words for a missing value; numbers count by their value.

    Examples
    --------
    >>> missing(pd.Series(["NA", " ", "-999.0", "7"]), ("-999",)).tolist()
    [True, True, True, False]
    """
    stripped = cells.str.strip()
    found = stripped.isin([*MISSING_WORDS, *na_values]).to_numpy(copy=True)
    numbers = marks_of_missing(na_values)
    if numbers:
        plain = stripped.str.fullmatch(_PLAIN).to_numpy(bool)
        same = np.isin(stripped[plain].to_numpy(object).astype(float), numbers)
        found[np.flatnonzero(plain)[same]] = True
    return np.asarray(found)


def marks_of_missing(na_values: Iterable[str]) -> list[float]:
    """Numbers among the words for a missing value.

    Examples
    --------
    >>> marks_of_missing(["-999", "none", ""])
    [-999.0]
    """
    return [float(word) for word in na_values if _PLAIN_NUMBER.fullmatch(word.strip())]


def choose_convention(
    cells: pd.Series, decimal: str | None, thousands: str | None, points: bool = False
) -> tuple[Convention, bool]:
    """Find the convention that reads most cells of a column.

    Parameters
    ----------
    cells : Series of str
        Without those that are missing; see `undressed`.
    decimal, thousands : str, optional
        As the user gives them; found from the cells when left out.
    points : bool
        Whether a point that could part thousands is taken for the decimal mark.

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
    >>> choose_convention(pd.Series(["1,234", "1200"]), None, None)[1]
    False
    """
    if decimal is not None or thousands is not None:
        return Convention(decimal or ("," if thousands == "." else "."), thousands or ""), False
    cells = cells.str.strip()
    plain = cells.str.fullmatch(_PLAIN)
    if plain.all():
        return PLAIN, not points and _is_open(cells, ".")
    matches = [int(cells.str.fullmatch(one.pattern).sum()) for one in CONVENTIONS]
    best = int(np.argmax(matches))
    if best == 1:
        return CONVENTIONS[1], _is_open(cells, ",")
    if best == 0:
        return PLAIN, not points and _is_open(cells[plain], ".")
    return CONVENTIONS[best], False


def _is_open(cells: pd.Series, mark: str) -> bool:
    """Whether a mark may part thousands as well as decimals in all cells that have it."""
    marked = cells.str.contains(mark, regex=False).to_numpy(bool)
    if not marked.any():
        return False
    grouped = cells[marked].str.fullmatch(rf"[+-]?[1-9]\d{{0,2}}{re.escape(mark)}\d{{3}}")
    # a number of four digits without the mark: it does not part thousands
    ungrouped = cells[~marked].str.fullmatch(r"[+-]?[1-9]\d{3,}").any()
    return bool(grouped.all()) and not bool(ungrouped)


def has_open_points(cells: pd.Series) -> bool:
    """Whether a point may part thousands as well as decimals in all cells that have one.

    Examples
    --------
    >>> has_open_points(pd.Series(["1.234", "7"])), has_open_points(pd.Series(["1.234", "7.5"]))
    (True, False)
    """
    return _is_open(cells[cells.str.contains(".", regex=False)], ".")


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


def plain_numbers(cells: Iterable[str]) -> np.ndarray | None:
    """Read cells that are all plain numbers or empty; None where one of them is anything else.

    Faster than `to_numbers` for short columns.

    Examples
    --------
    >>> plain_numbers(["1.5", "", "-2"]).tolist(), plain_numbers(["1,5"])
    ([1.5, nan, -2.0], None)
    """
    found = []
    for cell in cells:
        if cell == "":
            found.append(np.nan)
        elif _PLAIN_NUMBER.fullmatch(cell):
            found.append(float(cell))
        else:
            return None
    values = np.array(found, dtype=np.float64)
    return None if np.isinf(values).any() else values


def sentinel(values: np.ndarray) -> tuple[float, int] | None:
    """A number that looks like a mark for missing values, and how often it stands there.

    It is one that programs use, occurs several times, and lies farther from all other values than
    those lie from each other.

    Examples
    --------
    >>> sentinel(np.array([1.0, 2.0, -200.0, 3.0, -200.0, 2.5, -200.0]))
    (-200.0, 3)
    """
    ends = (np.nanmin(values), np.nanmax(values)) if np.isfinite(values).any() else ()
    for word in ends:
        if word not in _SENTINELS:
            continue
        there = values == word
        count = int(there.sum())
        others = values[~there & ~np.isnan(values)]
        if count >= _MANY and len(others) > 1:
            low, high = others.min(), others.max()
            far = max(low - word, word - high)
            if far > 0 and far > high - low:
                return float(word), count
    return None


def looks_like_a_number(cell: str) -> bool:
    """Whether a cell is a number in some convention, perhaps with a sign of currency or percent.

    Examples
    --------
    >>> [looks_like_a_number(cell) for cell in ("1.5", "-3,2", "$1,000", "12 %", "x1", "")]
    [True, True, True, True, False, False]
    """
    bare = _SIGN.sub("", cell.translate(_TIDIED)).strip(" %()")
    return bool(re.fullmatch(r"[+-]?[\d.,' ]*\d[\d.,]*([eE][+-]?\d+)?", bare))


def is_numeric(
    column: pd.Series, na_values: tuple[str, ...], share: float = _SHARE_NUMERIC
) -> bool:
    """Whether nearly all cells that are not missing are numbers; one bad cell is found later."""
    column = column if len(column) < 2 * _MAX_CELLS else column.iloc[:: len(column) // _MAX_CELLS]
    if len(column) < _MIN_CELLS:
        plain = plain_numbers(column)
        if plain is not None and np.isfinite(plain).any():
            return True
    sample = column[~missing(column, na_values)]
    if sample.empty:
        return False
    bare = undressed(sample).cells
    convention, _ = choose_convention(bare, None, None)
    values, _ = to_numbers(bare, convention)
    return bool(np.isfinite(values).mean() >= min(share, 1 - 1.5 / max(len(sample), 3)))
