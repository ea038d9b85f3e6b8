"""Reports of `check_csv`: common layouts, and all problems of a file."""

from __future__ import annotations

import pytest

from forecastkit.reading.check import check_csv

MONTHS = ["2024-01", "2024-02", "2024-03", "2024-04"]


def lines(*rows):
    return "\n".join(rows) + "\n"


SINGLE = lines("month,visits", *(f"{m},{k}" for k, m in enumerate(MONTHS, 10)))

# name, text, ids, sum of y, first and last day, frequency
FILES = [
    ("one series", SINGLE, ["visits"], 46, "2024-01-01", "2024-04-01", "MS"),
    (
        "long panel",
        lines("store,date,sales", "s1,2024-01-01,1", "s1,2024-01-02,2", "s2,2024-01-01,3"),
        ["s1", "s2"],
        6,
        "2024-01-01",
        "2024-01-02",
        "D",
    ),
    (
        "wide panel",
        lines("date,a,b", "2024-01-01,1,10", "2024-01-02,2,20"),
        ["a", "b"],
        33,
        "2024-01-01",
        "2024-01-02",
        "D",
    ),
    (
        "column names of AutoGluon",
        lines("item_id,timestamp,target", "x,2024-01-01,1", "x,2024-01-08,2"),
        ["x"],
        3,
        "2024-01-01",
        "2024-01-08",
        "W-MON",
    ),
    (
        "semicolons and decimal commas",
        lines("date;value", "2024-01-01;1,5", "2024-01-02;2,25"),
        ["value"],
        3.75,
        "2024-01-01",
        "2024-01-02",
        "D",
    ),
    (
        "thousands separators",
        lines("date,value", '2024-01-01,"1,000.5"', '2024-01-02,"2,000"'),
        ["value"],
        3000.5,
        "2024-01-01",
        "2024-01-02",
        "D",
    ),
    (
        "day/month, resolved by the 31st",
        lines("date,value", "31/01/2024,1", "29/02/2024,2", "31/03/2024,3"),
        ["value"],
        6,
        "2024-01-31",
        "2024-03-31",
        "ME",
    ),
    (
        "newest first",
        lines("date,value", "2024-01-03,3", "2024-01-02,2", "2024-01-01,1"),
        ["value"],
        6,
        "2024-01-01",
        "2024-01-03",
        "D",
    ),
    (
        "a missing day",
        lines("date,value", *(f"2024-01-{d:02d},{d}" for d in (1, 2, 3, 5, 6))),
        ["value"],
        17,
        "2024-01-01",
        "2024-01-06",
        "D",
    ),
    (
        "ids that look like numbers",
        lines("id,date,value", "007,2024-01-01,1", "007,2024-01-02,1", "1e5,2024-01-01,2"),
        ["007", "1e5"],
        4,
        "2024-01-01",
        "2024-01-02",
        "D",
    ),
    (
        "an id that is NA",
        lines("id,date,value", "NA,2024-01-01,1", "NA,2024-01-02,1", "b,2024-01-01,2"),
        ["NA", "b"],
        4,
        "2024-01-01",
        "2024-01-02",
        "D",
    ),
    (
        "years",
        lines("year,value", "2001,5", "2002,6", "2003,7"),
        ["value"],
        18,
        "2001-01-01",
        "2003-01-01",
        "YS",
    ),
    (
        "quarters",
        lines("quarter,value", "2019Q1,5", "2019Q2,6", "2019Q3,7"),
        ["value"],
        18,
        "2019-01-01",
        "2019-07-01",
        "QS",
    ),
    (
        "dates as numbers",
        lines("date,value", "20240101,5", "20240102,6"),
        ["value"],
        11,
        "2024-01-01",
        "2024-01-02",
        "D",
    ),
    (
        "empty cells are missing values",
        lines("date,value", "2024-01-01,5", "2024-01-02,", "2024-01-03,NA", "2024-01-04,1"),
        ["value"],
        6,
        "2024-01-01",
        "2024-01-04",
        "D",
    ),
    (
        "a duplicate row",
        lines("date,value", "2024-01-01,5", "2024-01-01,5", "2024-01-02,6"),
        ["value"],
        11,
        "2024-01-01",
        "2024-01-02",
        "D",
    ),
]


@pytest.mark.parametrize(
    ("text", "ids", "total", "start", "end", "freq"),
    [file[1:] for file in FILES],
    ids=[file[0] for file in FILES],
)
def test_reports_of_common_layouts(text, ids, total, start, end, freq, write):
    report = check_csv(write(text))
    assert report["problems"] == []
    assert report["ids"] == ids
    assert report["total"] == pytest.approx(total)
    assert (report["start"][:10], report["end"][:10]) == (start, end)
    assert report["freq"] == freq


def test_all_errors_are_reported_at_once(write):
    text = (
        "date,a,b\n2024-01-01,1,1\n2024-01-02,x,2\n2024-13-01,3,3\n2024-01-04,4,y\n2024-01-05,5,5\n"
    )
    problems = check_csv(write(text), target_col=["a", "b"])["problems"]
    assert [(problem["row"], problem["column"], problem["value"]) for problem in problems] == [
        (4, "date", "2024-13-01"),
        (3, "a", "x"),
        (5, "b", "y"),
    ]
