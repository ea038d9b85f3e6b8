"""Reading CSV files: layouts, conventions, and errors with their place."""

from __future__ import annotations

import contextlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forecastkit.errors import DataError, ForecastkitError, OptionError, UnknownFileError
from forecastkit.reading.check import check_csv
from forecastkit.reading.reader import read_csv

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
        "names of another tool",
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
        "thousands",
        lines("date,value", '2024-01-01,"1,000.5"', '2024-01-02,"2,000"'),
        ["value"],
        3000.5,
        "2024-01-01",
        "2024-01-02",
        "D",
    ),
    (
        "day first, decided by the 31st",
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
        "one absent day",
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
        "the same row twice",
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
    [f[1:] for f in FILES],
    ids=[f[0] for f in FILES],
)
def test_files_that_people_have(text, ids, total, start, end, freq, write):
    report = check_csv(write(text))
    assert report["problems"] == []
    assert report["ids"] == ids
    assert report["total"] == pytest.approx(total)
    assert (report["start"][:10], report["end"][:10]) == (start, end)
    assert report["freq"] == freq


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_encodings(encoding, write):
    table = read_csv(write(SINGLE.replace("visits", "Größe"), encoding=encoding))
    assert table["unique_id"].unique().tolist() == ["Größe"]


def test_covariates_come_along(write):
    text = lines("id,date,y,price,kind", "a,2024-01-01,1,2.5,x", "a,2024-01-02,2,,x")
    table = read_csv(write(text))
    assert list(table.columns) == ["unique_id", "ds", "y", "price", "kind"]
    assert table["price"].tolist()[0] == 2.5
    assert np.isnan(table["price"].tolist()[1])


def test_offsets_are_kept_as_utc(write):
    text = lines("time,y", *(f"2024-03-31T0{h}:00:00+01:00,{h}" for h in range(4)))
    table = read_csv(write(text))
    assert str(table["ds"].dtype).endswith("UTC]")
    assert table["ds"].iloc[1] == pd.Timestamp("2024-03-31T00:00:00Z")


def test_without_a_calendar_the_rows_count(write):
    table = read_csv(write(lines("value", "4", "5", "6")))
    assert table["ds"].tolist() == [1, 2, 3]
    said = [note["what"] for note in table.attrs["assumptions"]]
    assert "no time column" in said


@pytest.mark.parametrize(
    ("fill", "expected"),
    [
        ("none", [1, 4, np.nan, 8]),
        ("zero", [1, 0, 4, 0, 8]),
        ("previous", [1, 1, 4, 4, 8]),
        ("linear", [1, 2.5, 4, 6, 8]),
    ],
)
def test_absent_periods_by_rule(fill, expected, write):
    text = lines("date,y", "2024-01-01,1", "2024-01-03,4", "2024-01-04,", "2024-01-05,8")
    np.testing.assert_array_equal(read_csv(write(text), fill=fill)["y"], expected)


def test_absent_periods_as_an_error(write):
    text = lines("date,y", "2024-01-01,1", "2024-01-02,2", "2024-01-04,4")
    with pytest.raises(DataError, match=r"1 of 4 periods has no value.*2024-01-03 of series 'y'"):
        read_csv(write(text), fill="error")


