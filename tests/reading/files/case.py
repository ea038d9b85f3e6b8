"""Records of the corpus, and the small tables of which many cases are variants.

A file is text or bytes; options are those of `read_csv`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Report:
    """Expected report of `check_csv` on an accepted file.

    `assumption` is text that the reported assumptions must contain.
    """

    rows: int
    total: float
    freq: str | int
    start: str | int
    end: str | int
    missing: int = 0
    ids: tuple[str, ...] = ("sales",)
    assumption: str = ""


@dataclass(frozen=True, eq=False)
class Accepted:
    """A file that must be read, and its expected report."""

    name: str
    file: str | bytes = field(repr=False)
    report: Report
    options: dict = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Refused:
    """A file that must be refused, part of the expected message, and the location of the error."""

    name: str
    file: str | bytes = field(repr=False)
    message: str
    row: int | None = None
    column: str | None = None
    value: str | None = None
    options: dict = field(default_factory=dict)


def lines(*rows: str) -> str:
    return "\n".join(rows) + "\n"


def dates(
    n: int, start: str = "2024-01-01", date_format: str = "%Y-%m-%d", freq: str = "D"
) -> list[str]:
    return [date.strftime(date_format) for date in pd.date_range(start, periods=n, freq=freq)]


def one_series(
    timestamps: list[str], name: str = "date", value: str = "sales", delimiter: str = ","
) -> str:
    """A file of one series with the values 1, 2, 3, ..."""
    header = f"{name}{delimiter}{value}"
    return lines(header, *(f"{t}{delimiter}{k}" for k, t in enumerate(timestamps, 1)))


FIVE_DAYS = one_series(dates(5))
FIVE_DAYS_REPORT = Report(rows=5, total=15, freq="D", start="2024-01-01", end="2024-01-05")
FIVE_MONTHS_REPORT = Report(rows=5, total=15, freq="MS", start="2024-01-01", end="2024-05-01")
LONG_PANEL = lines(
    "store,date,sales", *(f"{s},{d},{k}" for s in ("a", "b") for k, d in enumerate(dates(4), 1))
)
LONG_PANEL_REPORT = Report(
    rows=8, total=20, freq="D", start="2024-01-01", end="2024-01-04", ids=("a", "b")
)
