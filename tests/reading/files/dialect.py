"""From lines to cells: delimiters, quotes, blank lines, the number of cells per line."""

from __future__ import annotations

from dataclasses import replace

from reading.files.case import FIVE, LONG, OF_FIVE, Accepted, Refused, dates, lines, one_series

ACCEPTED = (
    Accepted(
        "semicolons",
        one_series(dates(5), delimiter=";"),
        replace(OF_FIVE, assumption="delimiter ';'"),
    ),
    Accepted("tabs", one_series(dates(5), delimiter="\t"), OF_FIVE),
    Accepted("pipes", one_series(dates(5), delimiter="|"), OF_FIVE),
    Accepted("a sep= line", "sep=;\n" + one_series(dates(5), delimiter=";"), OF_FIVE),
    Accepted(
        "a line break in a quoted cell",
        FIVE.replace("date,sales", '"date","sales\nin euro"'),
        replace(OF_FIVE, ids=("sales\nin euro",)),
    ),
    Accepted("cells as spreadsheet formulas", one_series([f'="{d}"' for d in dates(5)]), OF_FIVE),
    Accepted("empty lines", FIVE.replace("2024-01-03", "\n\n2024-01-03"), OF_FIVE),
    Accepted("lines of delimiters only", FIVE + ",\n,\n", OF_FIVE),
    Accepted("lines of blanks at the end", FIVE + " \n , \n", OF_FIVE),
    Accepted("a trailing delimiter on every line", FIVE.replace("\n", ",\n"), OF_FIVE),
    Accepted(
        "a trailing delimiter on every line below the header",
        FIVE.replace("\n", ",\n").replace("sales,", "sales"),
        OF_FIVE,
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
        FIVE.replace(",3", ",3,3"),
        "the line has 3 cells, the header has 2",
        row=4,
    ),
    Refused(
        "a line with too few cells",
        LONG.replace("a,2024-01-03,3", "a,2024-01-03"),
        "the line has 2 cells, the header has 3",
        row=4,
    ),
    Refused(
        "a truncated last line",
        FIVE + "2024-01-06\n",
        "the line has 1 cell, the header has 2",
        row=7,
    ),
    Refused("a quote that is never closed", FIVE.replace(",3", ',"3'), "never closed", row=4),
    Refused(
        "a quote inside a quoted cell",
        FIVE.replace(",3", ',"3"3"'),
        "inside a quoted cell",
        row=4,
    ),
)