# what is wrong, the text, the whole message
REFUSALS = [
    (
        "text in the value column",
        lines("date,y", "2024-01-01,1", "2024-01-02,n/a", "2024-01-03,n/a", "2024-01-04,3"),
        "sales.csv, row 3, column 'y': 'n/a' is not a number (1 more: row 4).\n"
        "Write a number or leave the cell empty; to treat 'n/a' as missing, pass --na-value n/a.",
    ),
    (
        "infinity",
        lines("date,y", "2024-01-01,1", "2024-01-02,1e309", "2024-01-03,3"),
        "sales.csv, row 3, column 'y': '1e309' is not a finite number.\n"
        "Write a number or leave the cell empty; to treat '1e309' as missing, pass --na-value "
        "1e309.",
    ),
    (
        "two values for one timestamp",
        lines("id,date,y", "a,2024-01-01,1", "a,2024-01-02,2", "a,2024-01-02,3"),
        "sales.csv, row 4, column 'date': series 'a' already has a row for 2024-01-02 (row 3) with a different "
        "value.\nKeep one of them, or aggregate them before forecasting; if a column identifies the "
        "series, pass it as id_col (--id).",
    ),
    (
        "day and month open",
        lines("date,y", "01/02/2024,1", "01/03/2024,2"),
        "sales.csv, row 2, column 'date': '01/02/2024' is ambiguous: day/month or month/day; no cell of "
        "the column decides.\nPass date_format (--date-format), for instance %d/%m/%Y or "
        "%m/%d/%Y.",
    ),
    (
        "one bad date",
        lines("date,y", "2024-01-01,1", "2024-13-01,2", "2024-01-03,2", "2024-01-04,2"),
        "sales.csv, row 3, column 'date': '2024-13-01' does not match the date format of the column "
        "(ISO 8601).\nCorrect the cell or delete the row.",
    ),
    (
        "decimal comma or thousands",
        lines("date;y", "2024-01-01;1,234", "2024-01-02;2,345"),
        "sales.csv, row 2, column 'y': '1,234' is ambiguous: decimal comma or thousands separator; "
        "no cell of the column decides.\nPass decimal=',' (--decimal ,) "
        "or thousands=',' (--thousands ,).",
    ),
    ("an empty file", "", "sales.csv: The file is empty.\nAdd a header and rows."),
    (
        "a header alone",
        "date,y\n",
        "sales.csv, row 1: The file has a header (date, y) but no rows.\nAdd rows below the "
        "header.",
    ),
    (
        "a short line",
        lines("date,y,z", "2024-01-01,1,2", "2024-01-02", "2024-01-03,2,3"),
        "sales.csv, row 3: the line has 1 cell, the header has 3.\nAdd the missing cells; empty "
        "ones need their delimiter, too.",
    ),
    (
        "no header",
        lines("2024-01-01,1", "2024-01-02,2"),
        "sales.csv, row 1: The first line is not a header: '2024-01-01' is a timestamp.\nAdd a "
        "line with the column names above it.",
    ),
    (
        "an empty id",
        lines("id,date,y", "a,2024-01-01,1", ",2024-01-01,1", "a,2024-01-02,1"),
        "sales.csv, row 3, column 'id': the series identifier is empty.\nWrite the name of "
        "the series, or delete the row.",
    ),
    (
        "many bad cells in the named target",
        lines(
            "date,value,price",
            *(f"2024-01-{d:02d},{'-' if d % 3 else d},{d}" for d in range(1, 10)),
        ),
        "sales.csv, row 2, column 'value': '-' is not a number (5 more: rows 3, 5, ...).\nWrite a "
        "number or leave the cell empty; to treat '-' as missing, pass --na-value '-'.",
    ),
    (
        "bad cells in one series of many",
        lines("date,a,b", *(f"2024-01-{d:02d},{d},{'x' if d == 4 else d}" for d in range(1, 10))),
        "sales.csv, row 5, column 'b': 'x' is not a number.\nWrite a number or leave the cell "
        "empty; to treat 'x' as missing, pass --na-value x.",
    ),
    (
        "one row at noon",
        lines(
            "date,y", *(f"2024-01-{d:02d} {'12' if d == 30 else '00'}:00,{d}" for d in range(1, 31))
        ),
        "sales.csv, row 31, column 'date': The timestamps are irregular: the most frequent interval is 1 day, "
        "but 2024-01-30 12:00:00 is not a whole number of intervals from 2024-01-01 00:00:00 (1 of "
        "30 rows).\nAggregate to regular periods first, or set the frequency with freq (--freq).",
    ),
    (
        "a year that is no year",
        lines("date,y", "2024-01-01,1", "2024-01-02,2", "9999-12-31,3"),
        "sales.csv, row 4, column 'date': The timestamp 9999-12-31 00:00:00 is outside the supported years "
        "1678 to 2261.\nCorrect it, or use integers (for instance years) as timestamps.",
    ),
    (
        "a ragged line",
        lines("date,y", "2024-01-01,1", "2024-01-02,2,3"),
        "sales.csv, row 3: the line has 3 cells, the header has 2.\nQuote cells that "
        "contain the delimiter, or correct the line.",
    ),
    (
        "an open quote",
        lines("date,y", "2024-01-01,1", '2024-01-02,"2', "2024-01-03,3"),
        "sales.csv, row 3: A quote opened here is never closed.\nClose the quote, or delete it.",
    ),
    (
        "a column twice",
        lines("date,y,y", "2024-01-01,1,2"),
        "sales.csv, row 1, column 'y': The header contains the column 'y' more than once.\nGive each "
        "column its own name.",
    ),
    (
        "NUL bytes",
        "date,y\n2024-01-01,\x001\n",
        "sales.csv, row 2: The file contains NUL bytes: it is not a text file.\nExport it "
        "as CSV (text) from the program that created it.",
    ),
    (
        "several targets",
        lines("id,date,weight,height", "a,2024-01-01,1,2", "b,2024-01-01,1,2"),
        "sales.csv: Several columns could be the target: weight, height.\nChoose one with target_col "
        "(--target), for instance --target weight.",
    ),
]


