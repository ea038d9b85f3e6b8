"""What commands write: never over an input, in the format of the ending, in the file's own terms."""

from __future__ import annotations

import io
import json
import os

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from forecastkit.cli.app import main

import forecastkit as fk


def run(*args):
    return CliRunner().invoke(main, [str(arg) for arg in args])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("out puts")
    fk.datasets.write("air_passengers", folder / "air.csv")
    done = run("fit", folder / "air.csv", "--output", folder / "m.safetensors",
               "--preset", "instant", "-H", 4, "--quiet")  # fmt: skip
    assert done.exit_code == 0, done.output
    return folder


@pytest.mark.parametrize(
    "args",
    [
        ("fit", "air.csv", "--output", "air.csv"),
        ("fit", "air.csv", "--output", "symbolic.csv"),
        ("fit", "air.csv", "--output", "hard.csv"),
        ("fit", "air.csv", "--events", "fair.csv", "--output", "fair.csv"),
        ("fit", "air.csv", "--output", "x.png", "--plot", "x.png"),
        ("backtest", "air.csv", "--output", "air.csv"),
        ("predict", "m.safetensors", "air.csv", "--output", "air.csv"),
        ("predict", "m.safetensors", "--output", "m.safetensors"),
        ("predict", "m.safetensors", "--future", "fair.csv", "--output", "fair.csv"),
        ("predict", "m.safetensors", "air.csv", "--make-future", "air.csv"),
    ],
)
def test_an_input_is_never_overwritten(args, folder, monkeypatch):
    monkeypatch.chdir(folder)
    (folder / "fair.csv").write_text("date,event\n1950-05-01,fair\n")
    for name, make in (("symbolic.csv", os.symlink), ("hard.csv", os.link)):
        (folder / name).unlink(missing_ok=True)
        make(folder / "air.csv", folder / name)
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    done = run(*args)
    assert done.exit_code == 2, done.output
    assert "same file" in done.stderr
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before


def test_formats_by_their_ending(folder):
    want = run("predict", folder / "m.safetensors").stdout
    table = pd.read_csv(io.StringIO(want), parse_dates=["month"])
    readers = {
        "csv": lambda path: pd.read_csv(path, parse_dates=["month"]),
        "tsv": lambda path: pd.read_csv(path, sep="\t", parse_dates=["month"]),
        "csv.gz": lambda path: pd.read_csv(path, compression="gzip", parse_dates=["month"]),
        "parquet": pd.read_parquet,
        "xlsx": pd.read_excel,
        "json": lambda path: pd.DataFrame(json.loads(path.read_text())).astype(
            {"month": "datetime64[us]"}
        ),
    }
    for ending, read in readers.items():
        path = folder / f"f.{ending}"
        assert run("predict", folder / "m.safetensors", "--output", path).exit_code == 0
        pd.testing.assert_frame_equal(read(path), table, check_dtype=False)


def test_other_endings_are_refused_before_any_work(folder):
    done = run("predict", folder / "m.safetensors", "--output", folder / "f.docx")
    assert done.exit_code == 2
    assert "'.docx', which is not a supported output format" in done.stderr
    assert not (folder / "f.docx").exists()


def test_a_package_that_is_missing_is_named(folder, monkeypatch):
    import importlib.util

    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: None if name == "openpyxl" else found(name)
    )
    done = run("predict", folder / "m.safetensors", "--output", folder / "g.xlsx")
    assert done.exit_code == 3
    assert "pip install 'forecastkit[excel]'" in done.stderr
    assert not (folder / "g.xlsx").exists()


def test_the_files_own_columns(folder):
    lines = run("predict", folder / "m.safetensors").stdout.splitlines()
    assert lines[0] == "month,Auto,Auto-lo-80,Auto-hi-80,Auto-lo-95,Auto-hi-95"
    assert lines[1].startswith("1961-01-01,4")
    assert "." not in lines[1]  # whole numbers in, whole numbers out
    standard = run("predict", folder / "m.safetensors", "--columns", "standard").stdout
    assert standard.startswith("unique_id,ds,Auto,")


def daily(path, **columns):
    days = pd.date_range("2024-01-01", periods=40)
    table = pd.DataFrame({"day": days.strftime("%Y-%m-%d")} | columns)
    table.to_csv(path, index=False)
    return path


def predicted(path, *options):
    model = path.with_suffix(".model")
    done = run("fit", path, "--output", model, "--preset", "instant", "-H", 3, "--quiet", *options)
    assert done.exit_code == 0, done.output
    done = run("predict", model)
    assert done.exit_code == 0, done.output
    return pd.read_csv(io.StringIO(done.stdout))


