"""Files as people have them: what is read from each, or how it is refused."""

from __future__ import annotations

import contextlib
import csv
import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from forecastkit.cli.app import main
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reading.files import ACCEPTED, REFUSED

from forecastkit.errors import DataError, ForecastkitError
from forecastkit.reading import bulk, reader
from forecastkit.reading.bulk import read_bulk
from forecastkit.reading.check import check_csv
from forecastkit.reading.reader import read_csv, read_parquet
from forecastkit.tables.writing import write_csv


def written(tmp_path, file):
    path = tmp_path / "odd.csv"
    path.write_bytes(file if isinstance(file, bytes) else file.encode())
    return path


@pytest.fixture(params=["python", "pyarrow"])
def string_storage(request):
    """Text columns as pandas stores them without pyarrow, and with it."""
    with pd.option_context("mode.string_storage", request.param):
        yield


def date_of(timestamp):
    """A timestamp as text, midnight as the date alone."""
    return str(timestamp).removesuffix("T00:00:00")


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case.name)
def test_accepted_files(case, tmp_path, string_storage):
    report = check_csv(written(tmp_path, case.file), **case.options)
    expected = case.report
    assert report["problems"] == []
    assert (report["rows"], report["freq"]) == (expected.rows, expected.freq)
    assert (report["series"], report["ids"]) == (len(expected.ids), list(expected.ids))
    assert (report["total"], report["missing"]) == (
        pytest.approx(expected.total),
        expected.missing,
    )
    assert (date_of(report["start"]), date_of(report["end"])) == (
        str(expected.start),
        str(expected.end),
    )
    assumptions = "; ".join(f"{one['what']}: {one['why']}" for one in report["assumptions"])
    assert expected.assumption in assumptions


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_refused_files(case, tmp_path, string_storage):
    with pytest.raises(DataError) as caught:
        read_csv(written(tmp_path, case.file), **case.options)
    error = caught.value
    assert case.message in str(error)
    assert error.fix
    assert error.file == "odd.csv"
    for name in ("row", "column", "value"):
        expected = getattr(case, name)
        if expected is not None:
            assert getattr(error, name) == expected, name


def test_all_errors_are_reported_at_once(tmp_path):
    text = (
        "date,a,b\n2024-01-01,1,1\n2024-01-02,x,2\n2024-13-01,3,3\n2024-01-04,4,y\n2024-01-05,5,5\n"
    )
    problems = check_csv(written(tmp_path, text), target_col=["a", "b"])["problems"]
    assert [(one["row"], one["column"], one["value"]) for one in problems] == [
        (4, "date", "2024-13-01"),
        (3, "a", "x"),
        (5, "b", "y"),
    ]


def test_standard_input_is_read(tmp_path):
    text = "date,sales\n2024-01-01,1\n2024-01-02,2\n2024-01-03,3\n"
    result = CliRunner().invoke(main, ["check", "-", "--json"], input=text)
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert (report["file"], report["total"]) == ("standard input", 6)


def test_parquet_files(tmp_path):
    pytest.importorskip("pyarrow")
    hours = pd.date_range("2024-10-26", periods=60, freq="h", tz="Europe/Berlin")
    frame = pd.DataFrame({"id": "007", "time": hours, "load": 0.1 + pd.RangeIndex(60), "hot": True})
    path = tmp_path / "load.parquet"
    frame.to_parquet(path)
    for table in (read_csv(path), read_parquet(path, target_col="load")):
        assert table["unique_id"].unique().tolist() == ["007"]
        assert str(table["ds"].dtype.tz) == "Europe/Berlin"  # both repeated hours are kept
        assert (table["y"].to_numpy() == frame["load"].to_numpy()).all()
    report = check_csv(path)
    assert (report["freq"], report["missing"]) == ("h", 0)
    frame.assign(load=frame["load"].where(frame.index != 7)).set_index("time").to_parquet(path)
    assert read_csv(path)["y"].isna().sum() == 1
    path.write_bytes(path.read_bytes()[:-40] + b"PAR1")
    with pytest.raises(DataError, match="Parquet file is damaged"):
        read_csv(path)


def test_a_file_that_changes_while_it_is_read(tmp_path, monkeypatch):
    path = written(tmp_path, "date,sales\n2024-01-01,1\n2024-01-02,2\n")
    original = type(path).stat
    calls = []

    def stat(self, **options):
        calls.append(self)
        if len(calls) == 3:  # stat is called for the type, the size before and the size after
            with path.open("a") as file:
                file.write("2024-01-03,3\n")
        return original(self, **options)

    monkeypatch.setattr(type(path), "stat", stat)
    with pytest.raises(DataError, match="changed while it was being read"):
        read_csv(path)


@pytest.mark.parametrize("parser", ["pandas", "pyarrow"])
@pytest.mark.parametrize("shape", ["long", "wide", "covariates", "unsorted", "gaps"])
def test_fast_path_matches_general_reader(shape, parser, tmp_path, monkeypatch):
    if parser == "pyarrow":
        pytest.importorskip("pyarrow")
    else:
        monkeypatch.setattr(bulk, "find_spec", lambda name: None)
    path = tmp_path / "panel.csv"
    frame = panel(shape)
    frame.to_csv(path, index=False)
    general = read_csv(path)
    calls = []

    def always_fast(source, how, covariates):
        calls.append(read_bulk(source, how, covariates, large=0))
        return calls[-1]

    monkeypatch.setattr(reader, "read_bulk", always_fast)
    fast = read_csv(path)
    assert calls[0] is not None
    pd.testing.assert_frame_equal(fast, general)
    assert fast.attrs == general.attrs