@pytest.mark.parametrize(
    ("text", "message"), [r[1:] for r in REFUSALS], ids=[r[0] for r in REFUSALS]
)
def test_what_is_refused_is_said_with_its_place(text, message, write):
    with pytest.raises(DataError) as caught:
        read_csv(write(text))
    assert str(caught.value) == message


def test_row_numbers_count_line_breaks_in_quotes(write):
    text = 'id,date,y\n"a\nb",2024-01-01,1\n"a\nb",2024-01-02,oops\n"a\nb",2024-01-03,1\n'
    with pytest.raises(DataError) as caught:
        read_csv(write(text))
    assert caught.value.row == 4


def test_a_word_for_missing_can_be_named(write):
    text = lines("date,y", "2024-01-01,1", "2024-01-02,n/a", "2024-01-03,3")
    table = read_csv(write(text), na_value="n/a")
    assert np.isnan(table["y"].iloc[1])


def test_an_unknown_column_gets_a_hint(write):
    with pytest.raises(OptionError, match=r"no column 'visit'.*\nDid you mean --target visits"):
        read_csv(write(SINGLE), target_col="visit")


def test_leading_blank_lines_are_passed_over(write):
    with pytest.raises(DataError) as caught:
        read_csv(write("\n\n" + lines("date,y", "2024-01-01,1", "2024-01-02,x", "2024-01-03,2")))
    assert caught.value.row == 5


def test_covariates_do_not_overwrite_the_columns_of_the_table(write):
    text = lines("date,product,sales,y", "2024-01-01,a,1,9", "2024-01-02,a,2,9")
    table = read_csv(write(text), target_col="sales")
    assert table["y"].tolist() == [1, 2]
    assert table["y_"].tolist() == [9, 9]


def test_a_comment_does_not_name_a_series(write):
    text = lines("date,y,comment", "2024-01-01,1,", "2024-01-02,2,", "2024-01-02,3,corrected")
    with pytest.raises(DataError, match="already has a row"):
        read_csv(write(text))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"delimiter": "||"}, "not a single character"),
        ({"date_format": "%Q"}, "not a strptime format"),
        ({"fill": "zeros"}, "no fill rule 'zeros'"),
        ({"freq": "-1D"}, "not a positive step"),
    ],
)
def test_wrong_arguments(options, said, write):
    with pytest.raises(OptionError, match=said):
        read_csv(write(SINGLE), **options)


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(UnknownFileError, match="no file"):
        read_csv(tmp_path / "nothing.csv")
    with pytest.raises(UnknownFileError, match="is a folder"):
        read_csv(tmp_path)


values = st.floats(-1e12, 1e12, allow_nan=False) | st.just(float("nan"))


@given(
    st.lists(values, min_size=3, max_size=20).filter(lambda v: np.isfinite(v).any()),
    st.sampled_from(["D", "MS", "W-WED", "h", "QE"]),
    st.sampled_from([",", ";", "\t", "|"]),
    st.integers(1, 3),
)
@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_table_that_is_written_is_read_back(tmp_path, y, freq, delimiter, n_series):
    days = pd.date_range("2023-02-01", periods=len(y), freq=freq)
    parts = [pd.DataFrame({"unique_id": f"s{k}", "ds": days, "y": y}) for k in range(n_series)]
    table = pd.concat(parts, ignore_index=True)
    table.to_csv(tmp_path / "t.csv", index=False, sep=delimiter)
    back = read_csv(tmp_path / "t.csv")
    np.testing.assert_array_equal(back["y"], table["y"])
    assert (back["ds"].to_numpy() == table["ds"].to_numpy()).all()
    assert back["unique_id"].tolist() == table["unique_id"].tolist()


@given(st.integers(0, 2**32), st.integers(1, 8))
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_damaged_bytes_give_an_answer_or_a_located_error(tmp_path, seed, n_flips):
    rng = np.random.default_rng(seed)
    data = bytearray(SINGLE.encode())
    for place in rng.integers(0, len(data), n_flips):
        data[place] = rng.integers(0, 256)
    (tmp_path / "damaged.csv").write_bytes(bytes(data))
    with contextlib.suppress(ForecastkitError):
        assert read_csv(tmp_path / "damaged.csv")["y"].notna().any()
