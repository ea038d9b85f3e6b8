"""The command line: output streams, exit codes, and agreement with the Python API."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from forecastkit.cli.app import COMMANDS, main
from forecastkit.cli.help import GROUPS

import forecastkit as fk


def run(*args):
    return CliRunner().invoke(main, [str(arg) for arg in args])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli")
    fk.datasets.write("air_passengers", folder / "air.csv")
    result = run("fit", folder / "air.csv", "--output", folder / "m.safetensors", "--preset",
                 "fast", "-H", 6, "--json", "--plot", folder / "fit.png")  # fmt: skip
    assert result.exit_code == 0, result.output
    (folder / "fit.json").write_text(result.stdout)
    (folder / "fit.txt").write_text(result.stderr)
    return folder


def test_fit_writes_model_json_and_messages(folder):
    messages = (folder / "fit.txt").read_text()
    lines = messages.splitlines()
    assert lines[0].endswith("air.csv: 144 rows, 1 series, monthly, 1949-01-01 to 1960-12-01.")
    assert lines[1] == "Columns: time 'month', target 'passengers'."
    assert lines[2] == "Forecast of the next 6 steps, 1961-01-01 to 1961-06-01:"
    assert "  Auto (your model)" in messages
    assert "SeasonalNaive" in messages
    assert len(lines) <= 18
    assert all(part not in messages for part in ("DampedTrend", "RNN"))  # parts are no rivals
    assert "Forecast with: forecastkit predict" in messages
    result = json.loads((folder / "fit.json").read_text())
    assert result["horizon"] == 6
    assert {row["model"] for row in result["scoreboard"]} >= {"LSTM", "Theta", "SeasonalNaive"}
    assert (folder / "fit.png").read_bytes()[:4] == b"\x89PNG"


def test_predict_matches_the_api(folder):
    result = run("predict", folder / "m.safetensors", "--level", 80, "--columns", "standard")
    assert result.exit_code == 0
    assert result.stderr == ""
    table = pd.read_csv(io.StringIO(result.stdout), parse_dates=["ds"])
    expected = fk.load(folder / "m.safetensors").predict(level=[80])
    assert list(table.columns) == list(expected.columns)
    np.testing.assert_array_equal(table["Auto-hi-80"], expected["Auto-hi-80"])
    assert result.stdout.splitlines()[1].startswith("passengers,1961-01-01,")


def test_predict_continues_newer_data(folder):
    air = (folder / "air.csv").read_text()
    (folder / "newer.csv").write_text(air + "1961-01,450\n1961-02,420\n")
    result = run("predict", folder / "m.safetensors", folder / "newer.csv", "--output",
                 folder / "out" / "f.csv", "--plot", folder / "p.png")  # fmt: skip
    assert result.exit_code == 0, result.output
    assert pd.read_csv(folder / "out" / "f.csv")["month"].iloc[0] == "1961-03-01"


def test_predict_as_json(folder):
    rows = json.loads(run("predict", folder / "m.safetensors", "--json").stdout)
    assert len(rows) == 6
    assert rows[0]["month"] == "1961-01-01"


def test_inspect_shows_provenance_and_effective_memory(folder):
    text = run("inspect", folder / "m.safetensors").stdout
    assert "SHA-256 of the data" in text
    assert "SeasonalNaive" in text
    assert "95 % of the gradient falls on the last" in text
    report = json.loads(run("inspect", folder / "m.safetensors", "--json").stdout)
    assert report["diagnosis"]["memory_length"] >= 1
    assert report["facts"]["model"] == "AutoForecaster"


def test_backtest_prints_scores_and_writes_forecasts(folder):
    result = run("backtest", folder / "air.csv", "--n-windows", 2, "-H", 6, "--preset", "fast",
                 "--output", folder / "cv.csv", "--plot", folder / "b.png")  # fmt: skip
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].split()[:3] == ["model", "mase", "rmsse"]
    assert {line.split()[0] for line in lines[1:]} == {*("Auto", *fk.BASELINES)}
    assert len(pd.read_csv(folder / "cv.csv")) == 12


def test_check_reports_how_a_file_is_parsed(folder):
    report = json.loads(run("check", folder / "air.csv", "--json").stdout)
    assert (report["rows"], report["series"], report["freq"]) == (144, 1, "MS")
    assert report["total"] == 40363
    assert report["problems"] == []
    text = run("check", folder / "air.csv").stdout
    assert "No errors found." in text


def test_check_reports_a_problem_with_its_row(write):
    path = write("date,y\n2024-01-01,1\n2024-01-02,x\n2024-01-03,2\n")
    result = run("check", path)
    assert result.exit_code == 5
    assert "sales.csv, row 3, column 'y': 'x' is not a number" in result.stderr
    problem = json.loads(run("check", path, "--json").stdout)["problems"][0]
    assert (problem["row"], problem["column"], problem["value"]) == (3, "y", "x")


def test_datasets_lists_and_writes(tmp_path):
    assert "air_passengers" in run("datasets").stdout
    assert run("datasets", "air_passengers").stdout.startswith("month,passengers\n1949-01,112\n")
    assert len(json.loads(run("datasets", "--json").stdout)) == len(fk.datasets.names())


VALID_CSV = "date,y\n" + "".join(f"2024-01-{d:02d},{d % 7}\n" for d in range(1, 31))


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (["fit", "no-such.csv"], 4, "There is no file 'no-such.csv'."),
        (["fit", "."], 4, "is a folder"),
        (["fit", "empty.csv"], 5, "The file is empty."),
        (["fit", "header.csv"], 5, "no rows"),
        (["fit", "text.csv"], 5, "text.csv, row 4, column 'y': 'abc' is not a number"),
        (["fit", "good.csv", "--target", "z"], 2, "There is no column 'z'; the file has: date, y."),
        (
            ["fit", "good.csv", "-H", "500", "--preset", "scratch"],
            5,
            "has 30 periods; training from scratch for a horizon of 500 needs at least",
        ),
        (["fit", "twice.csv"], 5, "already has a row for 2024-01-02 (row 3)"),
        (["fit", "good.csv", "--output", "."], 1, "is a folder"),
        (["fit", "good.csv", "--model", "gru"], 2, "'gru' is not one of"),
        (["fit", "good.csv", "-H", "0"], 2, "0 is not in the range"),
        (["predict"], 4, "There is no model file 'model.safetensors'"),
        (["predict", "picture.safetensors"], 5, "This is a PNG picture, not a forecastkit model."),
        (["predict", "good.csv"], 5, "This is a text file, not a forecastkit model."),
        (["backtest", "good.csv", "--n-windows", "40"], 5, "40 windows"),
        (["datasets", "air"], 2, "There is no data set 'air'"),
        (["nonsense"], 2, "No such command 'nonsense'"),
    ],
)
def test_invalid_input_has_its_message_and_exit_code(args, code, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.csv").write_text(VALID_CSV)
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "header.csv").write_text("date,y\n")
    (tmp_path / "text.csv").write_text(VALID_CSV.replace("2024-01-03,3", "2024-01-03,abc"))
    (tmp_path / "twice.csv").write_text(VALID_CSV.replace("2024-01-03,3", "2024-01-02,3"))
    (tmp_path / "picture.safetensors").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 99)
    files = sorted(path.name for path in tmp_path.iterdir())
    result = run(*args)
    assert message in result.stderr
    assert result.exit_code == code
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == files


def test_require_skill_fails_with_its_own_exit_code(tmp_path, rng):
    """On an exactly periodic series the seasonal naive forecast has no error."""
    week = rng.normal(50, 20, 7).round(3)
    days = pd.date_range("2024-01-01", periods=70)
    pd.DataFrame({"date": days, "y": np.tile(week, 10)}).to_csv(tmp_path / "w.csv", index=False)
    result = run("fit", tmp_path / "w.csv", "--output", tmp_path / "m", "--preset", "fast",
                 "--require-skill", "-H", 7)  # fmt: skip
    assert result.exit_code == 6
    assert "The MASE is not below that of both the naive and the seasonal naive forecast" in (
        result.stderr
    )
    assert (tmp_path / "m").exists()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_is_in_the_readme(command, request):
    result = run(command, "--help")
    assert result.exit_code == 0
    readme = (request.config.rootpath / "README.md").read_text()
    assert f"forecastkit {command}" in readme


def test_help_imports_no_heavy_package():
    code = (
        "import sys\nfrom forecastkit.cli.app import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "print({'pandas', 'numpy', 'tensorflow'} & set(sys.modules))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.splitlines()[-1] == "set()"


def test_a_closed_pipe_is_not_an_error(folder):
    command = f"'{sys.executable}' -m forecastkit.cli.app datasets sales | head -n 1"
    result = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    assert result.stdout == "product,date,units,price,promo,holiday\n"
    assert "Traceback" not in result.stderr


def test_help_lists_what_matters_first_then_groups_and_examples():
    lines = run("fit", "--help").stdout.splitlines()
    titles = [line for line in lines if line and not line.startswith(" ")]
    assert titles[1:] == ["Options:", *(f"{name}:" for name in GROUPS), "Examples:"]
    options = [line.split()[0] for line in lines if line.startswith("  -")]
    assert options[:5] == ["--target", "-H,", "--future-exog", "--preset", "--output"]
    assert "  forecastkit fit sales.csv" in lines
    assert "130  stopped by Ctrl-C" in run("--help").stdout


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["fitt", "sales.csv"], "Did you mean 'fit'?"),
        (["sales.csv"], "forecastkit fit sales.csv"),
        (["predict", "sales.csv"], "forecastkit predict MODEL sales.csv"),
        (["fit", "sales.csv", "--horzion", "3"], "--horizon"),
    ],
    ids=str,
)
def test_wrong_words_get_a_suggestion(arguments, hint, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sales.csv").write_text("date,sales\n2024-01-01,1\n")
    result = run(*arguments)
    assert result.exit_code in (2, 5)
    assert hint in result.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_are_printed(shell):
    assert "_FORECASTKIT_COMPLETE" in run("completion", shell).stdout


def test_files_are_completed():
    variables = {"_FORECASTKIT_COMPLETE": "bash_complete", "COMP_WORDS": "forecastkit fit sal"}
    command = [sys.executable, "-m", "forecastkit"]
    environment = {**os.environ, **variables, "COMP_CWORD": "2"}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert result.stdout.startswith("file,sal")


def test_the_package_runs_as_a_module():
    command = [sys.executable, "-m", "forecastkit", "--version"]
    assert (
        "forecastkit" in subprocess.run(command, capture_output=True, text=True, check=False).stdout
    )


def test_columns_that_would_help_are_proposed(tmp_path, rng):
    """And the total is that of the aggregated forecast."""
    days = pd.date_range("2022-01-01", periods=200)
    price = rng.uniform(1, 2, (3, 200)).round(2)
    parts = [
        pd.DataFrame({"day": days, "shop": name, "sales": 90 - 30 * price[k], "price": price[k]})
        for k, name in enumerate("abc")
    ]
    table = pd.concat(parts, ignore_index=True)
    table["rain"] = rng.random(len(table)).round(2)
    table["sales"] += rng.normal(0, 1, len(table))
    table.to_csv(tmp_path / "sales.csv", index=False)
    model = tmp_path / "m.safetensors"
    fit = ["fit", tmp_path / "sales.csv", "--output", model, "--preset", "instant"]
    result = run(*fit, "--model", "lstm")
    assert "If 'price' can be known in advance" in result.stderr
    assert "--future-exog price" in result.stderr
    total = fk.aggregate_forecast(fk.load(model))["LSTM"].iloc[0]
    (line,) = (line for line in result.stderr.splitlines() if line.startswith("  total"))
    assert float(line.split()[1].replace(",", "")) == pytest.approx(total, rel=1e-3)
    result = run(*fit, "--model", "lstm", "--future-exog", "price", "--verbose")
    assert "can be known in advance" not in result.stderr
    assert "LSTM without covariates" in result.stderr
    assert "Prediction intervals of LSTM by horizon" in result.stderr
