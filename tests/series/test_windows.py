"""What the network sees and is asked for."""

from __future__ import annotations

import numpy as np
import pytest

from forecastkit.network.runtime import negated
from forecastkit.series.panel import Panel
from forecastkit.series.windows import TARGET_CLIP, View, Windows

VIEW = View(
    input_size=4,
    horizon=3,
    season_lengths=(1,),
    trend_share=0.5,
    sequence_length=5,
    sequence_stride=1,
)


def one_series(y, view=VIEW):
    windows = Windows.of(Panel.of([np.asarray(y, float)]), view)
    return windows, np.array([0]), np.array([len(y) - 1])


@pytest.mark.parametrize(
    ("length", "end", "sequence_stride", "expected"),
    [
        (10, 9, 1, [5, 6, 7, 8, 9]),  # all inside
        (10, 9, 2, [1, 3, 5, 7, 9]),  # with a sequence_stride
        (3, 2, 1, [-1, -1, 0, 1, 2]),  # begins before the series
        (10, 4, 4, [-1, -1, -1, 0, 4]),  # both
    ],
)
def test_cutoffs_lead_up_to_the_end(length, end, sequence_stride, expected):
    view = View(4, 3, (1,), 0.5, 5, sequence_stride)
    windows, series, _ = one_series(np.arange(length), view)
    assert windows.cutoffs(series, np.array([end])).tolist() == [expected]


def test_targets_are_the_values_after_each_cutoff(rng):
    y = rng.normal(size=20).cumsum()
    windows, series, ends = one_series(y)
    cutoffs = windows.cutoffs(series, ends - 1)
    targets, base = windows.targets(series, cutoffs), windows.baseline(series, cutoffs)
    scale = windows.components.scale[cutoffs][..., None]
    for k, cutoff in enumerate(cutoffs[0]):
        ahead = y[cutoff + 1 : cutoff + 4]
        got = targets[0, k] * scale[0, k] + base[0, k]
        np.testing.assert_allclose(got[: len(ahead)], ahead, atol=1e-5)
        assert np.isnan(targets[0, k, len(ahead) :]).all()


def test_the_last_target_is_the_last_value(rng):
    y = rng.normal(size=20)
    windows, series, ends = one_series(y)
    targets = windows.targets(series, windows.cutoffs(series, ends))
    assert np.isnan(targets[0, -1]).all()
    assert (~np.isnan(targets[0, -2])).tolist() == [True, False, False]


def test_no_value_after_a_cutoff_reaches_its_inputs(rng):
    y = rng.normal(size=30)
    for cut in (5, 12, 28):
        changed = np.concatenate([y[: cut + 1], rng.normal(0, 1e9, 29 - cut)])
        got = []
        for values in (y, changed):
            windows, series, _ = one_series(values)
            cutoffs = windows.cutoffs(series, np.array([cut]))
            parts = windows.inputs(series, cutoffs), windows.baseline(series, cutoffs)
            got.append([*parts, windows.standard_error(cutoffs)])
        for one, other in zip(*got, strict=True):
            assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("seasons", [(4,), (12,), (7, 30), (24, 48)], ids=str)
def test_no_value_after_a_cutoff_is_looked_up_by_season(seasons, rng):
    longest = max(seasons)
    view = View(24, 5, seasons, 0.0, 6, 1, lags=(longest, 48), lag_steps=48)
    y = rng.normal(size=160)
    for cut in (30, 100, 158):
        changed = np.concatenate([y[: cut + 1], rng.normal(0, 1e9, 159 - cut)])
        got = []
        for values in (y, changed):
            windows, series, _ = one_series(values, view)
            cutoffs = windows.cutoffs(series, np.array([cut]))
            got.append((windows.inputs(series, cutoffs), windows.baseline(series, cutoffs)))
        for one, other in zip(*got, strict=True):
            assert one.tobytes() == other.tobytes()


def test_what_came_next_after_a_lag_is_looked_up():
    """Without a season the block is level then less level now, and values after then less level."""
    view = View(4, 3, (1,), 0.0, 1, 1, lags=(6, 0), lag_steps=5)
    y = np.arange(40.0) + np.tile([0.0, 1.0], 20)
    windows, series, ends = one_series(y, view)
    x = windows.inputs(series, windows.cutoffs(series, ends))[0, 0]
    found, end = windows.components, 39
    scale, then = found.scale[end], found.level[33]
    block = x[view.n_without_lags : view.n_equivariant]
    want = np.r_[then - found.level[end], y[34:39] - then] / scale
    np.testing.assert_allclose(block[:6], np.clip(want, -12, 12), rtol=1e-6)
    assert (block[6:] == 0).all()  # no second lag
    np.testing.assert_allclose(x[-2:], [1.0, 0.0])  # how much of each block is known
    early = windows.inputs(series, windows.cutoffs(series, np.array([4])))[0, 0]
    assert (early[view.n_without_lags : view.n_equivariant] == 0).all()


def test_inputs_have_no_unit_and_no_level(rng):
    y = rng.normal(size=40).cumsum()
    inputs = []
    for values in (y, 1000.0 * y + 5e5):
        windows, series, ends = one_series(values)
        inputs.append(windows.inputs(series, windows.cutoffs(series, ends)))
    n_equivariant = VIEW.n_equivariant
    np.testing.assert_allclose(
        inputs[0][..., :n_equivariant], inputs[1][..., :n_equivariant], atol=1e-4
    )


def test_a_negated_series_has_negated_odd_inputs(rng):
    y = rng.normal(size=40).cumsum()
    (one, series, ends), (other, _, _) = one_series(y), one_series(-y)
    cutoffs = one.cutoffs(series, ends)
    np.testing.assert_allclose(
        negated(one.inputs(series, cutoffs), VIEW), other.inputs(series, cutoffs), atol=1e-6
    )


def test_missing_values_leave_no_nan_and_large_ones_are_cut():
    y = np.ones(30)
    y[::3] = np.nan
    y[25] = 1e12
    windows, series, ends = one_series(y)
    cutoffs = windows.cutoffs(series, ends - 4)
    assert np.isfinite(windows.inputs(series, cutoffs)).all()
    assert np.isfinite(windows.baseline(series, cutoffs)).all()
    assert np.nanmax(np.abs(windows.targets(series, cutoffs))) <= TARGET_CLIP


def test_memory_grows_with_the_values_not_with_the_windows():
    view = View(200, 50, (24,), 0.0, 48, 1)
    windows = Windows.of(Panel.of([np.random.default_rng(0).normal(size=20_000)]), view)
    found = windows.components
    arrays = [windows.panel.values, found.level, found.levels, found.slope, found.noise]
    arrays += [a for season in found.seasons for a in (season.phase_mean, season.centre)]
    assert sum(a.nbytes for a in arrays) < 20 * 8 * 20_000
