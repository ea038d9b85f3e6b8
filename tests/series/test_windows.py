"""Inputs, baseline forecasts and targets of networks."""

from __future__ import annotations

import numpy as np
import pytest

from forecastkit.network.runtime import negated
from forecastkit.series.panel import Panel
from forecastkit.series.view import View
from forecastkit.series.windows import TARGET_CLIP, Windows

VIEW = View(
    input_size=4,
    horizon=3,
    season_lengths=(1,),
    trend_share=0.5,
    sequence_length=5,
    sequence_stride=1,
)


def windows_of(y, view=VIEW):
    """Windows of a single series, its position, and its last step."""
    windows = Windows.of(Panel.of([np.asarray(y, float)]), view)
    return windows, np.array([0]), np.array([len(y) - 1])


@pytest.mark.parametrize(
    ("length", "end", "sequence_stride", "expected"),
    [
        (10, 9, 1, [5, 6, 7, 8, 9]),  # all within the series
        (10, 9, 2, [1, 3, 5, 7, 9]),  # with a stride
        (3, 2, 1, [-1, -1, 0, 1, 2]),  # starts before the series
        (10, 4, 4, [-1, -1, -1, 0, 4]),  # both
    ],
)
def test_the_last_cutoff_is_the_end_of_the_sequence(length, end, sequence_stride, expected):
    view = View(4, 3, (1,), 0.5, 5, sequence_stride)
    windows, series, _ = windows_of(np.arange(length), view)
    assert windows.cutoffs(series, np.array([end])).tolist() == [expected]


def test_targets_are_the_values_after_each_cutoff(rng):
    y = rng.normal(size=20).cumsum()
    windows, series, ends = windows_of(y)
    cutoffs = windows.cutoffs(series, ends - 1)
    targets, baseline = windows.targets(series, cutoffs), windows.baseline(series, cutoffs)
    scale = windows.components.scale[cutoffs][..., None]
    for k, cutoff in enumerate(cutoffs[0]):
        ahead = y[cutoff + 1 : cutoff + 4]
        values = targets[0, k] * scale[0, k] + baseline[0, k]
        np.testing.assert_allclose(values[: len(ahead)], ahead, atol=1e-5)
        assert np.isnan(targets[0, k, len(ahead) :]).all()


def test_the_last_target_is_the_last_value(rng):
    y = rng.normal(size=20)
    windows, series, ends = windows_of(y)
    targets = windows.targets(series, windows.cutoffs(series, ends))
    assert np.isnan(targets[0, -1]).all()
    assert (~np.isnan(targets[0, -2])).tolist() == [True, False, False]


def test_later_values_do_not_change_inputs(rng):
    y = rng.normal(size=30)
    for cutoff in (5, 12, 28):
        changed = np.concatenate([y[: cutoff + 1], rng.normal(0, 1e9, 29 - cutoff)])
        results = []
        for values in (y, changed):
            windows, series, _ = windows_of(values)
            cutoffs = windows.cutoffs(series, np.array([cutoff]))
            inputs, baseline = windows.inputs(series, cutoffs), windows.baseline(series, cutoffs)
            results.append([inputs, baseline, windows.standard_error(cutoffs)])
        for expected, actual in zip(*results, strict=True):
            assert expected.tobytes() == actual.tobytes()


@pytest.mark.parametrize("seasons", [(4,), (12,), (7, 30), (24, 48)], ids=str)
def test_later_values_do_not_change_lagged_inputs(seasons, rng):
    longest = max(seasons)
    view = View(24, 5, seasons, 0.0, 6, 1, lags=(longest, 48), lag_steps=48)
    y = rng.normal(size=160)
    for cutoff in (30, 100, 158):
        changed = np.concatenate([y[: cutoff + 1], rng.normal(0, 1e9, 159 - cutoff)])
        results = []
        for values in (y, changed):
            windows, series, _ = windows_of(values, view)
            cutoffs = windows.cutoffs(series, np.array([cutoff]))
            results.append((windows.inputs(series, cutoffs), windows.baseline(series, cutoffs)))
        for expected, actual in zip(*results, strict=True):
            assert expected.tobytes() == actual.tobytes()


def test_lagged_inputs_are_the_values_after_the_lag():
    """Without a season: the difference of the levels, then deviations from the earlier level."""
    view = View(4, 3, (1,), 0.0, 1, 1, lags=(6, 0), lag_steps=5)
    y = np.arange(40.0) + np.tile([0.0, 1.0], 20)
    windows, series, ends = windows_of(y, view)
    x = windows.inputs(series, windows.cutoffs(series, ends))[0, 0]
    components, end = windows.components, 39
    scale, past_level = components.scale[end], components.level[33]
    block = x[view.n_without_lags : view.n_equivariant]
    expected = np.r_[past_level - components.level[end], y[34:39] - past_level] / scale
    np.testing.assert_allclose(block[:6], np.clip(expected, -12, 12), rtol=1e-6)
    assert (block[6:] == 0).all()  # the second lag is unused
    np.testing.assert_allclose(x[-2:], [1.0, 0.0])  # share of each block that is available
    early = windows.inputs(series, windows.cutoffs(series, np.array([4])))[0, 0]
    assert (early[view.n_without_lags : view.n_equivariant] == 0).all()


def test_inputs_do_not_depend_on_unit_and_level(rng):
    y = rng.normal(size=40).cumsum()
    inputs = []
    for values in (y, 1000.0 * y + 5e5):
        windows, series, ends = windows_of(values)
        inputs.append(windows.inputs(series, windows.cutoffs(series, ends)))
    n_equivariant = VIEW.n_equivariant
    np.testing.assert_allclose(
        inputs[0][..., :n_equivariant], inputs[1][..., :n_equivariant], atol=1e-4
    )


def test_a_negated_series_has_negated_equivariant_inputs(rng):
    y = rng.normal(size=40).cumsum()
    (original, series, ends), (negative, _, _) = windows_of(y), windows_of(-y)
    cutoffs = original.cutoffs(series, ends)
    np.testing.assert_allclose(
        negated(original.inputs(series, cutoffs), VIEW),
        negative.inputs(series, cutoffs),
        atol=1e-6,
    )


def test_inputs_and_targets_are_finite_and_clipped():
    y = np.ones(30)
    y[::3] = np.nan
    y[25] = 1e12
    windows, series, ends = windows_of(y)
    cutoffs = windows.cutoffs(series, ends - 4)
    assert np.isfinite(windows.inputs(series, cutoffs)).all()
    assert np.isfinite(windows.baseline(series, cutoffs)).all()
    assert np.nanmax(np.abs(windows.targets(series, cutoffs))) <= TARGET_CLIP


def test_memory_is_linear_in_the_number_of_values():
    view = View(200, 50, (24,), 0.0, 48, 1)
    windows = Windows.of(Panel.of([np.random.default_rng(0).normal(size=20_000)]), view)
    components = windows.components
    arrays = [windows.panel.values, components.level, components.levels]
    arrays += [components.slope, components.noise]
    for season in components.seasons:
        arrays += [season.phase_mean, season.centre]
    assert sum(array.nbytes for array in arrays) < 20 * 8 * 20_000
