"""The header, and lines outside the table: titles, comments, units, sources, totals."""

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
    one_series,
)

ACCEPTED = (
    Accepted(
        "titles above the table",
        "Sales report 2024\nmade by: accounting\n\n" + FIVE_DAYS,
        replace(FIVE_DAYS_REPORT, assumption="2 lines above the header skipped (rows 1, 2)"),
    ),
    Accepted(
        "titles padded with delimiters",
        "Sales report,\nSource:,accounting\n" + FIVE_DAYS,
        replace(FIVE_DAYS_REPORT, assumption="2 lines above the header skipped"),
    ),
    Accepted(
        "a title that is also a usual column name",
        "Sales,\n" + FIVE_DAYS,
        replace(FIVE_DAYS_REPORT, assumption="above the header"),
    ),
    Accepted(
        "comment lines",
        "# exported today\n# in euro, net\n"
        + FIVE_DAYS.replace("2024-01-03", "# half\n2024-01-03"),
        replace(FIVE_DAYS_REPORT, assumption="comments (#)"),
    ),
    Accepted(
        "a two-line header",
        lines(
            ",north,,south,",
            "date,net,gross,net,gross",
            *(f"{d},1,2,3,4" for d in dates(5)),
        ),
        replace(
            FIVE_DAYS_REPORT,
            rows=20,
            total=50,
            ids=("north gross", "north net", "south gross", "south net"),
        ),
    ),
    Accepted(
        "units below the header",
        FIVE_DAYS.replace("date,sales", "date,sales\n,(kg)"),
        replace(FIVE_DAYS_REPORT, ids=("sales (kg)",)),
    ),
    Accepted(
        "the header repeated in the middle",
        FIVE_DAYS + one_series(dates(3, "2024-01-06")),
        Report(
            rows=8,
            total=21,
            freq="D",
            start="2024-01-01",
            end="2024-01-08",
            assumption="repeated header",
        ),
    ),
    Accepted(
        "a source note below the table",
        FIVE_DAYS + "\nSource: accounting, provisional\n",
        replace(FIVE_DAYS_REPORT, assumption="below the table skipped (row 8)"),
    ),
    Accepted(
        "a row with the total",
        FIVE_DAYS + "Total,15\n",
        replace(FIVE_DAYS_REPORT, assumption="totals of other rows"),
    ),
    Accepted("a row with the total in German", FIVE_DAYS + "Summe:,15\n", FIVE_DAYS_REPORT),
    Accepted(
        "a row with the grand total of all stores",
        LONG_PANEL + "Total,,20\n",
        replace(LONG_PANEL_REPORT, assumption="totals of other rows"),
    ),
)

REFUSED = (
    Refused("an empty file", "", "is empty"),
    Refused("blank lines only", "\n\n  \n", "is empty"),
    Refused("a header only", "date,sales\n", "a header (date, sales) but no rows", row=1),
    Refused(
        "no header",
        lines(*FIVE_DAYS.splitlines()[1:]),
        "The first line is not a header",
        row=1,
        value="2024-01-01",
    ),
    Refused(
        "duplicate column names",
        FIVE_DAYS.replace("date,sales", "sales,sales"),
        "more than once",
        row=1,
        column="sales",
        value="sales",
    ),
    Refused(
        "text in the first row",
        lines("Tag,Messwert,Ort", "gestern,neun,Ulm", *(f"{d},2,Ulm" for d in dates(4))),
        "'gestern'",
        row=2,
        column="Tag",
    ),
)
