"""Conformal calibration: coverage at every step, and shrinkage to the model for few scores."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecastkit.model.calibration import LEVELS, Calibration
from forecastkit.series.intervals import normal

Z = np.array([normal(0.5 + level / 200) for level in LEVELS])


@pytest.mark.parametrize("std", [0.5, 1.0, 2.5])
def test_intervals_have_nominal_coverage_on_new_draws(std, rng):
    calibration = Calibration.from_scores(std * rng.normal(size=(4000, 6)), 1000)
    new_scores = std * rng.normal(size=(4000, 6))
    for level in (50, 80, 95):
        radius = calibration.calibrated(np.array([normal(0.5 + level / 200)]))[:, 0]
        coverage = (np.abs(new_scores) <= radius).mean(axis=0)
        assert coverage == pytest.approx(np.full(6, level / 100), abs=0.08)
        assert coverage.mean() == pytest.approx(level / 100, abs=0.03)


def test_the_radius_is_estimated_per_step(rng):
    std = np.array([0.5, 1.0, 2.0])
    calibration = Calibration.from_scores(std * rng.normal(size=(2000, 3)), 100)
    radius = calibration.calibrated(np.array([1.0]))[:, 0]
    np.testing.assert_allclose(radius, std, rtol=0.1)


def test_the_radius_is_the_finite_sample_quantile():
    """With 99 scores, the radius of the 80 % level is the 80th smallest: ceil(100 * 0.8)."""
    scores = np.arange(1.0, 100.0)[:, None] / 20
    n_rows = 99
    weight = n_rows / (n_rows + 20.0) * 3.0 / (3.0 + 1.0)
    radius = Calibration.from_scores(scores, 3.0).radius[0, LEVELS.index(80.0)]
    assert radius == pytest.approx(weight * 80 / 20 + (1 - weight) * normal(0.9))


def test_few_scores_are_shrunk_to_the_quantiles_of_the_model():
    scores = np.full((1, 4), 3.0)
    radius = Calibration.from_scores(scores, 1.0).radius
    prior = np.tile(Z, (4, 1))
    assert (radius >= prior - 1e-9).all()
    assert (radius < 1.4 * prior).all()
    np.testing.assert_allclose(Calibration.from_scores(np.empty((0, 4)), 0).radius, prior)
    np.testing.assert_allclose(Calibration.from_scores(np.full((5, 4), np.nan), 1).radius, prior)


@given(
    st.integers(0, 2**31), st.integers(0, 60), st.integers(1, 8), st.sampled_from([0.0, 0.3, 0.9])
)
@settings(max_examples=60, deadline=None)
def test_quantiles_are_monotone_and_symmetric_for_any_scores(seed, n, h, missing):
    rng = np.random.default_rng(seed)
    scores = np.clip(rng.standard_t(2, (n, h)), -5, 5)
    scores[rng.random((n, h)) < missing] = np.nan
    calibration = Calibration.from_scores(scores, 2.0)
    z = np.sort(rng.normal(0, 2, 20))
    assert (np.diff(calibration.calibrated(z), axis=1) >= 0).all()
    np.testing.assert_allclose(calibration.calibrated(-z), -calibration.calibrated(z))
    assert (calibration.radius > 0).all()
