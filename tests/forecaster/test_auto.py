"""AutoForecaster: parts and weights of the blend, model file, command line."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from forecastkit.cli.app import main

import forecastkit as fk

PARTS = ["LSTM", "RNN", "DampedTrend", "ETS", "Theta", "SeasonalNaive"]


@pytest.fixture(scope="module")
def auto(monthly):
    return fk.AutoForecaster(h=6, preset="instant").fit(monthly)


def test_weights_are_reported_and_sum_to_one(auto):
    parts = auto.model_.blend.parts
    assert [part.name for part in parts] == PARTS
    assert sum(part.weight for part in parts) == pytest.approx(1.0)
    assert any(note["what"].startswith("blend weights LSTM") for note in auto.assumptions)


def test_every_part_is_on_the_scoreboard(auto):
    models = set(auto.scoreboard["model"])
    assert {"Auto", *PARTS, *fk.BASELINES} == models
    best = auto.scoreboard.query(f"model in {PARTS}")["mase"].min()
    mase = auto.scoreboard.set_index("model").loc["Auto", "mase"]
    assert mase <= 1.1 * best


def test_a_loaded_model_makes_the_same_forecasts(auto, tmp_path, monthly):
    auto.save(tmp_path / "auto.safetensors")
    loaded = fk.load(tmp_path / "auto.safetensors")
    pd.testing.assert_frame_equal(loaded.predict(level=[80, 95]), auto.predict(level=[80, 95]))
    pd.testing.assert_frame_equal(loaded.predict(monthly), auto.predict(monthly))
    assert fk.diagnose(loaded).memory_length > 0


def test_a_blend_can_be_backtested(auto, monthly):
    cv = fk.cross_validation([auto, fk.Baseline("Theta", h=6)], monthly, n_windows=2, level=[80])
    assert cv[["Auto", "Auto-lo-80", "Auto-hi-80", "Theta"]].notna().all().all()
    assert (cv["Auto-lo-80"] <= cv["Auto"]).all()
    assert (cv["Auto"] <= cv["Auto-hi-80"]).all()


def test_intervals_are_reported_by_horizon(auto):
    rows = auto.facts["intervals"]
    assert [row["steps"] for row in rows] == ["1 to 2", "3 to 4", "5 to 6", "1 to 6"]
    for row in rows:
        assert 0 <= row["coverage_level80"] <= row["coverage_level95"] <= 1
        assert 0 < row["width_level80"] < row["width_level95"]
    widths = [row["width_level80"] for row in rows[:3]]
    assert widths[2] > 0.9 * widths[0]


def test_skill_is_reported(auto):
    first, best = [skill.against for skill in auto.skills][:3], auto.skills[-1].against
    assert first == ["SeasonalNaive", "Naive", "Theta"]
    board = auto.scoreboard[auto.scoreboard["model"].isin(fk.BASELINES)]
    assert best in (board["model"].iloc[0], "Theta")  # and the best single method
    assert all(skill.rows == 9 for skill in auto.skills)  # three series, three windows


def test_the_command_line_fits_a_blend(tmp_path, monthly, capsys):
    monthly.to_csv(tmp_path / "sales.csv", index=False)
    command = ["fit", str(tmp_path / "sales.csv"), "--preset", "instant", "--json", "-H", "6"]
    with pytest.raises(SystemExit) as exit_info:
        main([*command, "--output", str(tmp_path / "m.safetensors")])
    assert not exit_info.value.code
    out, err = capsys.readouterr()
    result = json.loads(out)
    assert result["skill"][0]["against"] == "SeasonalNaive"
    assert len(result["intervals"]) == 4
    assert "Auto (your model)" in err
    assert "weights LSTM" not in err
    with pytest.raises(SystemExit):
        main([*command, "--output", str(tmp_path / "m.safetensors"), "--verbose"])
    err = capsys.readouterr().err
    assert "Auto: " in err
    assert "weights LSTM" in err
    assert "coverage_level95" in err


def test_exit_code_without_the_required_skill(tmp_path, rng, capsys):
    """The naive forecasts of a periodic series cannot be beaten; the model is still written."""
    days = pd.date_range("2024-01-01", periods=120)
    y = np.tile([3.0, 9.0, 4.0, 1.0, 7.0, 8.0, 2.0], 18)[:120] + 1e-3 * rng.random(120)
    y[::9] += 4.0
    y = np.where(np.arange(120) >= 60, y[np.arange(120) % 7], y)
    pd.DataFrame({"date": days, "y": y}).to_csv(tmp_path / "same.csv", index=False)
    command = ["fit", str(tmp_path / "same.csv"), "--preset", "instant", "--require-skill"]
    with pytest.raises(SystemExit) as exit_info:
        main([*command, "--output", str(tmp_path / "m.safetensors")])
    assert exit_info.value.code == 6
    assert "not below that of both the naive and the seasonal naive" in capsys.readouterr().err
    assert (tmp_path / "m.safetensors").exists()
