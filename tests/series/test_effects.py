"""Effects of covariates: estimated, shrunk, subtracted and added back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from forecastkit.series.covariates import Covariates
from forecastkit.series.effects import Adjusted
from forecastkit.series.effects_fit import estimate_effects
from forecastkit.series.panel import Panel
from forecastkit.series.ragged import Ragged
from forecastkit.series.scale import measure_scale


def beside(values, offsets, known_ahead=True):
    """Covariates of these rows, without static ones."""
    n = values.shape[1]
    marks = np.full(n, known_ahead) if np.ndim(known_ahead) == 0 else np.array(known_ahead)
    static = np.zeros((len(offsets) - 1, 0))
    return Covariates(Ragged(values, np.asarray(offsets)), static, marks, np.ones(n, bool))


def made(rng, n=20, length=80, ahead=6, effect=0.7, noise=0.1, unit=100.0, spread=0.2):
    """Series whose promotions multiply what a level and a season say."""
    values, rows = [], []
    for _ in range(n):
        promo = (rng.random(length + ahead) < 0.3).astype(float)
        price = np.exp(rng.normal(0, 0.15, length + ahead))
        own = effect + spread * rng.normal()
        t = np.arange(length + ahead)
        z = 0.004 * t + 0.3 * np.sin(2 * np.pi * t / 7) + own * promo - 1.5 * np.log(price)
        values.append(unit * np.exp(z + rng.normal(0, noise, length + ahead))[:length])
        rows.append(np.stack([price, promo], axis=1))
    offsets = np.arange(n + 1) * (length + ahead)
    return Panel(Ragged.of(values), beside(np.concatenate(rows), offsets))


def test_effects_are_found_on_the_scale(rng):
    panel = made(rng)
    scale = measure_scale(panel)
    effects = estimate_effects(panel, scale, (7,))
    usual = np.array([1.0, 0.0])
    rows = np.array([[1.0, 1.0], [1.1, 0.0]])
    terms = effects.terms(np.stack([usual, *rows]), np.array([1.0, 0.3]))
    found = (terms[1:] - terms[0]) @ effects.mean
    assert found[0] == pytest.approx(0.7, abs=0.1)  # the promotion
    assert found[1] == pytest.approx(-1.5 * np.log(1.1), abs=0.03)  # a price ten percent up
    adjusted = Adjusted.of(panel, effects).panel
    noise = np.diff(adjusted.values[:80]) - np.diff(
        0.3 * np.sin(2 * np.pi * np.arange(80) / 7)
    )  # what is left moves by the noise alone
    assert noise.std() < 0.22


def test_a_series_of_few_values_takes_what_the_others_say(rng):
    panel = made(rng)
    effects = estimate_effects(panel, measure_scale(panel), (7,))
    few = made(rng, n=1, length=6, noise=0.5)
    response = effects.of_series(few, measure_scale(few))
    np.testing.assert_allclose(response.coefficients[0], effects.mean, atol=0.15)


def test_columns_that_do_nothing_are_shrunk_away(rng):
    panel = made(rng)
    rows = panel.covariates.changing
    panel = Panel(panel.y, beside(rng.normal(size=(len(rows.values), 4)), rows.offsets))
    effects = estimate_effects(panel, measure_scale(panel), (7,))
    assert np.abs(effects.mean).max() < 0.05


def test_what_is_missing_counts_as_usual(rng):
    panel = made(rng)
    scale = measure_scale(panel)
    effects = estimate_effects(panel, scale, (7,))
    response = effects.of_series(panel, scale)
    row = np.array([[np.nan, np.nan]])
    at_centre = response._of(response.centre[:1], np.array([0]))
    np.testing.assert_allclose(response._of(row, np.array([0])), at_centre)


def test_values_after_the_cutoff_change_nothing(rng):
    """Neither targets nor covariates after the end of the past move its effects by a bit."""
    whole = made(rng)
    past = whole.drop_last(10)
    values, offsets = whole.covariates.changing.values.copy(), whole.covariates.changing.offsets
    values[np.arange(len(values)) % 86 >= 70] *= 3.0
    changed = Panel(whole.y, beside(values, offsets)).drop_last(10)
    found = [estimate_effects(one, measure_scale(one), (7,)) for one in (past, changed)]
    assert found[0].mean.tobytes() == found[1].mean.tobytes()
    under = [
        e.of_series(p, measure_scale(p)).past(p)
        for e, p in zip(found, (past, changed), strict=True)
    ]
    assert under[0].tobytes() == under[1].tobytes()


def test_a_column_for_networks_only_has_no_effect(rng):
    panel = made(rng)
    covariates = panel.covariates
    marks = np.ones(len(covariates.known_ahead), bool)
    marks[-1] = False
    still = replace(panel, covariates=replace(covariates, has_effect=marks))
    effects = estimate_effects(still, measure_scale(still), (7,))
    n_ahead = int(covariates.known_ahead.sum())
    assert effects.mean[n_ahead - 1] == 0.0
    assert n_ahead - 1 not in effects.pairs
    response = effects.of_series(still, measure_scale(still))
    assert np.abs(response.coefficients[:, n_ahead - 1]).max() < 1e-6
    assert np.abs(response.coefficients[:, 0]).max() > 0.01


def test_no_columns_no_effects(rng):
    panel = made(rng)
    scale = measure_scale(panel)
    assert estimate_effects(panel.alone(), scale, (7,)) is None
    rows = panel.covariates.changing
    historical = beside(rows.values, rows.offsets, known_ahead=False)
    assert not len(estimate_effects(Panel(panel.y, historical), scale, (7,)).mean)
    panel = Panel(panel.y, beside(np.ones_like(rows.values), rows.offsets))
    effects = estimate_effects(panel, scale, (7,))
    assert (effects.of_series(panel, scale).ahead(panel, 6) == 0).all()


def test_columns_of_the_past_are_not_seen_ahead():
    covariates = beside(np.arange(8.0).reshape(4, 2), [0, 4], known_ahead=[True, False])
    ahead = covariates.after(np.array([2]), 3)
    assert ahead[0, :2, 0].tolist() == [4.0, 6.0]
    assert np.isnan(ahead[0, 2]).all()
    assert np.isnan(ahead[..., 1]).all()
