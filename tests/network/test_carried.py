"""A carried state gives the forecasts of the whole history, at a cost that does not grow."""

from __future__ import annotations

import numpy as np
import pytest

from forecastkit.layers.cells import CELLS
from forecastkit.network.carried import CarriedNetworks
from forecastkit.network.config import NetworkConfig, pretrained_view
from forecastkit.network.runtime import Member, network_quantiles
from forecastkit.series.panel import Panel
from forecastkit.series.view import View
from forecastkit.series.windows import Windows


def member_of(view, rng, cell="lstm"):
    network = NetworkConfig(cell, 6, view)
    weights = {
        name: rng.normal(0, 0.3, shape).astype("float32")
        for name, shape in network.weight_shapes().items()
    }
    return Member(network, weights)


def panel_of(rng, lengths, m, missing=0.05):
    series = []
    for n in lengths:
        y = rng.normal(size=n).cumsum() * 0.2 + 2 * rng.normal(size=m)[np.arange(n) % m]
        y[rng.random(n) < missing] = np.nan
        y[-1] = 1.0
        series.append(y)
    return Panel.of(series)


def from_history(member, panel, origins):
    windows = Windows.of(panel, member.network.view)
    series, ends = np.arange(panel.n_series), panel.lengths - 1
    origins = np.where(origins < 0, ends, origins)
    quantiles = network_quantiles(
        member.network, member.weights, windows, series, ends, origins=origins
    )
    return quantiles, windows.baseline(series, (panel.offsets[1:] - 1)[:, None])[:, 0]


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("seasons", [(1,), (12,), (24, 48), (7, 30), (52,)], ids=str)
def test_forecasts_are_those_of_the_whole_history(cell, seasons, rng):
    """After a history and after each of the observations that follow it."""
    member = member_of(pretrained_view(seasons, 5), rng, cell)
    lengths = np.array([160, 75, 9])
    whole = panel_of(rng, lengths + 30, max(seasons))
    carried = CarriedNetworks.of([member], whole.drop_last(30))
    rows = np.arange(3)
    for step in range(0, 31, 1 if cell == "lstm" else 10):
        past = whole.drop_last(30 - step) if step < 30 else whole
        while (carried.components.steps < past.lengths).any():
            t = carried.components.steps
            carried.advance(rows, whole.values[whole.offsets[:-1] + t])
        (quantiles,), windows = carried.quantiles(rows)
        expected, baseline = from_history(member, past, carried.origins)
        np.testing.assert_allclose(quantiles, expected, atol=2e-5, rtol=1e-5)
        ends = (windows.panel.offsets[1:] - 1)[:, None]
        np.testing.assert_allclose(windows.baseline(rows, ends)[:, 0], baseline, atol=1e-9)


def test_a_forecast_changes_no_state(rng):
    member = member_of(pretrained_view((24, 48), 5), rng)
    carried = CarriedNetworks.of([member], panel_of(rng, (140, 60), 24))
    (first,), _ = carried.quantiles(np.arange(2))
    (again,), _ = carried.quantiles(np.arange(2))
    np.testing.assert_array_equal(first, again)


def test_a_network_that_is_not_anchored_is_refused(rng):
    view = View(6, 4, (4,), 0.5, 12, 1)
    with pytest.raises(ValueError, match="anchored"):
        CarriedNetworks([member_of(view, rng)], 1)


@pytest.mark.parametrize("seasons", [(1,), (24, 48)], ids=str)
def test_states_computed_at_once_are_those_of_single_steps(seasons, rng):
    """For two networks, and a series that has too few values for a cutoff at first."""
    members = [member_of(pretrained_view(seasons, 5), rng, cell) for cell in ("lstm", "gru")]
    lengths = np.array([160, 75, 3])
    whole = panel_of(rng, lengths + 40, max(seasons))
    carried = CarriedNetworks.of(members, whole.drop_last(40))
    for t in lengths + np.arange(40)[:, None]:
        carried.advance(np.arange(3), whole.values[whole.offsets[:-1] + t])
    at_once = CarriedNetworks.of(members, whole, carried.origins)
    arrays = at_once.arrays()
    for name, array in carried.arrays().items():
        np.testing.assert_allclose(arrays[name], array, atol=2e-5, err_msg=name)
    same = CarriedNetworks.from_arrays(members, arrays)
    pairs = (each.quantiles(np.arange(3))[0] for each in (same, at_once))
    for mine, other in zip(*pairs, strict=True):
        np.testing.assert_array_equal(mine, other)
