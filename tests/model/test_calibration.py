"""Conformal intervals: they hold, at every step, and stay with the model where little is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecastkit.model.calibration import LEVELS, Calibration
from forecastkit.series.intervals import normal

Z = np.array([normal(0.5 + level / 200) for level in LEVELS])


@pytest.mark.parametrize("spread", [0.5, 1.0, 2.5])
def test_intervals_hold_on_other_draws(spread, rng):
    found = Calibration.from_scores(spread * rng.normal(size=(4000, 6)), 1000)
    other = spread * rng.normal(size=(4000, 6))
    for level in (50, 80, 95):
        radius = found.calibrated(np.array([normal(0.5 + level / 200)]))[:, 0]
        inside = (np.abs(other) <= radius).mean(axis=0)
        assert inside == pytest.approx(np.full(6, level / 100), abs=0.08)
        assert inside.mean() == pytest.approx(level / 100, abs=0.03)


def test_each_step_has_its_own_width(rng):
    spread = np.array([0.5, 1.0, 2.0])
    found = Calibration.from_scores(spread * rng.normal(size=(2000, 3)), 100)
    radius = found.calibrated(np.array([1.0]))[:, 0]
    np.testing.assert_allclose(radius, spread, rtol=0.1)


def test_the_finite_sample_quantile_is_taken():
    """Of 99 scores the 80 % interval reaches to the 80th smallest: ceil(100 * 0.8)."""
    scores = np.arange(1.0, 100.0)[:, None] / 20
    rows = 99
    trust = rows / (rows + 20.0) * 3.0 / (3.0 + 1.0)
    radius = Calibration.from_scores(scores, 3.0).radius[0, LEVELS.index(80.0)]
    assert radius == pytest.approx(trust * 80 / 20 + (1 - trust) * normal(0.9))


def test_little_that_is_known_moves_little():
    wide = np.full((1, 4), 3.0)
    radius = Calibration.from_scores(wide, 1.0).radius
    own = np.tile(Z, (4, 1))
    assert (radius >= own - 1e-9).all()
    assert (radius < 1.4 * own).all()
    np.testing.assert_allclose(Calibration.from_scores(np.empty((0, 4)), 0).radius, own)
    np.testing.assert_allclose(Calibration.from_scores(np.full((5, 4), np.nan), 1).radius, own)


@given(
    st.integers(0, 2**31), st.integers(0, 60), st.integers(1, 8), st.sampled_from([0.0, 0.3, 0.9])
)
@settings(max_examples=60, deadline=None)
def test_wider_levels_are_wider_whatever_the_scores(seed, n, h, missing):
    rng = np.random.default_rng(seed)
    scores = np.clip(rng.standard_t(2, (n, h)), -5, 5)
    scores[rng.random((n, h)) < missing] = np.nan
    found = Calibration.from_scores(scores, 2.0)
    z = np.sort(rng.normal(0, 2, 20))
    assert (np.diff(found.calibrated(z), axis=1) >= 0).all()
    np.testing.assert_allclose(found.calibrated(-z), -found.calibrated(z))
    assert (found.radius > 0).all()
