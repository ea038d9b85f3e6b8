"""Small files as people have them, each named after what is odd in it.

`UNDERSTOOD` says what must be found: rows, series, total, freq, start, end, missing, ids, and words
of an assumption that must be said. `REFUSED` says what the refusal must hold: row, column, value,
and words of the message. A file is text, or bytes; options are those of `read_csv`.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile

import numpy as np
import pandas as pd


def lines(*rows: str) -> str:
    return "\n".join(rows) + "\n"


def days(n: int, start: str = "2024-01-01", form: str = "%Y-%m-%d", freq: str = "D") -> list[str]:
    return [one.strftime(form) for one in pd.date_range(start, periods=n, freq=freq)]


def column(moments: list[str], name: str = "date", value: str = "sales", mark: str = ",") -> str:
    """A file of one series whose values count from 1."""
    return lines(f"{name}{mark}{value}", *(f"{m}{mark}{k}" for k, m in enumerate(moments, 1)))


def found(rows, total, freq, start, end, missing=0, ids=("sales",), said=""):
    return {
        "rows": rows,
        "series": len(ids),
        "total": total,
        "freq": freq,
        "start": start,
        "end": end,
        "missing": missing,
        "ids": list(ids),
        "said": said,
    }


def zipped(*members: tuple[str, str]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members:
            archive.writestr(name, text)
    return file.getvalue()


FIVE = column(days(5))
PLAIN = found(5, 15, "D", "2024-01-01", "2024-01-05")
SIX = (1000.5, 2000.25, 3000, 4000, 5000, 6000.75)
WITH_POINTS = [f"{v:,.2f}" for v in SIX]
WITH_COMMAS = [v.replace(",", "x").replace(".", ",").replace("x", ".") for v in WITH_POINTS]
SUM = float(sum(SIX))


def six(cells: list[str], mark: str = ";") -> str:
    return lines(
        f"date{mark}sales", *(f"{d}{mark}{c}" for d, c in zip(days(6), cells, strict=True))
    )


def of_six(said: str, total: float = SUM) -> dict:
    return found(6, total, "D", "2024-01-01", "2024-01-06", said=said)


def zoned(form: str = "%Y-%m-%dT%H:%M:%S%z") -> list[str]:
    """Hours of the day in March 2024 on which Berlin's clocks go forward, offsets written."""
    hours = pd.date_range("2024-03-31", periods=6, freq="h", tz="Europe/Berlin")
    return [one.strftime(form) for one in hours]


def back_hours() -> list[str]:
    """Hours of the night in October 2024 on which Berlin's clocks go back, without offsets."""
    hours = pd.date_range("2024-10-27", periods=8, freq="h", tz="Europe/Berlin")
    return [one.strftime("%Y-%m-%d %H:%M") for one in hours]


def retail(n: int = 12) -> list[str]:
    weeks = np.resize([4, 4, 5], n)
    ends = pd.Timestamp("2023-12-31") + pd.to_timedelta(np.cumsum(weeks) * 7, unit="D")
    return [one.strftime("%Y-%m-%d") for one in ends]


MONTHS = days(5, form="%Y-%m", freq="MS")
OF_MONTHS = found(5, 15, "MS", "2024-01-01", "2024-05-01")
LONG = lines(
    "store,date,sales", *(f"{s},{d},{k}" for s in ("a", "b") for k, d in enumerate(days(4), 1))
)
OF_LONG = found(8, 20, "D", "2024-01-01", "2024-01-04", ids=("a", "b"))

