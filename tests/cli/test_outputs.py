"""Output of the commands: formats, the column names of the file, inputs never overwritten."""

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
    result = run("fit", folder / "air.csv", "--output", folder / "m.safetensors",
                 "--preset", "instant", "-H", 4, "--quiet")  # fmt: skip
    assert result.exit_code == 0, result.output
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
    for name, link in (("symbolic.csv", os.symlink), ("hard.csv", os.link)):
        (folder / name).unlink(missing_ok=True)
        link(folder / "air.csv", folder / name)
    contents = {path.name: path.read_bytes() for path in folder.iterdir()}
    result = run(*args)
    assert result.exit_code == 2, result.output
    assert "same file" in result.stderr
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == contents


def test_the_file_extension_sets_the_format(folder):
    stdout = run("predict", folder / "m.safetensors").stdout
    expected = pd.read_csv(io.StringIO(stdout), parse_dates=["month"])
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
    for extension, read in readers.items():
        path = folder / f"f.{extension}"
        assert run("predict", folder / "m.safetensors", "--output", path).exit_code == 0
        pd.testing.assert_frame_equal(read(path), expected, check_dtype=False)


def test_an_unsupported_extension_is_rejected(folder):
    result = run("predict", folder / "m.safetensors", "--output", folder / "f.docx")
    assert result.exit_code == 2
    assert "'.docx', which is not a supported output format" in result.stderr
    assert not (folder / "f.docx").exists()


def test_a_missing_package_is_named(folder, monkeypatch):
    import importlib.util

    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *args: None if name == "openpyxl" else find_spec(name),
    )
    result = run("predict", folder / "m.safetensors", "--output", folder / "g.xlsx")
    assert result.exit_code == 3
    assert "pip install 'forecastkit[excel]'" in result.stderr
    assert not (folder / "g.xlsx").exists()


def test_output_has_the_columns_of_the_file(folder):
    lines = run("predict", folder / "m.safetensors").stdout.splitlines()
    assert lines[0] == "month,Auto,Auto-lo-80,Auto-hi-80,Auto-lo-95,Auto-hi-95"
    assert lines[1].startswith("1961-01-01,4")
    assert "." not in lines[1]  # integers in, integers out
    standard = run("predict", folder / "m.safetensors", "--columns", "standard").stdout
    assert standard.startswith("unique_id,ds,Auto,")


def daily(path, **columns):
    days = pd.date_range("2024-01-01", periods=40)
    table = pd.DataFrame({"day": days.strftime("%Y-%m-%d")} | columns)
    table.to_csv(path, index=False)
    return path


def fit_and_predict(path, *options):
    model = path.with_suffix(".model")
    result = run(
        "fit", path, "--output", model, "--preset", "instant", "-H", 3, "--quiet", *options
    )
    assert result.exit_code == 0, result.output
    result = run("predict", model)
    assert result.exit_code == 0, result.output
    return pd.read_csv(io.StringIO(result.stdout))


def test_forecasts_have_two_decimals_more_than_the_data(tmp_path, rng):
    prices = np.round(50 + rng.normal(0, 3, 40).cumsum(), 2)
    forecast = fit_and_predict(daily(tmp_path / "p.csv", price=prices))
    text = forecast["Auto"].astype(str)
    assert (text.str.split(".").str[1].str.len() <= 4).all()


def test_two_id_columns_are_two_in_the_output(tmp_path, rng):
    parts = []
    for shop in ("north", "south"):
        for item in ("tea", "milk"):
            days = pd.date_range("2024-01-01", periods=30).strftime("%d.%m.%Y")
            parts.append(pd.DataFrame({"Datum": days, "shop": shop, "item": item,
                                       "units": rng.poisson(20, 30)}))  # fmt: skip
    pd.concat(parts).to_csv(tmp_path / "s.csv", index=False)
    options = ("--id", "shop", "--id", "item", "--target", "units")
    forecast = fit_and_predict(tmp_path / "s.csv", *options)
    assert list(forecast.columns[:3]) == ["shop", "item", "Datum"]
    assert set(zip(forecast["shop"], forecast["item"], strict=True)) == {
        *(("north", "tea"), ("north", "milk"), ("south", "tea"), ("south", "milk"))
    }


def test_the_id_of_a_wide_panel_is_unique_id(tmp_path, rng):
    path = daily(tmp_path / "w.csv", a=rng.normal(5, 1, 40), b=rng.normal(9, 1, 40))
    assert list(fit_and_predict(path).columns[:2]) == ["unique_id", "day"]


def test_a_name_clash_keeps_the_standard_columns(tmp_path, rng):
    path = daily(tmp_path / "t.csv", y=rng.normal(5, 1, 40))
    table = pd.read_csv(path).rename(columns={"day": "Auto"})
    table.to_csv(path, index=False)
    assert list(fit_and_predict(path, "--time", "Auto").columns[:3]) == ["unique_id", "ds", "Auto"]


@pytest.mark.parametrize("offset", ["+02:00", "-0330", "+01"])
def test_output_has_the_utc_offset_of_the_file(offset, tmp_path, rng):
    hours = pd.date_range("2024-05-01", periods=72, freq="h").strftime(f"%Y-%m-%dT%H:%M{offset}")
    pd.DataFrame({"t": hours, "v": rng.normal(5, 1, 72)}).to_csv(tmp_path / "z.csv", index=False)
    forecast = fit_and_predict(tmp_path / "z.csv")
    normalised = {"+02:00": "+02:00", "-0330": "-03:30", "+01": "+01:00"}[offset]
    assert forecast["t"].iloc[0] == f"2024-05-04 00:00:00{normalised}"


def test_plot_without_future_covariates_and_hints_that_can_be_pasted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fk.datasets.write("sales", "my sales.csv")
    result = run("fit", "my sales.csv", "--future-exog", "price,promo", "--preset", "instant",
                 "--plot", "p.png", "--output", "my model", "--no-ablation")  # fmt: skip
    assert result.exit_code == 0, result.output
    assert (tmp_path / "p.png").read_bytes()[:4] == b"\x89PNG"
    hints = [line.split(": ", 1)[1] for line in result.stderr.splitlines() if " predict " in line]
    assert len(hints) == 2
    import shlex

    make_future, predict = (shlex.split(hint)[1:] for hint in hints)
    assert run(*make_future).exit_code == 0
    future = pd.read_csv("future.csv")
    assert list(future.columns) == ["product", "date", "price", "promo"]
    future.assign(price=4.0, promo=0).to_csv("future.csv", index=False)
    result = run(*predict)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("product,date,Auto,")


def test_a_backtest_has_the_columns_of_the_file(folder):
    result = run("backtest", folder / "air.csv", "--n-windows", 1, "-H", 3, "--preset", "instant",
                 "--output", folder / "cv.json")  # fmt: skip
    assert result.exit_code == 0, result.output
    row = json.loads((folder / "cv.json").read_text())[0]
    assert list(row)[:3] == ["month", "cutoff", "y"]


def test_workbooks_store_formulas_as_text(tmp_path):
    from forecastkit.tables.writing import write_table

    write_table(pd.DataFrame({"id": ["=1+1", "@x"], "v": [1.5, None]}), tmp_path / "w.xlsx")
    from openpyxl import load_workbook

    cells = load_workbook(tmp_path / "w.xlsx").active
    assert (cells["A2"].data_type, cells["A2"].value) == ("s", "=1+1")


def test_inspect_plots_a_model_without_covariates(folder):
    result = run("inspect", folder / "m.safetensors", "--plot", folder / "i.png")
    assert result.exit_code == 0, result.output
    assert (folder / "i.png").stat().st_size > 10_000
