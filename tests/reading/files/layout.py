"""Table layout: long or wide, id and target columns, order of the rows."""

from __future__ import annotations

from dataclasses import replace

from reading.files.case import (
    FIVE_DAYS,
    FIVE_DAYS_REPORT,
    LONG_PANEL,
    LONG_PANEL_REPORT,
    Accepted,
    Refused,
    Report,
    dates,
    lines,
)

TWO_ID_COLUMNS = lines(
    "store,item,date,sales",
    *(f"{s},{i},{d},1" for s in (1, 2) for i in (1, 2) for d in dates(3)),
)

SHAPES = (
    Accepted("long format", LONG_PANEL, LONG_PANEL_REPORT),
    Accepted(
        "wide format",
        lines("date,a,b", *(f"{d},{k},{k}" for k, d in enumerate(dates(4), 1))),
        LONG_PANEL_REPORT,
    ),
    Accepted(
        "one column per period",
        lines("shop,2019,2020,2021", "a,1,2,3", "b,4,5,6"),
        Report(
            rows=6,
            total=21,
            freq="YS",
            start="2019-01-01",
            end="2021-01-01",
            ids=("a", "b"),
            assumption="reshaped to rows of 'date' and 'value'",
        ),
    ),
    Accepted(
        "one column per period, newest first",
        lines("2024-03,2024-02,2024-01", "3,2,1"),
        Report(rows=3, total=6, freq="MS", start="2024-01-01", end="2024-03-01", ids=("value",)),
    ),
    Accepted(
        "newest first", lines("date,sales", *reversed(FIVE_DAYS.splitlines()[1:])), FIVE_DAYS_REPORT
    ),
    Accepted(
        "unsorted rows",
        lines("date,sales", *(FIVE_DAYS.splitlines()[k] for k in (3, 1, 5, 2, 4))),
        FIVE_DAYS_REPORT,
    ),
)

COLUMNS = (
    Accepted(
        "AutoGluon's column names",
        LONG_PANEL.replace("store,date,sales", "item_id,timestamp,target"),
        LONG_PANEL_REPORT,
    ),
    Accepted(
        "share prices",
        lines("Date,Open,High,Low,Close,Volume", *(f"{d},1,3,1,2,900" for d in dates(4))),
        Report(rows=4, total=8, freq="D", start="2024-01-01", end="2024-01-04", ids=("Close",)),
    ),
    Accepted(
        "an unnamed column of row numbers",
        lines(",date,sales", *(f"{k},{d},{k + 1}" for k, d in enumerate(dates(5)))),
        replace(FIVE_DAYS_REPORT, assumption="row numbers without a name"),
    ),
    Accepted(
        "row names as R writes them",
        lines('"date","sales"', *(f'"{k}","{d}",{k}' for k, d in enumerate(dates(5), 1))),
        replace(FIVE_DAYS_REPORT, assumption="first column dropped"),
    ),
    Accepted(
        "row numbers in a column named id",
        lines(
            "id,date,store_nbr,sales",
            *(f"{3 * s + k},{d},{s},1" for s in (1, 2) for k, d in enumerate(dates(3))),
        ),
        Report(rows=6, total=6, freq="D", start="2024-01-01", end="2024-01-03", ids=("1", "2")),
    ),
)

IDS = (
    Accepted(
        "two id columns",
        TWO_ID_COLUMNS,
        Report(
            rows=12,
            total=12,
            freq="D",
            start="2024-01-01",
            end="2024-01-03",
            ids=("1/1", "1/2", "2/1", "2/2"),
        ),
        options={"id_col": ["store", "item"]},
    ),
    Accepted(
        "ids kept verbatim",
        lines(
            "id,date,y",
            *(
                f"{i},{d},1"
                for i in ("007", "NA", "1e5", '"a,b"', " x", "ÄÖ", '"two\nlines"')
                for d in dates(3)
            ),
        ),
        Report(
            rows=21,
            total=21,
            freq="D",
            start="2024-01-01",
            end="2024-01-03",
            ids=tuple(sorted(["007", "NA", "1e5", "a,b", " x", "ÄÖ", "two\nlines"])),
        ),
    ),
    Accepted(
        "ids that differ by a leading space",
        lines(
            "id,date,y",
            *(f"{i},{d},1" for i in (" x", "x") for d in dates(3)),
            '"say, ""hi""",2024-01-01,1',
        ),
        Report(
            rows=7,
            total=7,
            freq="D",
            start="2024-01-01",
            end="2024-01-03",
            ids=(" x", 'say, "hi"', "x"),
        ),
    ),
)

ACCEPTED = (*SHAPES, *COLUMNS, *IDS)

REFUSED = (
    Refused(
        "two possible target columns",
        lines("id,date,weight,height", *(f"{i},{d},1,2" for i in "ab" for d in dates(3))),
        "Several columns could be the target",
    ),
    Refused(
        "two id columns, not given as an option", TWO_ID_COLUMNS, "'item' and 'store' together do"
    ),
    Refused(
        "an empty id",
        LONG_PANEL.replace("a,2024-01-02", ",2024-01-02"),
        "the series identifier is empty",
        row=3,
        column="store",
        value="",
    ),
    Refused(
        "two pairs of ids that join to the same id",
        lines("s,t,date,y", *(f"{p},{d},1" for p in ("a/b,c", "a,b/c") for d in dates(3))),
        "Two series would be named 'a/b/c'",
        row=2,
        column="s",
        options={"id_col": ["s", "t"]},
    ),
)
