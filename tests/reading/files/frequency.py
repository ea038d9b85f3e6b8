"""Frequency inference: regular timestamps, gaps, duplicates, irregular timestamps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from reading.files.case import (
    FIVE_DAYS,
    FIVE_DAYS_REPORT,
    Accepted,
    Refused,
    Report,
    dates,
    lines,
    one_series,
)

WITHOUT_TWO_DAYS = lines("date,sales", *(FIVE_DAYS.splitlines()[k] for k in (1, 2, 5)))
JITTERED_HOURS = one_series([f"2024-01-01 {h:02}:00:0{h % 3}" for h in range(6)])


def retail_months(n: int = 12) -> list[str]:
    """Last days of retail months of 4, 4 and 5 weeks."""
    weeks = np.resize([4, 4, 5], n)
    ends = pd.Timestamp("2023-12-31") + pd.to_timedelta(np.cumsum(weeks) * 7, unit="D")
    return [end.strftime("%Y-%m-%d") for end in ends]


REGULAR = (
    Accepted(
        "month ends",
        one_series(dates(5, date_format="%Y-%m-%d", freq="ME")),
        Report(rows=5, total=15, freq="ME", start="2024-01-31", end="2024-05-31"),
    ),
    Accepted(
        "the 15th of every month",
        one_series([f"2024-{k:02}-15" for k in range(1, 6)]),
        Report(rows=5, total=15, freq="MS", start="2024-01-15", end="2024-05-15"),
    ),
    Accepted(
        "business month ends",
        one_series(dates(8, freq="BME")),
        Report(rows=8, total=36, freq="BME", start="2024-01-31", end="2024-08-30"),
    ),
    Accepted(
        "quarters that start in February",
        one_series(dates(4, "2024-02-01", freq="QS-FEB")),
        Report(rows=4, total=10, freq="QS-FEB", start="2024-02-01", end="2024-11-01"),
    ),
    Accepted(
        "business days",
        one_series(dates(15, freq="B")),
        Report(rows=15, total=120, freq="B", start="2024-01-01", end="2024-01-19"),
    ),
    Accepted(
        "weeks that end on Saturday",
        one_series(dates(5, "2024-01-06", freq="W-SAT")),
        Report(rows=5, total=15, freq="W-SAT", start="2024-01-06", end="2024-02-03"),
    ),
    Accepted(
        "minutes",
        one_series(dates(5, date_format="%Y-%m-%d %H:%M", freq="min")),
        Report(rows=5, total=15, freq="min", start="2024-01-01", end="2024-01-01T00:04:00"),
    ),
)

IRREGULAR = (
    Accepted(
        "missing days", WITHOUT_TWO_DAYS, replace(FIVE_DAYS_REPORT, rows=3, total=8, missing=2)
    ),
    Accepted(
        "missing days, filled on request",
        WITHOUT_TWO_DAYS,
        replace(
            FIVE_DAYS_REPORT,
            assumption="2 of 5 periods have no value (sales: 2); the first is 2024-01-03 of series 'sales', after row 3; filled by linear interpolation",
        ),
        options={"fill": "linear"},
    ),
    Accepted(
        "leading and trailing missing values",
        lines(
            "date,sales", *(f"{d},{v}" for d, v in zip(dates(5), ["", 2, 3, 4, ""], strict=True))
        ),
        Report(rows=5, total=9, freq="D", start="2024-01-01", end="2024-01-04", missing=1),
    ),
    Accepted(
        "rows after the last value",
        lines("date,sales", "2024-01-01,1", "2024-01-02,2", "2024-01-03,"),
        Report(
            rows=3,
            total=3,
            freq="D",
            start="2024-01-01",
            end="2024-01-02",
            assumption="1 row without a target after the last value",
        ),
    ),
    Accepted(
        "series that end on different days",
        lines("id,date,y", *(f"a,{d},1" for d in dates(5)), *(f"b,{d},1" for d in dates(3))),
        Report(rows=8, total=8, freq="D", start="2024-01-01", end="2024-01-05", ids=("a", "b")),
    ),
    Accepted(
        "a duplicate row",
        FIVE_DAYS + FIVE_DAYS.splitlines()[-1] + "\n",
        replace(
            FIVE_DAYS_REPORT,
            assumption="1 duplicate row dropped (row 7): identical to an earlier row",
        ),
    ),
    Accepted(
        "jitter of seconds, aligned on request",
        JITTERED_HOURS,
        Report(
            rows=6,
            total=21,
            freq="h",
            start="2024-01-01",
            end="2024-01-01T05:00:00",
            assumption="aligned to an interval of 01:00:00, by up to 00:00:02: snap=True",
        ),
        options={"snap": True},
    ),
)

ACCEPTED = (*REGULAR, *IRREGULAR)

REFUSED = (
    Refused(
        "a single row",
        lines("date,sales", "2024-01-01,5"),
        "no series has two different timestamps",
    ),
    Refused(
        "two values for one day",
        FIVE_DAYS + "2024-01-03,9\n",
        "already has a row for 2024-01-03 (row 4) with a different value",
        row=7,
        column="date",
    ),
    Refused("retail months of four and five weeks", one_series(retail_months()), "4-4-5"),
    Refused("third Fridays", one_series(dates(14, freq="WOM-3FRI")), "third Friday"),
    Refused("jitter of seconds", JITTERED_HOURS, "--snap"),
    Refused(
        "series with different sampling intervals",
        lines(
            "id,date,y",
            *(f"a,{d},1" for d in dates(50)),
            *(f"b,{d},1" for d in dates(7, freq="7D")),
        ),
        "'b'",
    ),
    Refused(
        "weekly series on different weekdays",
        lines(
            "id,date,y",
            *(f"a,{d},1" for d in dates(9, freq="7D")),
            *(f"b,{d},1" for d in dates(9, "2024-01-03", freq="7D")),
        ),
        "'b'",
    ),
    Refused(
        "irregular days",
        one_series(["2024-01-01", "2024-01-02", "2024-01-08", "2024-02-11", "2024-02-13 05:17"]),
        "The timestamps are irregular: the most frequent interval is 1 day, but",
    ),
)
