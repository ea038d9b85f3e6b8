"""Panels, decayed sums, and the transform of series to a common scale."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecastkit.series.panel import Panel, last_observed
from forecastkit.series.ragged import BLOCK_CELLS
from forecastkit.series.recurrence import decayed_sum, smoothed
from forecastkit.series.scale import measure_scale, scaled


@pytest.mark.parametrize("decay", [0.0, 0.5, 0.98, 1.0])
@pytest.mark.parametrize("n", [1, 63, 64, 65, 200])
def test_a_decayed_sum_matches_the_recurrence(decay, n, rng):
    x = rng.normal(size=(2, n))
    expected, s = np.zeros((2, n)), np.zeros(2)
    for t in range(n):
        s = decay * s + x[:, t]
        expected[:, t] = s
    np.testing.assert_allclose(decayed_sum(x, decay), expected, atol=1e-12)
    np.testing.assert_allclose(decayed_sum(x.T, decay, axis=0), expected.T, atol=1e-12)


def test_smoothing_starts_at_the_first_value():
    np.testing.assert_allclose(smoothed(np.full((1, 5), 3.0), 0.2), 3.0)


def test_blocks_of_bounded_size_contain_every_value_once(rng):
    lengths = [0, 1, 5, 300, 299, 2, 100_000]
    panel = Panel.of([rng.normal(size=n) for n in lengths])
    counts = np.zeros(len(panel.values), int)
    for index, inside in panel.blocks():
        assert index.size <= BLOCK_CELLS or len(index) == 1
        np.add.at(counts, index[inside], 1)
    assert (counts == 1).all()


def test_slices_and_selections_of_a_panel(rng):
    panel = Panel.of([np.arange(5.0), np.arange(2.0), np.arange(9.0)])
    assert panel.last(3).lengths.tolist() == [3, 2, 3]
    assert panel.last(3).values.tolist() == [2, 3, 4, 0, 1, 6, 7, 8]
    assert panel.drop_last(3).lengths.tolist() == [2, 0, 6]
    assert panel.take(np.array([1, 0])).values.tolist() == [0, 1, 0, 1, 2, 3, 4]


def test_the_last_observation_is_carried_forward_in_each_row():
    y = np.array([[1.0, np.nan, 3.0], [np.nan, np.nan, 2.0]])
    np.testing.assert_array_equal(last_observed(y), [[1, 1, 3], [np.nan, np.nan, 2]])


numbers = st.floats(-1e9, 1e9, allow_nan=False).map(lambda x: round(x, 3))


@given(st.lists(numbers, min_size=1, max_size=30), st.sampled_from([1.0, 1e-12, 1e12]))
@settings(max_examples=200, deadline=None)
def test_the_transform_is_inverted_exactly(values, unit):
    y = np.array(values) * unit
    panel = Panel.of([y])
    scale = measure_scale(panel)
    z = scaled(panel, scale).values
    assert np.isfinite(z).all()
    restored = scale.inverse(z[None, :])[0]
    np.testing.assert_allclose(restored, y, rtol=1e-9, atol=1e-9 * np.abs(y).max())


@pytest.mark.parametrize(
    ("values", "logarithmic", "floor"),
    [
        ([1.0, 2.0], True, 0.0),
        ([0.0, 2.0], True, 0.0),
        ([0.0, 0.0], True, 0.0),
        ([-1.0, 2.0], False, -np.inf),
        ([np.nan, 2.0], True, 0.0),
        ([np.nan], True, 0.0),
        ([1e308, 1e308], True, 0.0),
    ],
)
def test_the_transform_depends_on_the_sign_of_the_values(values, logarithmic, floor):
    scale = measure_scale(Panel.of([np.array(values)]))
    assert scale.logarithmic.tolist() == [logarithmic]
    assert scale.floor.tolist() == [floor]
    assert np.isfinite(scale.size).all()


@given(st.floats(1e-6, 1e6), st.lists(st.floats(0.1, 1e3), min_size=2, max_size=20))
@settings(max_examples=100, deadline=None)
def test_the_transform_is_scale_free(factor, values):
    """Multiplying a series by a constant does not change its transformed values."""
    original, multiplied = (Panel.of([np.array(values) * unit]) for unit in (1.0, factor))
    np.testing.assert_allclose(
        scaled(original, measure_scale(original)).values,
        scaled(multiplied, measure_scale(multiplied)).values,
        atol=1e-9,
    )
