"""Numeric cells: separators, signs, currencies, missing-value codes, magnitudes."""

from __future__ import annotations

from dataclasses import replace

from reading.files.case import FIVE_DAYS, FIVE_DAYS_REPORT, Accepted, Refused, Report, dates, lines

SIX_VALUES = (1000.5, 2000.25, 3000, 4000, 5000, 6000.75)
TOTAL = float(sum(SIX_VALUES))
ENGLISH = [f"{v:,.2f}" for v in SIX_VALUES]
GERMAN = [v.replace(",", "x").replace(".", ",").replace("x", ".") for v in ENGLISH]


def six_days(cells: list[str], delimiter: str = ";") -> str:
    rows = (f"{d}{delimiter}{cell}" for d, cell in zip(dates(6), cells, strict=True))
    return lines(f"date{delimiter}sales", *rows)


def six_days_report(assumption: str = "", total: float = TOTAL) -> Report:
    return Report(
        rows=6,
        total=total,
        freq="D",
        start="2024-01-01",
        end="2024-01-06",
        assumption=assumption,
    )


SEPARATORS = (
    Accepted(
        "decimal commas",
        six_days([f"{v:.2f}".replace(".", ",") for v in SIX_VALUES]),
        six_days_report("mark ','"),
    ),
    Accepted(
        "points as thousands separators",
        six_days(GERMAN),
        six_days_report("thousands separator '.'"),
    ),
    Accepted(
        "commas as thousands separators",
        six_days(ENGLISH),
        six_days_report("thousands separator ','"),
    ),
    Accepted(
        "spaces as thousands separators",
        six_days([v.replace(",", "\u00a0") for v in ENGLISH]),
        six_days_report("thousands separator ' '"),
    ),
    Accepted(
        "apostrophes as thousands separators",
        six_days([v.replace(",", "’") for v in ENGLISH]),
        six_days_report("thousands separator"),
    ),
    Accepted(
        "an ambiguous comma that another column resolves",
        lines("date;sales;price", *(f"{d};1,500;{k},25" for k, d in enumerate(dates(5)))),
        replace(FIVE_DAYS_REPORT, total=7.5),
        options={"target_col": "sales"},
    ),
    Accepted(
        "an ambiguous point that comma delimiters resolve",
        six_days([f"{v}.125" for v in range(1, 7)], ","),
        six_days_report("the delimiter of the file is a comma", 21.75),
    ),
)

SIGNS = (
    Accepted(
        "dollar signs",
        six_days([f"${v}" for v in ENGLISH]),
        six_days_report("currency sign '$' removed"),
    ),
    Accepted(
        "euro signs after decimal commas",
        six_days([f"{v} €" for v in GERMAN]),
        six_days_report("currency sign '€' removed"),
    ),
    Accepted(
        "percent signs",
        six_days([f"{v}%" for v in SIX_VALUES]),
        six_days_report("percent signs removed"),
    ),
    Accepted(
        "a negative number in brackets",
        six_days([f"({v})" if k == 0 else v for k, v in enumerate(ENGLISH)]),
        six_days_report("numbers in parentheses read as negative", TOTAL - 2 * SIX_VALUES[0]),
    ),
    Accepted(
        "a typographic minus sign",
        six_days([f"\u2212{v}" if k == 0 else str(v) for k, v in enumerate(SIX_VALUES)]),
        six_days_report(total=TOTAL - 2 * SIX_VALUES[0]),
    ),
    Accepted(
        "a trailing minus sign",
        six_days([f"{v}-" if k == 0 else str(v) for k, v in enumerate(SIX_VALUES)]),
        six_days_report("trailing minus signs read as negative", TOTAL - 2 * SIX_VALUES[0]),
    ),
)

