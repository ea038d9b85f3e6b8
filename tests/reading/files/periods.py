"""Periods longer than a day: weeks, months, quarters, years."""

from __future__ import annotations

from reading.files.case import (
    FIVE_MONTHS_REPORT,
    Accepted,
    Refused,
    Report,
    dates,
    lines,
    one_series,
)

THREE_YEARS_REPORT = Report(rows=3, total=6, freq="YS", start="2019-01-01", end="2021-01-01")
FOUR_QUARTERS_REPORT = Report(rows=4, total=10, freq="QS", start="2019-01-01", end="2019-10-01")

MONTHS = (
    Accepted(
        "month name and two-digit year",
        one_series(dates(5, date_format="%b-%y", freq="MS")),
        FIVE_MONTHS_REPORT,
    ),
    Accepted(
        "months as YYYYMM", one_series(dates(5, date_format="%Y%m", freq="MS")), FIVE_MONTHS_REPORT
    ),
    Accepted(
        "months as MM/YYYY",
        one_series(dates(5, date_format="%m/%Y", freq="MS")),
        FIVE_MONTHS_REPORT,
    ),
    Accepted(
        "months as MM.YYYY",
        one_series(["05.2024", "04.2024", "02.2024"], name="Monat"),
        Report(rows=3, total=6, freq="MS", start="2024-02-01", end="2024-05-01", missing=1),
    ),
    Accepted(
        "months as 2024M01",
        one_series([f"2024M{k:02}" for k in range(1, 6)]),
        FIVE_MONTHS_REPORT,
    ),
    Accepted(
        "German month names",
        one_series(["Januar 2024", "Februar 2024", "März 2024"]),
        Report(rows=3, total=6, freq="MS", start="2024-01-01", end="2024-03-01"),
    ),
    Accepted(
        "two-digit years in the 1940s",
        one_series(dates(3, "1949-01-01", "%b-%y", "MS")),
        Report(
            rows=3,
            total=6,
            freq="MS",
            start="1949-01-01",
            end="1949-03-01",
            assumption="two-digit years read as 1949: ",
        ),
    ),
    Accepted(
        "two-digit years on both sides of 1969",
        one_series(["Nov-68", "Dec-68", "Jan-69"]),
        Report(rows=3, total=6, freq="MS", start="1968-11-01", end="1969-01-01"),
    ),
)

WEEKS = (
    Accepted(
        "ISO weeks as 2019-W51",
        one_series(["2019-W51", "2019-W52", "2020-W01", "2020-W02"]),
        Report(
            rows=4,
            total=10,
            freq="W-MON",
            start="2019-12-16",
            end="2020-01-06",
            assumption="ISO weeks",
        ),
    ),
    Accepted(
        "ISO weeks as YYYYWW",
        one_series(["201951", "201952", "202001", "202002"], name="week"),
        Report(
            rows=4,
            total=10,
            freq="W-MON",
            start="2019-12-16",
            end="2020-01-06",
            assumption="ISO week",
        ),
    ),
    Accepted(
        "ISO weeks as YYYYWW that could be months",
        one_series(["201909", "201910", "201911"], "yearweek"),
        Report(rows=3, total=6, freq="W-MON", start="2019-02-25", end="2019-03-11"),
    ),
)

QUARTERS = (
    Accepted(
        "quarters as 2019Q1",
        one_series(["2019Q1", "2019Q2", "2019Q3", "2019Q4"]),
        FOUR_QUARTERS_REPORT,
    ),
    Accepted(
        "quarters as Q1 2019",
        one_series(["Q1 2019", "Q2 2019", "Q3 2019", "Q4 2019"]),
        FOUR_QUARTERS_REPORT,
    ),
)

YEARS = (
    Accepted("years", one_series(["2019", "2020", "2021"], name="year"), THREE_YEARS_REPORT),
    Accepted(
        "years in a column with a German name",
        one_series(["2019", "2020", "2021"], name="Jahr", delimiter=";"),
        THREE_YEARS_REPORT,
    ),
    Accepted(
        "years in a column with an unknown name",
        one_series(["2019", "2020", "2021"], name="zzz"),
        Report(
            rows=3,
            total=6,
            freq="YS",
            start="2019-01-01",
            end="2021-01-01",
            assumption="by content: consecutive years or months",
        ),
    ),
)

ACCEPTED = (*WEEKS, *MONTHS, *QUARTERS, *YEARS)

REFUSED = (
    Refused(
        "fiscal years",
        one_series(["2000/01", "2001/02", "2002/03"], "year"),
        "is not a timestamp in a known format",
        row=2,
        column="year",
        value="2000/01",
    ),
    Refused(
        "a thirteenth month as YYYYMM",
        one_series(["202311", "202312", "202313", "202401"], "period"),
        "does not match the date format of the column (%Y%m)",
        row=4,
        column="period",
        value="202313",
    ),
    Refused(
        "a thirteenth month in a column of its own",
        lines("year,month,sales", "2024,1,1", "2024,2,2", "2024,13,3"),
        "'13' is not a valid month of 2024",
        row=4,
        column="month",
        value="13",
    ),
)
