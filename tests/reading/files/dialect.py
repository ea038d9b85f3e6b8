"""Delimiters, quotes, blank lines, and the number of cells per line."""

from __future__ import annotations

from dataclasses import replace

from reading.files.case import (
    FIVE_DAYS,
    FIVE_DAYS_REPORT,
    LONG_PANEL,
    Accepted,
    Refused,
    dates,
    lines,
    one_series,
)

ACCEPTED = (
    Accepted(
        "semicolons",
        one_series(dates(5), delimiter=";"),
        replace(FIVE_DAYS_REPORT, assumption="delimiter ';'"),
    ),
    Accepted("tabs", one_series(dates(5), delimiter="\t"), FIVE_DAYS_REPORT),
    Accepted("pipes", one_series(dates(5), delimiter="|"), FIVE_DAYS_REPORT),
    Accepted("a sep= line", "sep=;\n" + one_series(dates(5), delimiter=";"), FIVE_DAYS_REPORT),
    Accepted(
        "a line break in a quoted cell",
        FIVE_DAYS.replace("date,sales", '"date","sales\nin euro"'),
        replace(FIVE_DAYS_REPORT, ids=("sales\nin euro",)),
    ),
    Accepted(
        "cells as spreadsheet formulas", one_series([f'="{d}"' for d in dates(5)]), FIVE_DAYS_REPORT
    ),
    Accepted("empty lines", FIVE_DAYS.replace("2024-01-03", "\n\n2024-01-03"), FIVE_DAYS_REPORT),
    Accepted("lines of delimiters only", FIVE_DAYS + ",\n,\n", FIVE_DAYS_REPORT),
    Accepted("lines of blanks at the end", FIVE_DAYS + " \n , \n", FIVE_DAYS_REPORT),
    Accepted(
        "a trailing delimiter on every line", FIVE_DAYS.replace("\n", ",\n"), FIVE_DAYS_REPORT
    ),
    Accepted(
        "a trailing delimiter on every line below the header",
        FIVE_DAYS.replace("\n", ",\n").replace("sales,", "sales"),
        FIVE_DAYS_REPORT,
    ),
)

REFUSED = (
    Refused(
        "decimal commas in a comma-delimited file",
        lines("date,sales", *(f"{d},1,5" for d in dates(5))),
        "the line has 3 cells, the header has 2 (4 more",
        row=2,
    ),
    Refused(
        "a line with too many cells",
        FIVE_DAYS.replace(",3", ",3,3"),
        "the line has 3 cells, the header has 2",
        row=4,
    ),
    Refused(
        "a line with too few cells",
        LONG_PANEL.replace("a,2024-01-03,3", "a,2024-01-03"),
        "the line has 2 cells, the header has 3",
        row=4,
    ),
    Refused(
        "a truncated last line",
        FIVE_DAYS + "2024-01-06\n",
        "the line has 1 cell, the header has 2",
        row=7,
    ),
    Refused("a quote that is never closed", FIVE_DAYS.replace(",3", ',"3'), "never closed", row=4),
    Refused(
        "a quote inside a quoted cell",
        FIVE_DAYS.replace(",3", ',"3"3"'),
        "inside a quoted cell",
        row=4,
    ),
)