MISSING = (
    Accepted(
        "common missing-value codes",
        lines(
            "date,sales",
            *(f"{d},{w}" for d, w in zip(dates(5), ("1", "NA", "NaN", "", "5"), strict=True)),
        ),
        replace(FIVE_DAYS_REPORT, total=6, missing=3),
    ),
    Accepted(
        "a missing-value code given as an option",
        lines("date,sales", *(f"{d},{w}" for d, w in zip(dates(5), "1-345", strict=True))),
        replace(FIVE_DAYS_REPORT, total=13, missing=1),
        options={"na_value": "-"},
    ),
    Accepted(
        "an empty missing-value code given as an option",
        FIVE_DAYS,
        FIVE_DAYS_REPORT,
        options={"na_value": ["", "x"]},
    ),
    Accepted(
        "a number that looks like a missing-value code",
        lines("date,sales", *(f"{d},{-200 if k % 2 else k}" for k, d in enumerate(dates(8)))),
        Report(
            rows=8,
            total=-788,
            freq="D",
            start="2024-01-01",
            end="2024-01-08",
            assumption="-200 in 4 cells",
        ),
    ),
    Accepted(
        "a number given as a missing-value code",
        lines("date,sales", *(f"{d},{'-200.0' if k % 2 else k}" for k, d in enumerate(dates(8)))),
        Report(rows=8, total=12, freq="D", start="2024-01-01", end="2024-01-07", missing=3),
        options={"na_value": "-200"},
    ),
    Accepted(
        "a missing-value code with a decimal comma",
        six_days(["1,5", "-999,0", "3,5", "4", "5", "6"]),
        replace(six_days_report(total=20), missing=1),
        options={"na_value": "-999"},
    ),
)

MAGNITUDES = (
    Accepted("scientific notation", six_days([f"{v:.6e}" for v in SIX_VALUES]), six_days_report()),
    Accepted(
        "zeros",
        lines("date,sales", *(f"{d},0" for d in dates(5))),
        replace(FIVE_DAYS_REPORT, total=0),
    ),
    Accepted(
        "tiny values",
        lines("date,sales", *(f"{d},1e-12" for d in dates(5))),
        replace(FIVE_DAYS_REPORT, total=5e-12),
    ),
    Accepted(
        "huge values",
        lines("date,sales", *(f"{d},1e18" for d in dates(5))),
        replace(FIVE_DAYS_REPORT, total=5e18),
    ),
)

ACCEPTED = (*SEPARATORS, *SIGNS, *MISSING, *MAGNITUDES)

REFUSED = (
    Refused(
        "text in the value column",
        FIVE_DAYS.replace(",3", ",three"),
        "'three' is not a number",
        row=4,
        column="sales",
        value="three",
    ),
    Refused(
        "text in several cells",
        FIVE_DAYS.replace(",3", ",x").replace(",4", ",x").replace(",5", ",y"),
        "(2 more: rows 5, 6)",
        row=4,
        column="sales",
        value="x",
    ),
    Refused(
        "text in a table with one column per period",
        lines("shop,2019,2020,2021", "a,1,2,3", "b,4,x,6"),
        "'x' is not a number",
        row=3,
        column="2020",
        value="x",
    ),
    Refused(
        "no numbers",
        lines("date,kind", *(f"{d},x" for d in dates(5))),
        "is not a number",
        row=2,
        column="kind",
        value="x",
    ),
    Refused(
        "infinity",
        FIVE_DAYS.replace(",3", ",inf"),
        "'inf' is not a finite number",
        row=4,
        column="sales",
        value="inf",
    ),
    Refused(
        "a number that overflows",
        FIVE_DAYS.replace(",3", ",1e309"),
        "'1e309' is not a finite number",
        row=4,
        column="sales",
        value="1e309",
    ),
    Refused(
        "an ambiguous comma",
        six_days(["1,234", "2,345", "3", "4", "5", "6"]),
        "'1,234' is ambiguous: decimal comma or thousands separator",
        row=2,
        column="sales",
        value="1,234",
    ),
    Refused(
        "an ambiguous point",
        six_days(["1.234", "2.345", "3", "4", "5", "6"]),
        "'1.234' is ambiguous: decimal point or thousands separator",
        row=2,
        column="sales",
        value="1.234",
    ),
    Refused(
        "a thousands separator after a leading zero",
        six_days(["1.234.567", "0.500", "3", "4", "5", "6"]),
        "is not a number",
    ),
    Refused(
        "two currencies",
        six_days(["$1", "€2", "3", "4", "5", "6"]),
        "currencies differ",
        row=3,
        column="sales",
        value="€2",
    ),
    Refused(
        "percent signs on some numbers only",
        six_days(["1%", "0.02", "3%", "4%", "5%", "6%"]),
        "others do not",
        row=3,
        column="sales",
        value="0.02",
    ),
)
