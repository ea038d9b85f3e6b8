"""Synthetic series: reproducible, of all kinds and observation scales, with a known future law."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecastkit.network.config import pretrained_view
from forecastkit.pretraining.observation import COUNTED_FLOW, FLOW
from forecastkit.pretraining.prior import KINDS, PRIOR, Kind, Prior
from forecastkit.pretraining.stream import Sampling, Stream
from forecastkit.pretraining.synthetic import draw
from forecastkit.pretraining.trend import draw_trend
from forecastkit.series.windows import Windows

kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.season_lengths))
NOTHING = Prior(**{field.name: 0.0 for field in fields(Prior)})
SHORT = Kind((1,), 1.0, (60, 60), 8, counted=0.2)


@kinds
def test_series_depend_on_the_seed_only(kind):
    first, second = (draw(np.random.default_rng(3), 6, kind).panel for _ in range(2))
    np.testing.assert_array_equal(first.values, second.values)
    reseeded = draw(np.random.default_rng(4), 6, kind).panel
    assert not np.array_equal(first.values, reseeded.values, equal_nan=True)


@kinds
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_lengths_and_values_of_each_kind(kind, seed):
    panel = draw(np.random.default_rng(seed), 8, kind).panel
    shortest, longest = kind.lengths
    assert ((panel.lengths >= shortest) & (panel.lengths <= longest)).all()
    assert not np.isinf(panel.values).any()
    last = panel.values[panel.offsets[1:] - 1]
    assert not np.isnan(last).any()
    assert np.isnan(panel.values).mean() < 0.6


@kinds
def test_network_inputs_of_each_kind_are_finite(kind, rng):
    panel = draw(rng, 16, kind).panel
    windows = Windows.of_series(panel, pretrained_view(kind.season_lengths))
    series, ends = np.arange(16), panel.lengths - 1
    cutoffs = windows.cutoffs(series, ends)
    assert np.isfinite(windows.inputs(series, cutoffs)).all()
    assert np.isfinite(windows.baseline(series, cutoffs)).all()
    assert (windows.standard_error(cutoffs) > 0).all()


def test_seasons_repeat():
    """Changes are correlated with those of the season before, in many series strongly."""
    y = draw(np.random.default_rng(0), 200, KINDS[2], length=240).y
    level = np.nan_to_num(np.log(np.maximum(y, 1e-6)))
    changes = np.diff(level, axis=1)
    correlation = [
        np.corrcoef(row[12:], row[:-12])[0, 1]
        for row in changes
        if row[:-12].std() and row[12:].std()
    ]
    assert np.nanquantile(correlation, 0.85) > 0.4


def test_all_observation_scales_occur():
    series = draw(np.random.default_rng(1), 2000, SHORT)
    y = series.y
    assert 0.02 < (y < 0).any(axis=1).mean() < 0.25  # crossing zero
    is_whole = (y == np.round(y)).all(axis=1)
    assert 0.15 < is_whole.mean() < 0.5  # counts and rounded numbers
    assert (y == 0).mean(axis=1).max() > 0.5  # intermittent
    offsets = series.panel.offsets
    gaps = [np.isnan(series.panel.values[a:b]).any() for a, b in zip(offsets, offsets[1:])]  # noqa: RUF007, B905
    assert 0.05 < np.mean(gaps) < 0.4
    is_capped = (y == y.max(axis=1, keepdims=True)).sum(axis=1) >= 10
    assert is_capped.any()
    assert (np.diff(y, axis=1) >= 0).all(axis=1).mean() > 0.02  # cumulative and growing


def test_redrawn_innovations_give_the_path_that_the_recursions_give(rng):
    """The response is linear: a path with other innovations from a step on, by simulation."""
    kind, n, horizon = Kind((24,), 1.0, (80, 80), 48), 40, 12
    unit = np.full(n, 0.1)
    prior = replace(NOTHING, heavy_tails=0.5, unrest=0.5)
    path, innovations = draw_trend(np.random.default_rng(2), unit, 80, kind, prior, horizon)
    cutoff = 50
    other = innovations.standard.copy()
    other[..., cutoff + 1 :] = rng.permuted(other[..., cutoff + 1 :], axis=-1)
    difference = (other - innovations.standard) * innovations.scale
    expected = np.zeros((n, horizon))
    for k in range(horizon):
        for j in range(k + 1):
            expected[:, k] += (
                difference[:, :, cutoff + 1 + j] * innovations.response[:, :, k - j]
            ).sum(axis=1)

    class Chosen:
        """Gives the steps of the innovations in `other`, as if they had been drawn."""

        component = 0

        def integers(self, low, high, size):
            target = other[:, Chosen.component, cutoff + 1 : cutoff + 1 + horizon]
            source = innovations.standard[:, Chosen.component]
            Chosen.component += 1
            steps = np.abs(source[:, None] - target[..., None]).argmin(axis=-1)
            return steps[:, None, None]

    ahead = np.broadcast_to(cutoff + np.arange(1, horizon + 1), (n, 1, horizon))
    change = innovations.redraw(Chosen(), np.arange(n), ahead, 1)[:, 0, 0]
    np.testing.assert_allclose(change, expected, atol=1e-9)
    assert np.abs(change).max() > 1e-3
    assert path.shape == (n, 80)


@kinds
def test_the_path_itself_is_one_of_its_futures(kind):
    """With innovations as they were, and nothing else random, the future is the one drawn."""
    prior = replace(NOTHING, heavy_tails=0.5, changes=0.5, growth_curves=0.2)
    series = draw(np.random.default_rng(5), 30, replace(kind, counted=0.0), prior, 12, length=400)

    class Same:
        def integers(self, low, high, size):
            return np.broadcast_to(300 + np.arange(1, 13), size)

    futures = series.futures(Same(), np.arange(30), np.full((30, 1), 300), 12, 1)[:, 0, :, 0]
    np.testing.assert_allclose(futures, series.y[:, 301:313], rtol=1e-6, atol=1e-9)


def test_futures_of_cumulative_series_never_fall():
    prior = replace(NOTHING, cumulative=1.0, counts=1.0)
    series = draw(np.random.default_rng(0), 40, SHORT, prior, horizon=8)
    assert set(series.observation.form) == {FLOW, COUNTED_FLOW}
    assert (np.diff(series.y, axis=1) >= 0).all()
    steps = np.full((40, 2), 30)
    futures = series.futures(np.random.default_rng(1), np.arange(40), steps, 8, 5)
    assert (np.diff(futures, axis=2) >= 0).all()
    assert (futures[:, :, 0] >= series.y[:, 30][:, None, None]).all()


def test_held_values_are_held_in_the_future_too():
    prior = replace(NOTHING, held=1.0)
    series = draw(np.random.default_rng(0), 60, replace(SHORT, counted=0.0), prior, horizon=8)
    futures = series.futures(np.random.default_rng(1), np.arange(60), np.full((60, 1), 40), 8, 3)[
        :, 0
    ]
    held = series.held[:, 41]
    assert held.any()
    np.testing.assert_array_equal(futures[held, 0], np.repeat(series.y[held, 40:41], 3, axis=1))


@pytest.mark.parametrize("name", [field.name for field in fields(Prior)])
def test_each_component_can_be_left_out(name):
    """Without it, the series drawn from one seed are others."""
    kind = Kind((12,), 1.0, (120, 120), 12, counted=0.3)
    whole = draw(np.random.default_rng(0), 200, kind, PRIOR)
    without = draw(np.random.default_rng(0), 200, kind, replace(PRIOR, **{name: 0.0}))
    same = np.array_equal(whole.panel.values, without.panel.values, equal_nan=True)
    assert not same


def test_a_stream_is_reproducible_and_mixes_kinds():
    stream, other = (
        Stream(5, Sampling(32, target_stride=8, n_series=64, n_uses=2)) for _ in range(2)
    )
    first = stream.draw()
    for name, array in vars(first).items():
        np.testing.assert_array_equal(array, getattr(other.draw(), name) if name == "x" else array)
    assert first.x.shape == (32, 64, pretrained_view((1,)).n_inputs)
    assert first.targets.shape == (32, 8, 48, 4)
    assert first.weights.shape == (32, 8, 48)
    assert np.isfinite(first.x).all()
    assert np.isfinite(first.targets).all()
    assert (first.weights >= 0).all()
    assert first.weights.any()
    seasons = first.x[:, 7, stream.chunk[0][2].view.n_equivariant + 5]
    assert len(np.unique(seasons.round(3))) > 3
    assert not np.array_equal(first.x, stream.draw().x)


def test_steps_beyond_the_usual_horizon_have_a_lower_weight():
    """Their weight is a quarter of that of the other steps."""
    kind = Kind((1,), 1.0, (200, 200), 8)
    batch = Stream(1, Sampling(16, 0.0, n_series=16), (kind,)).draw()
    within, beyond = batch.weights[..., :8], batch.weights[..., 8:]
    assert set(np.unique(within)) <= {0.0, 1.0}
    assert set(np.unique(beyond)) <= {0.0, 0.25}
