"""Whether a gain could be chance."""

from __future__ import annotations

import numpy as np
import pytest

from forecastkit.evaluation.skill import skill


def test_a_clear_gain_is_more_than_chance(rng):
    other = rng.uniform(1, 2, 100)
    found = skill("Theta", 0.8 * other + rng.normal(0, 0.02, 100), other, np.arange(100))
    assert found.gain == pytest.approx(0.2, abs=0.01)
    assert 0.17 < found.low < found.gain < found.high < 0.23
    assert str(found).endswith(": significant.")


def test_noise_may_be_chance(rng):
    found = skill("Theta", rng.uniform(1, 2, 50), rng.uniform(1, 2, 50), np.arange(50))
    assert found.low < 0 < found.high
    assert "not significant" in str(found)


def test_the_interval_covers_what_is_true(rng):
    """Of 200 samples whose true gain is 10 %, about 95 in a hundred intervals hold it."""
    held = 0
    for _ in range(200):
        other = rng.uniform(1, 2, 60)
        found = skill("Theta", 0.9 * other + rng.normal(0, 0.3, 60), other, np.arange(60))
        held += found.low <= 0.1 <= found.high
    assert 0.88 <= held / 200 <= 0.99


def test_windows_of_one_series_belong_together(rng):
    """Ten windows each of ten series that differ tell less than a hundred series do."""
    effect = np.repeat(rng.normal(0, 0.3, 12), 10)
    other = np.ones(120)
    together = skill("Theta", other + effect, other, np.repeat(np.arange(12), 10))
    apart = skill("Theta", other + effect, other, np.arange(120))
    assert together.high - together.low > 2 * (apart.high - apart.low)


def test_few_rows_say_so():
    found = skill("Theta", np.ones(3), np.full(3, 2.0), np.zeros(3, int))
    assert (found.gain, found.better, found.rows) == (0.5, 3, 3)
    assert found.low is None
    assert "too few" in str(found)


def test_nothing_to_compare():
    nothing = np.full(4, np.nan)
    assert skill("Theta", nothing, np.ones(4), np.arange(4)) is None
    assert skill("Theta", np.ones(4), np.zeros(4), np.arange(4)) is None
