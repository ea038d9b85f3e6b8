"""Month names in several languages, and detection of timestamps in text."""

from __future__ import annotations

import re
import unicodedata

import pandas as pd

_MAX_LENGTH = 40
_WORD = re.compile(r"([^\W\d_]{3,10})\.?")
_MONTH_WORDS = {
    name: abbreviation
    for abbreviation, names in {
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
_DATE = re.compile(
    rf"(?:\w{{2,9}},? )?(?:\d{{1,4}}[-/.]\d{{1,2}}[-/.]\d{{1,4}}"  # three numbers, or two
    rf"|\d{{4}}[-/]\d{{1,2}}|\d{{1,2}}[-/]\d{{4}}"
    rf"|\d{{1,4}}[-/. ]{{1,2}}{_MONTH_NAMES}(?:[-/ ]\d{{1,4}})?"
    rf"|{_MONTH_NAMES}\.?[-/ ]\d{{1,4}}(?:,? \d{{2,4}})?"
    rf"|\d{{2}}{_MONTH_NAMES}\d{{4}}|\d{{4}}-\d{{3}}"
    rf"|\d{{4}}[ :-]?(?:[QqWwMm]\d{{1,2}})(?:-\d)?|[QqWw]\d{{1,2}}[ /-]?\d{{4}})"
    rf"(?:[T ,:]+\d{{1,2}}:?\d{{2}}.*)?"
)


def with_english_months(cells: pd.Series) -> pd.Series:
    """Replace month names in several languages with English abbreviations."""
    if not cells.str.contains(r"[^\W\d_]{3}", regex=True).any():
        return cells
    return cells.map(lambda cell: _WORD.sub(_abbreviate, cell))


def _abbreviate(match: re.Match[str]) -> str:
    decomposed = unicodedata.normalize("NFKD", match.group(1).lower())
    ascii_word = "".join(
        character for character in decomposed if character.isascii() and character.isalpha()
    )
    return _MONTH_WORDS.get(ascii_word, match.group(0))


def looks_like_date(cell: str) -> bool:
    """Whether a cell looks like a timestamp; plain numbers do not.

    Examples
    --------
    >>> [looks_like_date(cell) for cell in ("2024-01-31", "Jan 2024", "2019Q1", "12", "north")]
    [True, True, True, False, False]
    """
    cell = cell.strip()
    if len(cell) > _MAX_LENGTH or not any(character.isdigit() for character in cell):
        return False
    return _DATE.fullmatch(_WORD.sub(_abbreviate, cell)) is not None
