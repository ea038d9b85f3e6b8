"""Names of months, and what is shaped like a timestamp."""

from __future__ import annotations

import re
import unicodedata

import pandas as pd

_LONGEST = 40
_WORD = re.compile(r"([^\W\d_]{3,10})\.?")
_MONTH_WORDS = {
    name: short
    for short, names in {
        "Jan": "jan january januar janvier janv enero ene gennaio gen",
        "Feb": "feb february februar fevrier fevr febrero febbraio",
        "Mar": "mar march marz maerz mrz mars marzo",
        "Apr": "apr april avril avr abril abr aprile",
        "May": "may mai mayo maggio mag",
        "Jun": "jun june juni juin junio giugno giu",
        "Jul": "jul july juli juillet juil julio luglio lug",
        "Aug": "aug august aout agosto ago",
        "Sep": "sep sept september septembre septiembre settembre set",
        "Oct": "oct october oktober okt octobre octubre ottobre ott",
        "Nov": "nov november novembre noviembre",
        "Dec": "dec december dezember dez decembre diciembre dic dicembre",
    }.items()
    for name in names.split()
}
_MONTH_NAMES = r"(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
_DATE_LIKE = re.compile(
    rf"(?:\w{{2,9}},? )?(?:\d{{1,4}}[-/.]\d{{1,2}}[-/.]\d{{1,4}}"  # three numbers, or two
    rf"|\d{{4}}[-/]\d{{1,2}}|\d{{1,2}}[-/]\d{{4}}"
    rf"|\d{{1,4}}[-/. ]{{1,2}}{_MONTH_NAMES}(?:[-/ ]\d{{1,4}})?"
    rf"|{_MONTH_NAMES}\.?[-/ ]\d{{1,4}}(?:,? \d{{2,4}})?"
    rf"|\d{{2}}{_MONTH_NAMES}\d{{4}}|\d{{4}}-\d{{3}}"
    rf"|\d{{4}}[ :-]?(?:[QqWwMm]\d{{1,2}})(?:-\d)?|[QqWw]\d{{1,2}}[ /-]?\d{{4}})"
    rf"(?:[T ,:]+\d{{1,2}}:?\d{{2}}.*)?"
)


def in_english(cells: pd.Series) -> pd.Series:
    """Cells with the names of months, of several languages and in full, as English short ones."""
    if not cells.str.contains(r"[^\W\d_]{3}", regex=True).any():
        return cells
    return cells.map(lambda cell: _WORD.sub(_short_name, cell))


def _short_name(found: re.Match[str]) -> str:
    word = unicodedata.normalize("NFKD", found.group(1).lower())
    plain = "".join(letter for letter in word if letter.isascii() and letter.isalpha())
    return _MONTH_WORDS.get(plain, found.group(0))


def looks_like_a_date(cell: str) -> bool:
    """Whether a cell is shaped like a timestamp that is more than a number.

    Examples
    --------
    >>> [looks_like_a_date(cell) for cell in ("2024-01-31", "Jan 2024", "2019Q1", "12", "north")]
    [True, True, True, False, False]
    """
    cell = cell.strip()
    if len(cell) > _LONGEST or not any(letter.isdigit() for letter in cell):
        return False
    return _DATE_LIKE.fullmatch(_WORD.sub(_short_name, cell)) is not None
