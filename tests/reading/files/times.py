"""Times of day: clock formats, UTC offsets, clock changes, Unix times."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
from reading.files.case import FIVE_DAYS_REPORT, Accepted, Refused, Report, dates, one_series


def hours_with_offsets() -> list[str]:
    """Hours of the night in March 2024 when clocks go forward in Berlin."""
    hours = pd.date_range("2024-03-31", periods=6, freq="h", tz="Europe/Berlin")
    return [hour.strftime("%Y-%m-%dT%H:%M:%S%z") for hour in hours]


def hours_without_offsets() -> list[str]:
    """Hours of the night in October 2024 when clocks go back in Berlin."""
    hours = pd.date_range("2024-10-27", periods=8, freq="h", tz="Europe/Berlin")
    return [hour.strftime("%Y-%m-%d %H:%M") for hour in hours]


ACCEPTED = (
    Accepted(
        "a 12-hour clock",
        one_series(
            [f"01/31/2024 {h:02}:00 {p}" for p in ("AM", "PM") for h in (12, *range(1, 12))]
        ),
        Report(rows=24, total=300, freq="h", start="2024-01-31", end="2024-01-31T23:00:00"),
    ),
    Accepted(
        "midnight as 24:00",
        one_series([f"2024-01-01 {h:02}:00" for h in range(1, 25)]),
        Report(rows=24, total=300, freq="h", start="2024-01-01T01:00:00", end="2024-01-02"),
    ),
    Accepted(
        "UTC offsets",
        one_series(hours_with_offsets(), name="time"),
        Report(
            rows=6,
            total=21,
            freq="h",
            start="2024-03-30T23:00:00+00:00",
            end="2024-03-31T04:00:00+00:00",
        ),
    ),
    Accepted(
        "Z for UTC",
        one_series(dates(5, date_format="%Y-%m-%dT00:00:00Z")),
        replace(
            FIVE_DAYS_REPORT, start="2024-01-01T00:00:00+00:00", end="2024-01-05T00:00:00+00:00"
        ),
    ),
    Accepted(
        "local days with UTC offsets, one of 23 hours",
        one_series(
            ["2024-03-30T00:00:00+01:00", "2024-03-31T00:00:00+01:00", "2024-04-01T00:00:00+02:00"]
        ),
        Report(
            rows=3,
            total=6,
            freq="D",
            start="2024-03-30",
            end="2024-04-01",
            assumption="read as local dates",
        ),
    ),
    Accepted(
        "Unix times in seconds",
        one_series([str(1704067200 + 86400 * k) for k in range(5)], name="timestamp"),
        replace(FIVE_DAYS_REPORT, assumption="Unix time in seconds"),
    ),
    Accepted(
        "Unix times in milliseconds",
        one_series([str(1704067200000 + 86400000 * k) for k in range(5)], name="timestamp"),
        replace(FIVE_DAYS_REPORT, assumption="Unix time in milliseconds"),
    ),
)

REFUSED = (
    Refused(
        "the repeated hour when clocks go back",
        one_series(hours_without_offsets()),
        "offset",
        row=5,
        column="date",
    ),
    Refused(
        "the repeated hour with the same value",
        one_series([*hours_without_offsets()[:4], *hours_without_offsets()[3:]]).replace(
            ",4", ",3"
        ),
        "the same value",
        row=5,
        column="date",
    ),
)
