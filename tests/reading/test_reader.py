"""CSV files as series tables: columns, conventions, located errors, round trips."""

from __future__ import annotations

import contextlib
import csv

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forecastkit.errors import DataError, ForecastkitError, OptionError
from forecastkit.reading.check import check_csv
from forecastkit.reading.reader import read_csv

MONTHS = ["2024-01", "2024-02", "2024-03", "2024-04"]


def lines(*rows):
    return "\n".join(rows) + "\n"


SINGLE = lines("month,visits", *(f"{m},{k}" for k, m in enumerate(MONTHS, 10)))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_encodings(encoding, write):
    table = read_csv(write(SINGLE.replace("visits", "Größe"), encoding=encoding))
    assert table["unique_id"].unique().tolist() == ["Größe"]


def test_covariates_are_kept(write):
    text = lines("id,date,y,price,kind", "a,2024-01-01,1,2.5,x", "a,2024-01-02,2,,x")
    table = read_csv(write(text))
    assert list(table.columns) == ["unique_id", "ds", "y", "price", "kind"]
    assert table["price"].tolist()[0] == 2.5
    assert np.isnan(table["price"].tolist()[1])


def test_timestamps_with_offset_are_converted_to_utc(write):
    text = lines("time,y", *(f"2024-03-31T0{h}:00:00+01:00,{h}" for h in range(4)))
    table = read_csv(write(text))
    assert str(table["ds"].dtype).endswith("UTC]")
    assert table["ds"].iloc[1] == pd.Timestamp("2024-03-31T00:00:00Z")


def test_rows_are_numbered_without_a_time_column(write):
    table = read_csv(write(lines("value", "4", "5", "6")))
    assert table["ds"].tolist() == [1, 2, 3]
    assumptions = [note["what"] for note in table.attrs["assumptions"]]
    assert "no time column" in assumptions


# name, text, complete message
REFUSALS = [
    (
        "text in the target column",
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
        "value.\nKeep one of them, or combine them: --aggregate mean (aggregate='mean'; or sum, last, "
        "max); if a column identifies the series, pass it as id_col (--id).",
    ),
    (
        "ambiguous day and month",
        lines("date,y", "01/02/2024,1", "01/03/2024,2"),
        "sales.csv, row 2, column 'date': '01/02/2024' is ambiguous: day/month or month/day; no cell of "
        "the column decides.\nPass date_format (--date-format), for instance %d/%m/%Y or "
        "%m/%d/%Y.",
    ),
    (
        "an invalid date",
        lines("date,y", "2024-01-01,1", "2024-13-01,2", "2024-01-03,2", "2024-01-04,2"),
        "sales.csv, row 3, column 'date': '2024-13-01' does not match the date format of the column "
        "(ISO 8601).\nCorrect the cell or delete the row.",
    ),
    (
        "an ambiguous comma",
        lines("date;y", "2024-01-01;1,234", "2024-01-02;2,345"),
        "sales.csv, row 2, column 'y': '1,234' is ambiguous: decimal comma or thousands separator; "
        "no cell of the column decides.\nPass decimal=',' (--decimal ,) "
        "or thousands=',' (--thousands ,).",
    ),
    ("an empty file", "", "sales.csv: The file is empty.\nAdd a header and rows."),
    (
        "a header only",
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
        "many invalid cells in a column with a common target name",
        lines(
            "date,value,price",
            *(f"2024-01-{d:02d},{'-' if d % 3 else d},{d}" for d in range(1, 10)),
        ),
        "sales.csv, row 2, column 'value': '-' is not a number (5 more: rows 3, 5, ...).\nWrite a "
        "number or leave the cell empty; to treat '-' as missing, pass --na-value '-'.",
    ),
    (
        "an invalid cell in a wide table",
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
        "a year out of range",
        lines("date,y", "2024-01-01,1", "2024-01-02,2", "9999-12-31,3"),
        "sales.csv, row 4, column 'date': The timestamp 9999-12-31 00:00:00 is outside the supported years "
        "1678 to 2261.\nCorrect it, or use integers (for instance years) as timestamps.",
    ),
    (
        "a long line",
        lines("date,y", "2024-01-01,1", "2024-01-02,2,3"),
        "sales.csv, row 3: the line has 3 cells, the header has 2.\nQuote cells that "
        "contain the delimiter, or correct the line.",
    ),
    (
        "an unclosed quote",
        lines("date,y", "2024-01-01,1", '2024-01-02,"2', "2024-01-03,3"),
        "sales.csv, row 3: A quote opened here is never closed.\nClose the quote, or delete it.",
    ),
    (
        "duplicate column names",
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
        "several possible targets",
        lines("id,date,weight,height", "a,2024-01-01,1,2", "b,2024-01-01,1,2"),
        "sales.csv: Several columns could be the target: weight, height.\nChoose one with target_col "
        "(--target), for instance --target weight.",
    ),
]


@pytest.mark.parametrize(
    ("text", "message"),
    [refusal[1:] for refusal in REFUSALS],
    ids=[refusal[0] for refusal in REFUSALS],
)
def test_error_messages_have_a_location(text, message, write):
    with pytest.raises(DataError) as caught:
        read_csv(write(text))
    assert str(caught.value) == message


