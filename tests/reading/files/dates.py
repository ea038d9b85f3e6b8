"""Date formats: the order of day and month, month names, two-digit years, numeric dates."""

from __future__ import annotations

from dataclasses import replace

from reading.files.case import (
    FIVE_DAYS,
    FIVE_DAYS_REPORT,
    FIVE_MONTHS_REPORT,
    Accepted,
    Refused,
    Report,
    dates,
    one_series,
)

TWENTY_DAYS_REPORT = Report(rows=20, total=210, freq="D", start="2024-01-01", end="2024-01-20")

ACCEPTED = (
    Accepted(
        "single-digit months and days",
        one_series([f"2024/1/{k}" for k in range(1, 6)]),
        FIVE_DAYS_REPORT,
    ),
    Accepted("day.month.year", one_series(dates(5, date_format="%d.%m.%Y")), FIVE_DAYS_REPORT),
    Accepted(
        "day/month, resolved by the 13th",
        one_series(dates(20, date_format="%d/%m/%Y")),
        replace(TWENTY_DAYS_REPORT, assumption="%d/%m/%Y"),
    ),
    Accepted(
        "month/day, resolved by the 13th",
        one_series(dates(20, date_format="%m/%d/%Y")),
        replace(TWENTY_DAYS_REPORT, assumption="%m/%d/%Y"),
    ),
    Accepted(
        "day/month, resolved by a date format given as an option",
        one_series(dates(5, date_format="%d/%m/%Y", freq="MS")),
        FIVE_MONTHS_REPORT,
        options={"date_format": "%d/%m/%Y"},
    ),
    Accepted(
        "abbreviated month names", one_series(dates(5, date_format="%d %b %Y")), FIVE_DAYS_REPORT
    ),
    Accepted("full month names", one_series(dates(5, date_format='"%B %d, %Y"')), FIVE_DAYS_REPORT),
    Accepted(
        "SAS dates",
        one_series(["01JAN2024", "02JAN2024", "03JAN2024"]),
        Report(rows=3, total=6, freq="D", start="2024-01-01", end="2024-01-03"),
    ),
    Accepted("days as YYYYMMDD", one_series(dates(5, date_format="%Y%m%d")), FIVE_DAYS_REPORT),
    Accepted("days as YYYYMMDD.0", one_series(dates(5, date_format="%Y%m%d.0")), FIVE_DAYS_REPORT),
    Accepted(
        "spreadsheet serial dates",
        one_series([str(45292 + k) for k in range(5)]),
        replace(FIVE_DAYS_REPORT, assumption="date format spreadsheet serial dates"),
    ),
)

REFUSED = (
    Refused(
        "day/month or month/day",
        one_series(dates(5, date_format="%d/%m/%Y", freq="MS")),
        "is ambiguous: day/month or month/day",
        row=2,
        column="date",
        value="01/01/2024",
    ),
    Refused(
        "two-digit years, first or last",
        one_series(["24.01.01", "24.01.02", "24.01.03"]),
        "is ambiguous: day.month.year or year.month.day",
        row=2,
        column="date",
    ),
    Refused(
        "a date in another format",
        FIVE_DAYS.replace("2024-01-03", "3 Jan"),
        "does not match the date format of the column (ISO 8601)",
        row=4,
        column="date",
        value="3 Jan",
    ),
    Refused(
        "an empty date",
        FIVE_DAYS.replace("2024-01-03", ""),
        "does not match the date format of the column (ISO 8601)",
        row=4,
        column="date",
        value="",
    ),
    Refused(
        "a day that does not exist",
        FIVE_DAYS.replace("2024-01-03", "2024-02-30"),
        "does not match the date format of the column (ISO 8601)",
        row=4,
        column="date",
        value="2024-02-30",
    ),
    Refused(
        "a year out of range",
        FIVE_DAYS.replace("2024-01-05", "9999-12-31"),
        "outside the supported years 1678 to 2261",
    ),
)
