"""Corpus of small files with common peculiarities, one module per parsing rule.

Each module has a table `ACCEPTED` and a table `REFUSED`; a case is named after its peculiarity.
"""

from __future__ import annotations

from reading.files import (
    dates,
    dialect,
    encoding,
    frequency,
    header,
    layout,
    numbers,
    periods,
    time_column,
    times,
)

__all__ = ["ACCEPTED", "REFUSED", "RULES"]

RULES = (
    encoding,
    dialect,
    header,
    numbers,
    dates,
    periods,
    times,
    time_column,
    frequency,
    layout,
)
ACCEPTED = tuple(case for rule in RULES for case in rule.ACCEPTED)
REFUSED = tuple(case for rule in RULES for case in rule.REFUSED)