def test_numbers_have_two_decimals_more_than_the_data(tmp_path, rng):
    prices = np.round(50 + rng.normal(0, 3, 40).cumsum(), 2)
    found = predicted(daily(tmp_path / "p.csv", price=prices))
    text = found["Auto"].astype(str)
    assert (text.str.split(".").str[1].str.len() <= 4).all()


def test_two_id_columns_come_back_as_two(tmp_path, rng):
    parts = []
    for shop in ("north", "south"):
        for item in ("tea", "milk"):
            days = pd.date_range("2024-01-01", periods=30).strftime("%d.%m.%Y")
            parts.append(pd.DataFrame({"Datum": days, "shop": shop, "item": item,
                                       "units": rng.poisson(20, 30)}))  # fmt: skip
    pd.concat(parts).to_csv(tmp_path / "s.csv", index=False)
    found = predicted(tmp_path / "s.csv", "--id", "shop", "--id", "item", "--target", "units")
    assert list(found.columns[:3]) == ["shop", "item", "Datum"]
    assert set(zip(found["shop"], found["item"], strict=True)) == {
        *(("north", "tea"), ("north", "milk"), ("south", "tea"), ("south", "milk"))
    }


def test_columns_side_by_side_keep_their_names_apart(tmp_path, rng):
    path = daily(tmp_path / "w.csv", a=rng.normal(5, 1, 40), b=rng.normal(9, 1, 40))
    assert list(predicted(path).columns[:2]) == ["unique_id", "day"]


def test_a_name_that_would_be_there_twice_leaves_the_standard_ones(tmp_path, rng):
    path = daily(tmp_path / "t.csv", y=rng.normal(5, 1, 40))
    table = pd.read_csv(path).rename(columns={"day": "Auto"})
    table.to_csv(path, index=False)
    assert list(predicted(path, "--time", "Auto").columns[:3]) == ["unique_id", "ds", "Auto"]


@pytest.mark.parametrize("offset", ["+02:00", "-0330", "+01"])
def test_the_offset_of_the_file_comes_back(offset, tmp_path, rng):
    hours = pd.date_range("2024-05-01", periods=72, freq="h").strftime(f"%Y-%m-%dT%H:%M{offset}")
    pd.DataFrame({"t": hours, "v": rng.normal(5, 1, 72)}).to_csv(tmp_path / "z.csv", index=False)
    found = predicted(tmp_path / "z.csv")
    shown = {"+02:00": "+02:00", "-0330": "-03:30", "+01": "+01:00"}[offset]
    assert found["t"].iloc[0] == f"2024-05-04 00:00:00{shown}"


def test_a_plot_needs_no_future_and_the_hints_can_be_pasted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fk.datasets.write("sales", "my sales.csv")
    done = run("fit", "my sales.csv", "--future-exog", "price,promo", "--preset", "instant",
               "--plot", "p.png", "--output", "my model", "--no-ablation")  # fmt: skip
    assert done.exit_code == 0, done.output
    assert (tmp_path / "p.png").read_bytes()[:4] == b"\x89PNG"
    hints = [line.split(": ", 1)[1] for line in done.stderr.splitlines() if " predict " in line]
    assert len(hints) == 2
    import shlex

    first, second = (shlex.split(hint)[1:] for hint in hints)
    assert run(*first).exit_code == 0
    rows = pd.read_csv("future.csv")
    assert list(rows.columns) == ["product", "date", "price", "promo"]
    rows.assign(price=4.0, promo=0).to_csv("future.csv", index=False)
    done = run(*second)
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("product,date,Auto,")


def test_a_backtest_is_written_in_the_files_terms(folder):
    done = run("backtest", folder / "air.csv", "--n-windows", 1, "-H", 3, "--preset", "instant",
               "--output", folder / "cv.json")  # fmt: skip
    assert done.exit_code == 0, done.output
    row = json.loads((folder / "cv.json").read_text())[0]
    assert list(row)[:3] == ["month", "cutoff", "y"]


def test_workbooks_hold_texts_as_texts(tmp_path):
    from forecastkit.tables.writing import write_table

    write_table(pd.DataFrame({"id": ["=1+1", "@x"], "v": [1.5, None]}), tmp_path / "w.xlsx")
    from openpyxl import load_workbook

    cells = load_workbook(tmp_path / "w.xlsx").active
    assert (cells["A2"].data_type, cells["A2"].value) == ("s", "=1+1")


def test_inspect_plots_something_without_covariates(folder):
    done = run("inspect", folder / "m.safetensors", "--plot", folder / "i.png")
    assert done.exit_code == 0, done.output
    assert (folder / "i.png").stat().st_size > 10_000