def panel(shape):
    """30 series of 40 days, before writing to a file."""
    rng = np.random.default_rng(4)
    timestamps = pd.date_range("2024-01-01", periods=40)
    if shape == "wide":
        return pd.DataFrame(rng.random((40, 30)), columns=[f"s{k}" for k in range(30)]).assign(
            date=timestamps
        )
    ids = np.repeat([f"{k:03}" for k in range(30)], 40)
    frame = pd.DataFrame({"id": ids, "date": np.tile(timestamps, 30), "y": rng.random(1200)})
    if shape == "covariates":
        frame["price"] = np.round(rng.random(1200), 2)
        frame["kind"] = np.where(rng.random(1200) < 0.5, "a", "b")
    if shape == "unsorted":
        frame = frame.sample(frac=1.0, random_state=1)
    if shape == "gaps":
        frame.loc[rng.random(1200) < 0.1, "y"] = np.nan
        frame = frame[rng.random(1200) > 0.1]
    return frame


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", ",1\n", 700).replace(
            ",1\n", "\n", 699
        ),  # a line that is too long
        lambda text: text[: text.rindex(",")] + "\n",  # a line that is too short
        lambda text: text + "030,2024-01-01,inf\n",
        lambda text: text + "030,2024-01-01,Nan\n",
        lambda text: text + "030,2024-01-01,word\n",
        lambda text: text + "030,2024-99-01,1\n",
        lambda text: text + "\n\n,2024-01-01,1\n",
        lambda text: text + '030,2024-01-01,"1\n',
        lambda text: text + "000,2024-01-01,77\n",
    ],
)
def test_errors_far_down_the_file_name_their_row(change, tmp_path, monkeypatch):
    path = tmp_path / "panel.csv"
    path.write_text(change(panel("long").to_csv(index=False)))
    with pytest.raises(DataError) as general:
        read_csv(path)
    monkeypatch.setattr(reader, "read_bulk", lambda *args: read_bulk(*args, large=0))
    with pytest.raises(DataError) as fast:
        read_csv(path)
    assert str(fast.value) == str(general.value)
    assert fast.value.row


# ids that survive a CSV file: no control characters, no blanks around, no leading # (a comment)
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
def test_a_table_in_any_dialect_is_the_same_table(tmp_path, ids, values, dialect, freq):
    timestamps = pd.date_range("2023-02-27", periods=len(values), freq=freq)
    parts = [
        pd.DataFrame({"series": name, "date": timestamps, "value": np.roll(values, k)})
        for k, name in enumerate(ids)
    ]
    table = pd.concat(parts, ignore_index=True)
    table.to_csv(tmp_path / "t.csv", index=False, **dialect)
    problems = check_csv(tmp_path / "t.csv", id_col="series")["problems"]
    # where every number is like "1,234", the reader asks for the decimal mark
    assert all("is ambiguous: decimal" in one["message"] for one in problems)
    decimal = dialect["decimal"] if problems else None
    back = read_csv(tmp_path / "t.csv", id_col="series", decimal=decimal)
    expected = table.sort_values(["series", "date"], kind="stable")
    assert back["unique_id"].tolist() == expected["series"].tolist()
    assert (back["ds"].to_numpy() == expected["date"].to_numpy()).all()
    np.testing.assert_array_equal(back["y"], expected["value"])


@given(st.integers(0, 2**32), st.integers(1, 6), st.sampled_from(ACCEPTED))
@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_damaged_files_are_read_or_refused(tmp_path, seed, n_flips, case):
    rng = np.random.default_rng(seed)
    data = bytearray(case.file if isinstance(case.file, bytes) else case.file.encode())
    for position in rng.integers(0, len(data), n_flips):
        data[position] = rng.integers(0, 256)
    path = tmp_path / "damaged.csv"
    path.write_bytes(bytes(data[: rng.integers(1, len(data) + 1)] if seed % 3 == 0 else data))
    with contextlib.suppress(ForecastkitError):
        assert read_csv(path, **case.options)["y"].notna().any()


def test_spreadsheet_formulas_are_escaped_on_request(tmp_path):
    table = pd.DataFrame({"unique_id": ["=1+1", "+x", "@y", "plain", "-z"], "LSTM": [-5.0] * 5})
    write_csv(table, tmp_path / "plain.csv")
    write_csv(table, tmp_path / "safe.csv", spreadsheet_safe=True)
    plain, safe = (pd.read_csv(tmp_path / f"{name}.csv") for name in ("plain", "safe"))
    assert plain["unique_id"].tolist() == table["unique_id"].tolist()
    assert safe["unique_id"].tolist() == ["'=1+1", "'+x", "'@y", "plain", "'-z"]
    assert safe["LSTM"].tolist() == table["LSTM"].tolist()
