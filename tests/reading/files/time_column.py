"""The time column: a single column, several columns combined, or none."""

from __future__ import annotations

from dataclasses import replace

from reading.files.case import (
    FIVE_DAYS_REPORT,
    FIVE_MONTHS_REPORT,
    Accepted,
    Refused,
    Report,
    dates,
    lines,
    one_series,
)

ACCEPTED = (
    Accepted(
        "dates in an unnamed column",
        one_series(dates(5), name=""),
        replace(FIVE_DAYS_REPORT, assumption="it has no name"),
    ),
    Accepted(
        "date and time in two columns",
        lines("Date;Time;sales", *(f"10/31/2024;{h:02}.00.00;{h}" for h in range(6))),
        Report(
            rows=6,
            total=15,
            freq="h",
            start="2024-10-31",
            end="2024-10-31T05:00:00",
            assumption="time of day from column",
        ),
    ),
    Accepted(
        "date and hour in two columns",
        lines("date,hour,sales", *(f"{d},{h},1" for d in dates(2) for h in range(24))),
        Report(rows=48, total=48, freq="h", start="2024-01-01", end="2024-01-02T23:00:00"),
    ),
    Accepted(
        "date and hour in two columns, hours from 1 to 24",
        lines("date,hour,sales", *(f"{d},{h},1" for d in dates(2) for h in range(1, 25))),
        Report(
            rows=48,
            total=48,
            freq="h",
            start="2024-01-01",
            end="2024-01-02T23:00:00",
            assumption="hour 1 starts at midnight",
        ),
    ),
    Accepted(
        "year and month in two columns",
        lines("year,month,sales", *(f"2024,{k},{k}" for k in range(1, 6))),
        FIVE_MONTHS_REPORT,
    ),
    Accepted(
        "year and month in two columns, months as M01",
        lines("series_id,year,period,value", *(f"CES1,2024,M{k:02},{k}" for k in range(1, 6))),
        replace(FIVE_MONTHS_REPORT, ids=("CES1",)),
    ),
    Accepted(
        "start and end of every period",
        lines(
            "Datum von;Datum bis;Wert",
            *(f"{a};{b};1" for a, b in zip(dates(3), dates(3, "2024-01-02"), strict=True)),
        ),
        Report(
            rows=3,
            total=3,
            freq="D",
            start="2024-01-01",
            end="2024-01-03",
            ids=("Wert",),
            assumption="that end at",
        ),
    ),
    Accepted(
        "an export date beside the time",
        lines(
            "LAST UPDATE,TIME_PERIOD,OBS_VALUE", *(f"2024-05-01,2019-0{k},{k}" for k in (1, 2, 3))
        ),
        Report(
            rows=3, total=6, freq="MS", start="2019-01-01", end="2019-03-01", ids=("OBS_VALUE",)
        ),
    ),
    Accepted(
        "integer time steps",
        one_series([str(k) for k in range(1, 6)], name="step"),
        Report(rows=5, total=15, freq=1, start=1, end=5),
    ),
    Accepted(
        "no time column",
        lines("sales", "1", "2", "3"),
        Report(rows=3, total=6, freq=1, start=1, end=3),
    ),
)

REFUSED = (
    Refused(
        "two possible time columns",
        lines("ordered,shipped,units", *(f"{d},{d},1" for d in dates(5))),
        "Several columns could be the time column: ordered, shipped",
    ),
    Refused(
        "no time column beside a column of text",
        lines("shop,sales", "a,1", "b,2", "c,3"),
        "No column contains timestamps",
    ),
)
