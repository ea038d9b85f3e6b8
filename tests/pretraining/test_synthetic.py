"""Synthetic series: reproducible, of all kinds and observation scales, usable for training."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecastkit.network.config import pretrained_view
from forecastkit.pretraining.stream import Stream
from forecastkit.pretraining.synthetic import KINDS, Kind, draw_panel, draw_values
from forecastkit.series.windows import Windows

kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.season_lengths))


@kinds
def test_series_depend_on_the_seed_only(kind):
    first, second = (draw_panel(np.random.default_rng(3), 6, kind) for _ in range(2))
    np.testing.assert_array_equal(first.values, second.values)
    reseeded = draw_panel(np.random.default_rng(4), 6, kind)
    assert not np.array_equal(first.values, reseeded.values, equal_nan=True)


@kinds
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_lengths_and_values_of_each_kind(kind, seed):
    panel = draw_panel(np.random.default_rng(seed), 8, kind)
    shortest, longest = kind.lengths
    assert ((panel.lengths >= shortest) & (panel.lengths <= longest)).all()
    assert not np.isinf(panel.values).any()
    last = panel.values[panel.offsets[1:] - 1]
    assert not np.isnan(last).any()
    assert np.isnan(panel.values).mean() < 0.6


@kinds
def test_network_inputs_of_each_kind_are_finite(kind, rng):
    panel = draw_panel(rng, 16, kind)
    windows = Windows.of_series(panel, pretrained_view(kind.season_lengths))
    series, ends = np.arange(16), panel.lengths - 1
    cutoffs = windows.cutoffs(series, ends)
    assert np.isfinite(windows.inputs(series, cutoffs)).all()
    assert np.isfinite(windows.baseline(series, cutoffs)).all()
    assert (windows.standard_error(cutoffs) > 0).all()


def test_seasons_repeat():
    """Changes are correlated with those of the season before, in many series strongly."""
    rng = np.random.default_rng(0)
    y = draw_values(rng, 200, 240, KINDS[2])
    level = np.nan_to_num(np.log(np.maximum(y, 1e-6)))
    changes = np.diff(level, axis=1)
    correlation = [np.corrcoef(row[12:], row[:-12])[0, 1] for row in changes]
    assert np.nanquantile(correlation, 0.85) > 0.4


def test_all_observation_scales_occur():
    rng = np.random.default_rng(1)
    y = draw_values(rng, 2000, 60, Kind((1,), 1.0, (60, 60), 8, counted=0.2))
    filled = np.where(np.isnan(y), 0.0, y)
    assert 0.02 < (filled < 0).any(axis=1).mean() < 0.2  # crossing zero
    is_whole = (filled == np.round(filled)).all(axis=1)
    assert 0.15 < is_whole.mean() < 0.5  # counts and rounded numbers
    assert (filled == 0).mean(axis=1).max() > 0.5  # intermittent
    assert 0.03 < np.isnan(y).any(axis=1).mean() < 0.3  # gaps
    is_capped = (filled == filled.max(axis=1, keepdims=True)).sum(axis=1) >= 10
    assert is_capped.any()


def test_a_stream_is_reproducible_and_mixes_kinds():
    stream, other = (Stream(5, 32, 0.5, n_series=64, n_uses=2, target_stride=8) for _ in range(2))
    first = stream.draw()
    for name, array in vars(first).items():
        np.testing.assert_array_equal(array, getattr(other.draw(), name) if name == "x" else array)
    assert first.x.shape == (32, 64, pretrained_view((1,)).n_inputs)
    assert first.targets.shape == (32, 8, 48) == first.weights.shape
    assert np.isfinite(first.x).all()
    assert (first.weights >= 0).all()
    assert first.weights.any()
    seasons = first.x[:, -1, stream.chunk[0].view.n_equivariant + 5]
    assert len(np.unique(seasons.round(3))) > 3
    assert not np.array_equal(first.x, stream.draw().x)


def test_steps_beyond_the_usual_horizon_have_a_lower_weight():
    """Their weight is a quarter of that of the other steps."""
    kind = Kind((1,), 1.0, (200, 200), 8)
    batch = Stream(1, 16, 0.0, n_series=16, kinds=(kind,)).draw()
    within, beyond = batch.weights[..., :8], batch.weights[..., 8:]
    assert set(np.unique(within)) <= {0.0, 1.0}
    assert set(np.unique(beyond)) <= {0.0, 0.25}