def test_row_numbers_include_line_breaks_in_quotes(write):
    text = 'id,date,y\n"a\nb",2024-01-01,1\n"a\nb",2024-01-02,oops\n"a\nb",2024-01-03,1\n'
    with pytest.raises(DataError) as caught:
        read_csv(write(text))
    assert caught.value.row == 4


def test_custom_missing_value_code(write):
    text = lines("date,y", "2024-01-01,1", "2024-01-02,n/a", "2024-01-03,3")
    table = read_csv(write(text), na_value="n/a")
    assert np.isnan(table["y"].iloc[1])


def test_unknown_columns_get_a_hint(write):
    with pytest.raises(OptionError, match=r"no column 'visit'.*\nDid you mean --target visits"):
        read_csv(write(SINGLE), target_col="visit")


def test_row_numbers_include_leading_blank_lines(write):
    with pytest.raises(DataError) as caught:
        read_csv(write("\n\n" + lines("date,y", "2024-01-01,1", "2024-01-02,x", "2024-01-03,2")))
    assert caught.value.row == 5


def test_covariates_with_reserved_names_are_renamed(write):
    text = lines("date,product,sales,y", "2024-01-01,a,1,9", "2024-01-02,a,2,9")
    table = read_csv(write(text), target_col="sales")
    assert table["y"].tolist() == [1, 2]
    assert table["y_"].tolist() == [9, 9]


def test_a_column_of_comments_is_not_an_id_column(write):
    text = lines("date,y,comment", "2024-01-01,1,", "2024-01-02,2,", "2024-01-02,3,corrected")
    with pytest.raises(DataError, match="already has a row"):
        read_csv(write(text))


values = st.floats(-1e12, 1e12, allow_nan=False) | st.just(float("nan"))


@given(
    st.lists(values, min_size=3, max_size=20).filter(lambda y: np.isfinite(y).any()),
    st.sampled_from(["D", "MS", "W-WED", "h", "QE"]),
    st.sampled_from([",", ";", "\t", "|"]),
    st.integers(1, 3),
)
@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_round_trip_of_series_tables(tmp_path, y, freq, delimiter, n_series):
    days = pd.date_range("2023-02-01", periods=len(y), freq=freq)
    parts = [pd.DataFrame({"unique_id": f"s{k}", "ds": days, "y": y}) for k in range(n_series)]
    table = pd.concat(parts, ignore_index=True)
    table.to_csv(tmp_path / "t.csv", index=False, sep=delimiter)
    back = read_csv(tmp_path / "t.csv")
    np.testing.assert_array_equal(back["y"], table["y"])
    assert (back["ds"].to_numpy() == table["ds"].to_numpy()).all()
    assert back["unique_id"].tolist() == table["unique_id"].tolist()


# ids without control characters, surrounding spaces or a leading # (a comment)
ids = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=8
).filter(lambda text: text.strip() == text and text[0] != "#")
dialects = st.fixed_dictionaries(
    {
        "sep": st.sampled_from([",", ";", "\t", "|"]),
        "decimal": st.sampled_from([".", ","]),
        "lineterminator": st.sampled_from(["\n", "\r\n"]),
        "quoting": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
        "encoding": st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
        "date_format": st.sampled_from(["%Y-%m-%d", "%d.%m.%Y", "%Y/%m/%d", "%d %b %Y"]),
    }
)


@given(
    st.lists(ids, min_size=1, max_size=4, unique=True),
    st.lists(st.floats(-1e9, 1e9), min_size=5, max_size=15),
    dialects,
    st.sampled_from(["D", "W-MON", "MS", "B"]),
)
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_round_trip_in_any_dialect(tmp_path, ids, values, dialect, freq):
    timestamps = pd.date_range("2023-02-27", periods=len(values), freq=freq)
    parts = [
        pd.DataFrame({"series": name, "date": timestamps, "value": np.roll(values, k)})
        for k, name in enumerate(ids)
    ]
    table = pd.concat(parts, ignore_index=True)
    table.to_csv(tmp_path / "t.csv", index=False, **dialect)
    problems = check_csv(tmp_path / "t.csv", id_col="series")["problems"]
    # if every number is like "1,234", the decimal mark must be specified
    assert all("is ambiguous: decimal" in problem["message"] for problem in problems)
    decimal = dialect["decimal"] if problems else None
    back = read_csv(tmp_path / "t.csv", id_col="series", decimal=decimal)
    expected = table.sort_values(["series", "date"], kind="stable")
    assert back["unique_id"].tolist() == expected["series"].tolist()
    assert (back["ds"].to_numpy() == expected["date"].to_numpy()).all()
    np.testing.assert_array_equal(back["y"], expected["value"])


@given(st.integers(0, 2**32), st.integers(1, 8))
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_damaged_bytes_are_read_or_refused(tmp_path, seed, n_flips):
    rng = np.random.default_rng(seed)
    data = bytearray(SINGLE.encode())
    for position in rng.integers(0, len(data), n_flips):
        data[position] = rng.integers(0, 256)
    (tmp_path / "damaged.csv").write_bytes(bytes(data))
    with contextlib.suppress(ForecastkitError):
        assert read_csv(tmp_path / "damaged.csv")["y"].notna().any()
