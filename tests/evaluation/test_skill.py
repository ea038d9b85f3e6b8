"""Skill: gain, bootstrap interval and significance."""

from __future__ import annotations

import numpy as np
import pytest

from forecastkit.evaluation.skill import skill


def test_a_clear_gain_is_significant(rng):
    other = rng.uniform(1, 2, 100)
    result = skill("Theta", 0.8 * other + rng.normal(0, 0.02, 100), other, np.arange(100))
    assert result.gain == pytest.approx(0.2, abs=0.01)
    assert 0.17 < result.low < result.gain < result.high < 0.23
    assert str(result).endswith(": significant.")


def test_noise_is_not_significant(rng):
    result = skill("Theta", rng.uniform(1, 2, 50), rng.uniform(1, 2, 50), np.arange(50))
    assert result.low < 0 < result.high
    assert "not significant" in str(result)


def test_the_interval_covers_the_true_gain(rng):
    """Over 200 samples with a true gain of 10 %, the 95 % interval has about 95 % coverage."""
    n_covered = 0
    for _ in range(200):
        other = rng.uniform(1, 2, 60)
        result = skill("Theta", 0.9 * other + rng.normal(0, 0.3, 60), other, np.arange(60))
        n_covered += result.low <= 0.1 <= result.high
    assert 0.88 <= n_covered / 200 <= 0.99


def test_windows_of_a_series_are_resampled_together(rng):
    """Ten windows of each of twelve series carry less information than 120 series."""
    effect = np.repeat(rng.normal(0, 0.3, 12), 10)
    other = np.ones(120)
    clustered = skill("Theta", other + effect, other, np.repeat(np.arange(12), 10))
    independent = skill("Theta", other + effect, other, np.arange(120))
    assert clustered.high - clustered.low > 2 * (independent.high - independent.low)


def test_few_rows_have_no_interval():
    result = skill("Theta", np.ones(3), np.full(3, 2.0), np.zeros(3, int))
    assert (result.gain, result.better, result.rows) == (0.5, 3, 3)
    assert result.low is None
    assert "a significance test needs 10 windows" in str(result)


def test_undefined_comparisons_are_none():
    undefined = np.full(4, np.nan)
    assert skill("Theta", undefined, np.ones(4), np.arange(4)) is None
    assert skill("Theta", np.ones(4), np.zeros(4), np.arange(4)) is None