UNDERSTOOD = [
    # bytes
    ("utf-8 with a byte order mark", "\ufeff" + FIVE, {}, PLAIN),
    ("utf-16 with a byte order mark", FIVE.encode("utf-16"), {}, PLAIN),
    ("utf-16 without one", FIVE.encode("utf-16-le"), {}, PLAIN),
    ("utf-16 the other way round", FIVE.encode("utf-16-be"), {}, PLAIN),
    (
        "cp1252",
        FIVE.replace("sales", "Umsätze €").encode("cp1252"),
        {},
        {**PLAIN, "ids": ["Umsätze €"], "said": "encoding cp1252"},
    ),
    ("lines that end with CRLF", FIVE.replace("\n", "\r\n"), {}, PLAIN),
    ("lines that end with CR", FIVE.replace("\n", "\r"), {}, PLAIN),
    ("no end of the last line", FIVE.rstrip("\n"), {}, PLAIN),
    ("the end that DOS wrote", FIVE.encode() + b"\x1a", {}, PLAIN),
    ("gzip", gzip.compress(FIVE.encode()), {}, {**PLAIN, "said": "decompressed from gzip"}),
    ("bz2", bz2.compress(FIVE.encode()), {}, {**PLAIN, "said": "decompressed from bz2"}),
    ("xz", lzma.compress(FIVE.encode()), {}, {**PLAIN, "said": "decompressed from xz"}),
    ("zip", zipped(("a.csv", FIVE), ("__MACOSX/a", "x")), {}, {**PLAIN, "said": "from zip"}),
    # form
    ("semicolons", column(days(5), mark=";"), {}, {**PLAIN, "said": "delimiter ';'"}),
    ("tabs", column(days(5), mark="\t"), {}, PLAIN),
    ("pipes", column(days(5), mark="|"), {}, PLAIN),
    ("a line that says the delimiter", "sep=;\n" + column(days(5), mark=";"), {}, PLAIN),
    (
        "quoted line breaks",
        FIVE.replace("date,sales", '"date","sales"')
        .replace("2024", "2024")
        .replace('sales"', 'sales\nin euro"'),
        {},
        {**PLAIN, "ids": ["sales\nin euro"]},
    ),
    (
        "titles above the table",
        "Sales report 2024\nmade by: accounting\n\n" + FIVE,
        {},
        {**PLAIN, "said": "2 lines above the header left out: rows 1, 2"},
    ),
    (
        "titles filled up with delimiters",
        "Sales report,\nSource:,accounting\n" + FIVE,
        {},
        {**PLAIN, "said": "2 lines above the header left out"},
    ),
    ("a title that is a usual name", "Sales,\n" + FIVE, {}, {**PLAIN, "said": "above the header"}),
    (
        "comment lines",
        "# exported today\n# in euro, net\n" + FIVE.replace("2024-01-03", "# half\n2024-01-03"),
        {},
        {**PLAIN, "said": "they begin with #"},
    ),
    (
        "a header over two lines",
        lines(
            ",north,,south,",
            "date,net,gross,net,gross",
            *(f"{d},1,2,3,4" for d in days(5)),
        ),
        {},
        {**PLAIN, "rows": 20, "series": 4, "total": 50}
        | {"ids": ["north gross", "north net", "south gross", "south net"]},
    ),
    (
        "units below the header",
        FIVE.replace("date,sales", "date,sales\n,(kg)"),
        {},
        {**PLAIN, "ids": ["sales (kg)"]},
    ),
    ("empty lines", FIVE.replace("2024-01-03", "\n\n2024-01-03"), {}, PLAIN),
    ("lines of delimiters alone", FIVE + ",\n,\n", {}, PLAIN),
    ("delimiters at the ends of lines", FIVE.replace("\n", ",\n"), {}, PLAIN),
    (
        "delimiters at the ends of rows alone",
        FIVE.replace("\n", ",\n").replace("sales,", "sales"),
        {},
        PLAIN,
    ),
    (
        "a source below the table",
        FIVE + "\nSource: accounting, provisional\n",
        {},
        {**PLAIN, "said": "below the table left out: row 8"},
    ),
    ("a total", FIVE + "Total,15\n", {}, {**PLAIN, "said": "they sum up other rows"}),
    ("a total in another language", FIVE + "Summe:,15\n", {}, PLAIN),
    (
        "totals of every store",
        LONG + "Total,,20\n",
        {},
        {**OF_LONG, "said": "they sum up other rows"},
    ),
    (
        "an unnamed column that counts the rows",
        lines(",date,sales", *(f"{k},{d},{k + 1}" for k, d in enumerate(days(5)))),
        {},
        {**PLAIN, "said": "it has no name and counts the rows"},
    ),
    (
        "row names, as R writes them",
        lines('"date","sales"', *(f'"{k}","{d}",{k}' for k, d in enumerate(days(5), 1))),
        {},
        {**PLAIN, "said": "first column left out"},
    ),
    (
        "dates in a column without a name",
        column(days(5), name=""),
        {},
        {**PLAIN, "said": "it has no name"},
    ),
    (
        "the header again in the middle",
        FIVE + column(days(3, "2024-01-06")),
        {},
        found(8, 21, "D", "2024-01-01", "2024-01-08", said="the header again"),
    ),
    (
        "newest first",
        lines("date,sales", *reversed(FIVE.splitlines()[1:])),
        {},
        PLAIN,
    ),
    (
        "rows in no order",
        lines("date,sales", *(FIVE.splitlines()[k] for k in (3, 1, 5, 2, 4))),
        {},
        PLAIN,
    ),
    # numbers
    ("decimal commas", six([f"{v:.2f}".replace(".", ",") for v in SIX]), {}, of_six("mark ','")),
    ("points between thousands", six(WITH_COMMAS), {}, of_six("thousands separator '.'")),
    ("commas between thousands", six(WITH_POINTS), {}, of_six("thousands separator ','")),
    (
        "spaces between thousands",
        six([v.replace(",", "\u00a0") for v in WITH_POINTS]),
        {},
        of_six("thousands separator ' '"),
    ),
    (
        "apostrophes between thousands",
        six([v.replace(",", "’") for v in WITH_POINTS]),
        {},
        of_six("thousands separator"),
    ),
    ("dollars", six([f"${v}" for v in WITH_POINTS]), {}, of_six("currency sign '$' left out")),
    (
        "euros behind decimal commas",
        six([f"{v} €" for v in WITH_COMMAS]),
        {},
        of_six("currency sign '€' left out"),
    ),
    ("percent", six([f"{v}%" for v in SIX]), {}, of_six("percent signs left out")),
    (
        "brackets for negatives",
        six([f"({v})" if k == 0 else v for k, v in enumerate(WITH_POINTS)]),
        {},
        of_six("numbers in brackets read as negative", SUM - 2 * SIX[0]),
    ),
    (
        "a minus as typographers write it",
        six([f"\u2212{v}" if k == 0 else str(v) for k, v in enumerate(SIX)]),
        {},
        of_six("", SUM - 2 * SIX[0]),
    ),
    ("scientific notation", six([f"{v:.6e}" for v in SIX]), {}, of_six("")),
    (
        "a comma that another column explains",
        lines("date;sales;price", *(f"{d};1,500;{k},25" for k, d in enumerate(days(5)))),
        {"target_col": "sales"},
        {**PLAIN, "total": 7.5},
    ),
    (
        "words for missing",
        lines(
            "date,sales",
            *(f"{d},{w}" for d, w in zip(days(5), ("1", "NA", "NaN", "", "5"), strict=True)),
        ),  # fmt: skip
        {},
        {**PLAIN, "total": 6, "missing": 3},
    ),
    (
        "a word of one's own for missing",
        lines("date,sales", *(f"{d},{w}" for d, w in zip(days(5), "1-345", strict=True))),
        {"na_value": "-"},
        {**PLAIN, "total": 13, "missing": 1},
    ),
    (
        "numbers that look like marks",
        lines("date,sales", *(f"{d},{-200 if k % 2 else k}" for k, d in enumerate(days(8)))),
        {},
        found(8, -788, "D", "2024-01-01", "2024-01-08", said="-200 in 4 cells"),
    ),
    (
        "numbers that mark what is missing",
        lines("date,sales", *(f"{d},{'-200.0' if k % 2 else k}" for k, d in enumerate(days(8)))),
        {"na_value": "-200"},
        found(8, 12, "D", "2024-01-01", "2024-01-07", missing=3),
    ),
    # time
    ("days of one digit", column([f"2024/1/{k}" for k in range(1, 6)]), {}, PLAIN),
    ("day.month.year", column(days(5, form="%d.%m.%Y")), {}, PLAIN),
    (
        "day/month, decided by the 13th",
        column(days(20, form="%d/%m/%Y")),
        {},
        found(20, 210, "D", "2024-01-01", "2024-01-20", said="%d/%m/%Y"),
    ),
    (
        "month/day, decided by the 13th",
        column(days(20, form="%m/%d/%Y")),
        {},
        found(20, 210, "D", "2024-01-01", "2024-01-20", said="%m/%d/%Y"),
    ),
    (
        "day/month by a format",
        column(days(5, form="%d/%m/%Y", freq="MS")),
        {"date_format": "%d/%m/%Y"},
        OF_MONTHS,
    ),
    ("names of months", column(days(5, form="%d %b %Y")), {}, PLAIN),
    ("names of months in full", column(days(5, form='"%B %d, %Y"')), {}, PLAIN),
    ("months by name and year", column(days(5, form="%b-%y", freq="MS")), {}, OF_MONTHS),
    ("months as numbers", column(days(5, form="%Y%m", freq="MS")), {}, OF_MONTHS),
    ("months as month/year", column(days(5, form="%m/%Y", freq="MS")), {}, OF_MONTHS),
    (
        "months as statistical offices write them",
        column([f"2024M{k:02}" for k in range(1, 6)]),
        {},
        OF_MONTHS,
    ),  # fmt: skip
    (
        "quarters",
        column(["2019Q1", "2019Q2", "2019Q3", "2019Q4"]),
        {},
        found(4, 10, "QS", "2019-01-01", "2019-10-01"),
    ),
    (
        "quarters the other way round",
        column(["Q1 2019", "Q2 2019", "Q3 2019", "Q4 2019"]),
        {},
        found(4, 10, "QS", "2019-01-01", "2019-10-01"),
    ),
    (
        "weeks",
        column(["2019-W51", "2019-W52", "2020-W01", "2020-W02"]),
        {},
        found(4, 10, "W-MON", "2019-12-16", "2020-01-06", said="ISO weeks"),
    ),
    (
        "weeks as numbers",
        column(["201951", "201952", "202001", "202002"], name="week"),
        {},
        found(4, 10, "W-MON", "2019-12-16", "2020-01-06", said="ISO week"),
    ),
    (
        "years",
        column(["2019", "2020", "2021"], name="year"),
        {},
        found(3, 6, "YS", "2019-01-01", "2021-01-01"),
    ),
    ("days as numbers", column(days(5, form="%Y%m%d")), {}, PLAIN),
    ("days as numbers with a point", column(days(5, form="%Y%m%d.0")), {}, PLAIN),
    (
        "seconds since 1970",
        column([str(1704067200 + 86400 * k) for k in range(5)], name="timestamp"),
        {},
        {**PLAIN, "said": "seconds since 1970"},
    ),
    (
        "milliseconds since 1970",
        column([str(1704067200000 + 86400000 * k) for k in range(5)], name="timestamp"),
        {},
        {**PLAIN, "said": "milliseconds since 1970"},
    ),
    (
        "days of a spreadsheet",
        column([str(45292 + k) for k in range(5)]),
        {},
        {**PLAIN, "said": "days of a spreadsheet"},
    ),
    (
        "date and time in two columns",
        lines("Date;Time;sales", *(f"10/31/2024;{h:02}.00.00;{h}" for h in range(6))),
        {},
        found(6, 15, "h", "2024-10-31", "2024-10-31T05:00:00", said="time of day from column"),
    ),
    (
        "date and hour in two columns",
        lines("date,hour,sales", *(f"{d},{h},1" for d in days(2) for h in range(24))),
        {},
        found(48, 48, "h", "2024-01-01", "2024-01-02T23:00:00"),
    ),
    (
        "year and month in two columns",
        lines("year,month,sales", *(f"2024,{k},{k}" for k in range(1, 6))),
        {},
        OF_MONTHS,
    ),
    (
        "steps without a calendar",
        column([str(k) for k in range(1, 6)], name="step"),
        {},
        found(5, 15, 1, 1, 5),
    ),
    ("no column of time", lines("sales", "1", "2", "3"), {}, found(3, 6, 1, 1, 3)),
    (
        "offsets",
        column(zoned(), name="time"),
        {},
        found(6, 21, "h", "2024-03-30T23:00:00+00:00", "2024-03-31T04:00:00+00:00"),
    ),
    (
        "a letter for the zone",
        column(days(5, form="%Y-%m-%dT00:00:00Z")),
        {},
        found(5, 15, "D", "2024-01-01T00:00:00+00:00", "2024-01-05T00:00:00+00:00"),
    ),  # fmt: skip
    (
        "afternoons",
        column([f"01/31/2024 {h:02}:00 {p}" for p in ("AM", "PM") for h in (12, *range(1, 12))]),
        {},
        found(24, 300, "h", "2024-01-31", "2024-01-31T23:00:00"),
    ),
    # layout
    ("many series below each other", LONG, {}, OF_LONG),
    (
        "many series side by side",
        lines("date,a,b", *(f"{d},{k},{k}" for k, d in enumerate(days(4), 1))),
        {},
        OF_LONG,
    ),
    (
        "a column a period",
        lines("shop,2019,2020,2021", "a,1,2,3", "b,4,5,6"),
        {},
        found(6, 21, "YS", "2019-01-01", "2021-01-01", ids=("a", "b"), said="taken as periods"),
    ),
    (
        "a column a period, newest first",
        lines("2024-03,2024-02,2024-01", "3,2,1"),
        {},
        found(3, 6, "MS", "2024-01-01", "2024-03-01", ids=("value",)),
    ),
    (
        "columns of another tool",
        LONG.replace("store,date,sales", "item_id,timestamp,target"),
        {},
        OF_LONG,
    ),
    (
        "prices of a share",
        lines("Date,Open,High,Low,Close,Volume", *(f"{d},1,3,1,2,900" for d in days(4))),
        {},
        found(4, 8, "D", "2024-01-01", "2024-01-04", ids=("Close",)),
    ),
    (
        "two columns that name the series",
        lines(
            "store,item,date,sales",
            *(f"{s},{i},{d},1" for s in (1, 2) for i in (1, 2) for d in days(3)),
        ),
        {"id_col": ["store", "item"]},
        found(12, 12, "D", "2024-01-01", "2024-01-03", ids=("1/1", "1/2", "2/1", "2/2")),
    ),
    (
        "ids as they stand",
        lines(
            "id,date,y",
            *(
                f"{i},{d},1"
                for i in ("007", "NA", "1e5", '"a,b"', " x", "ÄÖ", '"two\nlines"')
                for d in days(3)
            ),  # fmt: skip
        ),
        {},
        found(21, 21, "D", "2024-01-01", "2024-01-03")
        | {"ids": sorted(["007", "NA", "1e5", "a,b", " x", "ÄÖ", "two\nlines"]), "series": 7},
    ),
    # frequency
    (
        "month ends",
        column(days(5, form="%Y-%m-%d", freq="ME")),
        {},
        found(5, 15, "ME", "2024-01-31", "2024-05-31"),
    ),  # fmt: skip
    (
        "the middle of months",
        column([f"2024-{k:02}-15" for k in range(1, 6)]),
        {},
        found(5, 15, "MS", "2024-01-15", "2024-05-15"),
    ),  # fmt: skip
    (
        "last working days of months",
        column(days(8, freq="BME")),
        {},
        found(8, 36, "BME", "2024-01-31", "2024-08-30"),
    ),  # fmt: skip
    (
        "quarters from February",
        column(days(4, "2024-02-01", freq="QS-FEB")),
        {},
        found(4, 10, "QS-FEB", "2024-02-01", "2024-11-01"),
    ),  # fmt: skip
    (
        "working days",
        column(days(15, freq="B")),
        {},
        found(15, 120, "B", "2024-01-01", "2024-01-19"),
    ),  # fmt: skip
    (
        "weeks that end on Saturday",
        column(days(5, "2024-01-06", freq="W-SAT")),
        {},
        found(5, 15, "W-SAT", "2024-01-06", "2024-02-03"),
    ),  # fmt: skip
    (
        "minutes",
        column(days(5, form="%Y-%m-%d %H:%M", freq="min")),
        {},
        found(5, 15, "min", "2024-01-01", "2024-01-01T00:04:00"),
    ),
    (
        "absent days",
        lines("date,sales", *(FIVE.splitlines()[k] for k in (1, 2, 5))),
        {},
        {**PLAIN, "rows": 3, "total": 8, "missing": 2},
    ),
    (
        "gaps, filled by a rule",
        lines("date,sales", *(FIVE.splitlines()[k] for k in (1, 2, 5))),
        {"fill": "linear"},
        {**PLAIN, "said": "filled along a straight line"},
    ),
    (
        "missing values before the first and behind the last",
        lines("date,sales", *(f"{d},{v}" for d, v in zip(days(5), ["", 2, 3, 4, ""], strict=True))),
        {},
        found(5, 9, "D", "2024-01-01", "2024-01-04", missing=1),
    ),
    (
        "series that end on different days",
        lines("id,date,y", *(f"a,{d},1" for d in days(5)), *(f"b,{d},1" for d in days(3))),
        {},
        found(8, 8, "D", "2024-01-01", "2024-01-05", ids=("a", "b")),
    ),
    (
        "the same row twice",
        FIVE + FIVE.splitlines()[-1] + "\n",
        {},
        {**PLAIN, "said": "1 repeated rows left out"},
    ),
    (
        "seconds of delay, on request",
        column([f"2024-01-01 {h:02}:00:0{h % 3}" for h in range(6)]),
        {"snap": True},
        found(6, 21, "h", "2024-01-01", "2024-01-01T05:00:00", said="moved onto a grid"),
    ),
    # values
    ("zeros", lines("date,sales", *(f"{d},0" for d in days(5))), {}, {**PLAIN, "total": 0}),
    (
        "tiny values",
        lines("date,sales", *(f"{d},1e-12" for d in days(5))),
        {},
        {**PLAIN, "total": 5e-12},
    ),  # fmt: skip
    (
        "huge values",
        lines("date,sales", *(f"{d},1e18" for d in days(5))),
        {},
        {**PLAIN, "total": 5e18},
    ),  # fmt: skip
    # what people found out
    (
        "years under a name that nobody knows",
        column(["2019", "2020", "2021"], name="zzz"),
        {},
        found(3, 6, "YS", "2019-01-01", "2021-01-01", said="follow each other as years"),
    ),  # fmt: skip
    (
        "years in German",
        column(["2019", "2020", "2021"], name="Jahr", mark=";"),
        {},
        found(3, 6, "YS", "2019-01-01", "2021-01-01"),
    ),  # fmt: skip
    (
        "months with a point",
        column(["05.2024", "04.2024", "02.2024"], name="Monat"),
        {},
        found(3, 6, "MS", "2024-02-01", "2024-05-01", missing=1),
    ),  # fmt: skip
    (
        "years of two digits, long ago",
        column(days(3, "1949-01-01", "%b-%y", "MS")),
        {},
        found(3, 6, "MS", "1949-01-01", "1949-03-01", said="read as 1949 to 1949"),
    ),  # fmt: skip
    (
        "years of two digits on both sides of 1969",
        column(["Nov-68", "Dec-68", "Jan-69"]),
        {},
        found(3, 6, "MS", "1968-11-01", "1969-01-01"),
    ),  # fmt: skip
    (
        "weeks as numbers that could be months",
        column(["201909", "201910", "201911"], "yearweek"),
        {},
        found(3, 6, "W-MON", "2019-02-25", "2019-03-11"),
    ),  # fmt: skip
    (
        "names of months in German",
        column(["Januar 2024", "Februar 2024", "März 2024"]),
        {},
        found(3, 6, "MS", "2024-01-01", "2024-03-01"),
    ),  # fmt: skip
    (
        "dates of SAS",
        column(["01JAN2024", "02JAN2024", "03JAN2024"]),
        {},
        found(3, 6, "D", "2024-01-01", "2024-01-03"),
    ),  # fmt: skip
    (
        "midnight at the end of the day",
        column([f"2024-01-01 {h:02}:00" for h in range(1, 25)]),
        {},
        found(24, 300, "h", "2024-01-01T01:00:00", "2024-01-02"),
    ),  # fmt: skip
    (
        "hours from 1 to 24",
        lines("date,hour,sales", *(f"{d},{h},1" for d in days(2) for h in range(1, 25))),
        {},
        found(48, 48, "h", "2024-01-01", "2024-01-02T23:00:00", said="hour 1 starts at midnight"),
    ),  # fmt: skip
    (
        "days of 23 hours, offsets written",
        column(
            ["2024-03-30T00:00:00+01:00", "2024-03-31T00:00:00+01:00", "2024-04-01T00:00:00+02:00"]
        ),
        {},
        found(3, 6, "D", "2024-03-30", "2024-04-01", said="local days"),
    ),  # fmt: skip
    (
        "a minus behind the number",
        six([f"{v}-" if k == 0 else str(v) for k, v in enumerate(SIX)]),
        {},
        of_six("a minus behind a number", SUM - 2 * SIX[0]),
    ),  # fmt: skip
    (
        "points that commas between cells explain",
        six([f"{v}.125" for v in range(1, 7)], ","),
        {},
        of_six("commas stand between the cells", 21.75),
    ),  # fmt: skip
    (
        "decimal commas that mark what is missing",
        six(["1,5", "-999,0", "3,5", "4", "5", "6"]),
        {"na_value": "-999"},
        {**of_six("", 20), "missing": 1},
    ),  # fmt: skip
    ("an empty word for missing", FIVE, {"na_value": ["", "x"]}, PLAIN),
    ("a last line of blanks", FIVE + " \n , \n", {}, PLAIN),
    (
        "a space before x is another x",
        lines(
            "id,date,y",
            *(f"{i},{d},1" for i in (" x", "x") for d in days(3)),
            '"say, ""hi""",2024-01-01,1',
        ),
        {},
        found(7, 7, "D", "2024-01-01", "2024-01-03", ids=(" x", 'say, "hi"', "x")),
    ),  # fmt: skip
    (
        "files put together, each with its mark",
        "\ufeff" + FIVE + "\ufeffdate,sales\n2024-01-06,6\n",
        {},
        found(6, 21, "D", "2024-01-01", "2024-01-06"),
    ),  # fmt: skip
    ("cells that spreadsheets must not read", column([f'="{d}"' for d in days(5)]), {}, PLAIN),
    (
        "a running number called id",
        lines(
            "id,date,store_nbr,sales",
            *(f"{3 * s + k},{d},{s},1" for s in (1, 2) for k, d in enumerate(days(3))),
        ),
        {},
        found(6, 6, "D", "2024-01-01", "2024-01-03", ids=("1", "2")),
    ),  # fmt: skip
    (
        "a day of export beside the time",
        lines(
            "LAST UPDATE,TIME_PERIOD,OBS_VALUE", *(f"2024-05-01,2019-0{k},{k}" for k in (1, 2, 3))
        ),
        {},
        found(3, 6, "MS", "2019-01-01", "2019-03-01", ids=("OBS_VALUE",)),
    ),  # fmt: skip
    (
        "from and to",
        lines(
            "Datum von;Datum bis;Wert",
            *(f"{a};{b};1" for a, b in zip(days(3), days(3, "2024-01-02"), strict=True)),
        ),
        {},
        found(3, 3, "D", "2024-01-01", "2024-01-03", ids=("Wert",), said="that end at"),
    ),  # fmt: skip
    (
        "months of a statistical office in two columns",
        lines("series_id,year,period,value", *(f"CES1,2024,M{k:02},{k}" for k in range(1, 6))),
        {},
        {**OF_MONTHS, "ids": ["CES1"]},
    ),  # fmt: skip
    (
        "rows behind the last value",
        lines("date,sales", "2024-01-01,1", "2024-01-02,2", "2024-01-03,"),
        {},
        found(3, 3, "D", "2024-01-01", "2024-01-02", said="1 rows after the last value"),
    ),  # fmt: skip
]


