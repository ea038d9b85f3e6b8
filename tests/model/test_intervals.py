"""Levels of prediction intervals, and interpolation of quantiles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecastkit.errors import OptionError
from forecastkit.network.config import QUANTILES
from forecastkit.series.intervals import checked_levels, normal, quantiles_at, tails


@pytest.mark.parametrize("level", [0.8, 0, 100, -5, [80, 0.95]])
def test_levels_outside_the_range_of_percentages_are_refused(level):
    with pytest.raises(OptionError, match="not a percentage"):
        checked_levels(level)


def test_quantiles_of_the_network_are_not_changed_by_interpolation():
    values = np.arange(float(len(QUANTILES)))
    z = np.array([[normal(q) for q in QUANTILES]])
    found = quantiles_at(values[None, None], QUANTILES, z)[0, 0]
    np.testing.assert_allclose(found, values, atol=1e-12)


_N_GAPS = len(QUANTILES) - 1


@given(st.lists(st.floats(0.01, 5), min_size=_N_GAPS, max_size=_N_GAPS))
@settings(max_examples=100, deadline=None)
def test_intervals_of_higher_levels_are_wider(gaps):
    paths = np.cumsum([0.0, *gaps])[None, None]
    ends = np.array([[normal(q) for q in tails(level)] for level in (10, 50, 80, 99)])
    z = np.concatenate([ends[::-1, 0], ends[:, 1]])[None]
    assert (np.diff(quantiles_at(paths, QUANTILES, z)[0, 0]) >= 0).all()