def refused(words, row=None, column=None, value=None):
    return {"words": words, "row": row, "column": column, "value": value}


REFUSED = [
    (
        "text in the value column",
        FIVE.replace(",3", ",three"),
        {},
        refused("'three' is not a number", 4, "sales", "three"),
    ),  # fmt: skip
    (
        "several texts",
        FIVE.replace(",3", ",x").replace(",4", ",x").replace(",5", ",y"),
        {},
        refused("(2 more: rows 5, 6)", 4, "sales", "x"),
    ),  # fmt: skip
    (
        "a word in a column a period",
        lines("shop,2019,2020,2021", "a,1,2,3", "b,4,x,6"),
        {},
        refused("'x' is not a number", 3, "2020", "x"),
    ),  # fmt: skip
    ("infinity", FIVE.replace(",3", ",inf"), {}, refused("not a number", 4, "sales", "inf")),
    (
        "a number that is too large",
        FIVE.replace(",3", ",1e309"),
        {},
        refused("infinite", 4, "sales", "1e309"),
    ),  # fmt: skip
    (
        "a comma that can be two things",
        six(["1,234", "2,345", "3", "4", "5", "6"]),
        {},
        refused("read in two ways", 2, "sales", "1,234"),
    ),  # fmt: skip
    (
        "a point that can be two things",
        six(["1.234", "2.345", "3", "4", "5", "6"]),
        {},
        refused("read in two ways", 2, "sales", "1.234"),
    ),  # fmt: skip
    (
        "a decimal comma that is no delimiter",
        lines("date,sales", *(f"{d},1,5" for d in days(5))),
        {},
        refused("the line has 3 cells, the header has 2 (4 more", 2),
    ),  # fmt: skip
    (
        "two currencies",
        six(["$1", "€2", "3", "4", "5", "6"]),
        {},
        refused("currencies differ", 3, "sales", "€2"),
    ),  # fmt: skip
    (
        "percent and no percent",
        six(["1%", "0.02", "3%", "4%", "5%", "6%"]),
        {},
        refused("others have none", 3, "sales", "0.02"),
    ),  # fmt: skip
    (
        "the same day with different values",
        FIVE + "2024-01-03,9\n",
        {},
        refused("already has a row for 2024-01-03 (row 4) with another value", 7, "date"),
    ),  # fmt: skip
    (
        "an hour twice, where clocks go back",
        column(back_hours()),
        {},
        refused("offset", 5, "date"),
    ),  # fmt: skip
    (
        "day/month or month/day",
        column(days(5, form="%d/%m/%Y", freq="MS")),
        {},
        refused("day/month or month/day", 2, "date", "01/01/2024"),
    ),  # fmt: skip
    (
        "a date of another form",
        FIVE.replace("2024-01-03", "3 Jan"),
        {},
        refused("not a timestamp like the others", 4, "date", "3 Jan"),
    ),  # fmt: skip
    (
        "an empty date",
        FIVE.replace("2024-01-03", ""),
        {},
        refused("not a timestamp like the others", 4, "date", ""),
    ),  # fmt: skip
    (
        "a day that does not exist",
        FIVE.replace("2024-01-03", "2024-02-30"),
        {},
        refused("not a timestamp", 4, "date", "2024-02-30"),
    ),  # fmt: skip
    (
        "a line with too many cells",
        FIVE.replace(",3", ",3,3"),
        {},
        refused("the line has 3 cells, the header has 2", 4),
    ),  # fmt: skip
    (
        "a line with too few cells",
        LONG.replace("a,2024-01-03,3", "a,2024-01-03"),
        {},
        refused("the line has 2 cells, the header has 3", 4),
    ),  # fmt: skip
    (
        "a last line that was cut off",
        FIVE + "2024-01-06\n",
        {},
        refused("the line has 1 cells, the header has 2", 7),
    ),  # fmt: skip
    (
        "two columns of one name",
        FIVE.replace("date,sales", "sales,sales"),
        {},
        refused("more than once", 1, "sales", "sales"),
    ),  # fmt: skip
    ("NUL bytes", FIVE.replace(",3", ",\x003"), {}, refused("NUL bytes", 4)),
    ("a picture", b"\x89PNG\r\n\x1a\n" + bytes(range(1, 32)) * 20, {}, refused("not a text file")),
    ("an Excel workbook", zipped(("xl/workbook.xml", "x")), {}, refused("Excel workbook")),
    ("two files in a zip", zipped(("a.csv", FIVE), ("b.csv", FIVE)), {}, refused("2 files")),
    (
        "a gzip file that is cut off",
        gzip.compress(FIVE.encode() * 50)[:60],
        {},
        refused("gzip file is damaged"),
    ),  # fmt: skip
    (
        "a gzip bomb",
        gzip.compress(bytes(3_000_000)),
        {"max_bytes": 1_000_000},
        refused("more than 1,000,000 bytes"),
    ),  # fmt: skip
    (
        "UTF-8 with a damaged byte",
        FIVE.replace("sales", "Umsätze").encode() + b"2024-01-06,\xff\n",
        {},
        refused("UTF-8 but for 1 bytes", 7),
    ),  # fmt: skip
    (
        "a quote that is never closed",
        FIVE.replace(",3", ',"3'),
        {},
        refused("never closed", 4),
    ),  # fmt: skip
    (
        "a quote inside a quoted cell",
        FIVE.replace(",3", ',"3"3"'),
        {},
        refused("inside a quoted cell", 4),
    ),  # fmt: skip
    ("an empty file", "", {}, refused("is empty")),
    ("blank lines alone", "\n\n  \n", {}, refused("is empty")),
    ("a header alone", "date,sales\n", {}, refused("a header (date, sales) and no rows", 1)),
    (
        "no header",
        lines(*FIVE.splitlines()[1:]),
        {},
        refused("The first line is not a header", 1, None, "2024-01-01"),
    ),  # fmt: skip
    ("one row", lines("date,sales", "2024-01-01,5"), {}, refused("at least two")),
    (
        "no numbers",
        lines("date,kind", *(f"{d},x" for d in days(5))),
        {},
        refused("is not a number", 2, "kind", "x"),
    ),  # fmt: skip
    (
        "two columns of time",
        lines("ordered,shipped,units", *(f"{d},{d},1" for d in days(5))),
        {},
        refused("Several columns could be the time: ordered, shipped"),
    ),  # fmt: skip
    (
        "two columns of values",
        lines("id,date,weight,height", *(f"{i},{d},1,2" for i in "ab" for d in days(3))),
        {},
        refused("Several columns could be the target"),
    ),  # fmt: skip
    (
        "series that two columns name",
        lines(
            "store,item,date,sales",
            *(f"{s},{i},{d},1" for s in (1, 2) for i in (1, 2) for d in days(3)),
        ),
        {},
        refused("could together"),
    ),  # fmt: skip
    (
        "an empty name of a series",
        LONG.replace("a,2024-01-02", ",2024-01-02"),
        {},
        refused("names the series is empty", 3, "store", ""),
    ),  # fmt: skip
    ("months of four and five weeks", column(retail()), {}, refused("4-4-5")),
    (
        "seconds of delay",
        column([f"2024-01-01 {h:02}:00:0{h % 3}" for h in range(6)]),
        {},
        refused("--snap"),
    ),  # fmt: skip
    (
        "series of different pace",
        lines(
            "id,date,y", *(f"a,{d},1" for d in days(50)), *(f"b,{d},1" for d in days(7, freq="7D"))
        ),
        {},
        refused("'b'"),
    ),  # fmt: skip
    (
        "series on different weekdays",
        lines(
            "id,date,y",
            *(f"a,{d},1" for d in days(9, freq="7D")),
            *(f"b,{d},1" for d in days(9, "2024-01-03", freq="7D")),
        ),
        {},
        refused("'b'"),
    ),  # fmt: skip
    (
        "days of no pace",
        column(["2024-01-01", "2024-01-02", "2024-01-08", "2024-02-11", "2024-02-13 05:17"]),
        {},
        refused("no regular grid"),
    ),  # fmt: skip
    (
        "a year beyond all",
        FIVE.replace("2024-01-05", "9999-12-31"),
        {},
        refused("outside the years"),
    ),  # fmt: skip
    (
        "an hour twice with the same value",
        column([*back_hours()[:4], *back_hours()[3:]]).replace(",4", ",3"),
        {},
        refused("the same value", 5, "date"),
    ),  # fmt: skip
    (
        "two ways to join two names",
        lines("s,t,date,y", *(f"{p},{d},1" for p in ("a/b,c", "a,b/c") for d in days(3))),
        {"id_col": ["s", "t"]},
        refused("Two series would be called 'a/b/c'", 2, "s"),
    ),  # fmt: skip
    (
        "a thousand that begins with zero",
        six(["1.234.567", "0.500", "3", "4", "5", "6"]),
        {},
        refused("is not a number"),
    ),  # fmt: skip
    (
        "years of two digits first or last",
        column(["24.01.01", "24.01.02", "24.01.03"]),
        {},
        refused("day.month.year or year.month.day", 2, "date"),
    ),  # fmt: skip
    (
        "years of book-keepers",
        column(["2000/01", "2001/02", "2002/03"], "year"),
        {},
        refused("not a timestamp", 2, "year", "2000/01"),
    ),  # fmt: skip
    (
        "a thirteenth period",
        column(["202311", "202312", "202313", "202401"], "period"),
        {},
        refused("not a timestamp like the others", 4, "period", "202313"),
    ),  # fmt: skip
    (
        "a month that is none",
        lines("year,month,sales", "2024,1,1", "2024,2,2", "2024,13,3"),
        {},
        refused("'13' is no month of 2024", 4, "month", "13"),
    ),  # fmt: skip
    (
        "words in the first row",
        lines("Tag,Messwert,Ort", "gestern,neun,Ulm", *(f"{d},2,Ulm" for d in days(4))),
        {},
        refused("'gestern'", 2, "Tag"),
    ),  # fmt: skip
    ("third Fridays", column(days(14, freq="WOM-3FRI")), {}, refused("third Friday")),
    (
        "no time among texts",
        lines("shop,sales", "a,1", "b,2", "c,3"),
        {},
        refused("No column holds timestamps"),
    ),  # fmt: skip
]
