"""Effects of covariates: estimation, shrinkage and regression adjustment."""

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


def covariates_of(values, offsets, known_ahead=True):
    """Covariates with the given rows, without static ones."""
    n = values.shape[1]
    is_known = np.full(n, known_ahead) if np.ndim(known_ahead) == 0 else np.array(known_ahead)
    static = np.zeros((len(offsets) - 1, 0))
    return Covariates(Ragged(values, np.asarray(offsets)), static, is_known, np.ones(n, bool))


def simulated(rng, n=20, length=80, h=6, effect=0.7, noise=0.1, unit=100.0, effect_std=0.2):
    """Series with trend, weekly season, and multiplicative effects of promotions and prices."""
    values, rows = [], []
    for _ in range(n):
        promo = (rng.random(length + h) < 0.3).astype(float)
        price = np.exp(rng.normal(0, 0.15, length + h))
        promo_effect = effect + effect_std * rng.normal()
        t = np.arange(length + h)
        season = 0.3 * np.sin(2 * np.pi * t / 7)
        z = 0.004 * t + season + promo_effect * promo - 1.5 * np.log(price)
        values.append(unit * np.exp(z + rng.normal(0, noise, length + h))[:length])
        rows.append(np.stack([price, promo], axis=1))
    offsets = np.arange(n + 1) * (length + h)
    return Panel(Ragged.of(values), covariates_of(np.concatenate(rows), offsets))


def test_effects_are_estimated_on_the_transformed_scale(rng):
    panel = simulated(rng)
    scale = measure_scale(panel)
    effects = estimate_effects(panel, scale, (7,))
    reference = np.array([1.0, 0.0])
    rows = np.array([[1.0, 1.0], [1.1, 0.0]])
    terms = effects.terms(np.stack([reference, *rows]), np.array([1.0, 0.3]))
    estimates = (terms[1:] - terms[0]) @ effects.mean
    assert estimates[0] == pytest.approx(0.7, abs=0.1)  # of a promotion
    assert estimates[1] == pytest.approx(-1.5 * np.log(1.1), abs=0.03)  # of a 10 % higher price
    adjusted = Adjusted.of(panel, effects).panel
    season = 0.3 * np.sin(2 * np.pi * np.arange(80) / 7)
    noise = np.diff(adjusted.values[:80]) - np.diff(season)
    assert noise.std() < 0.22


def test_coefficients_of_a_short_series_are_shrunk_to_the_mean(rng):
    panel = simulated(rng)
    effects = estimate_effects(panel, measure_scale(panel), (7,))
    short = simulated(rng, n=1, length=6, noise=0.5)
    series_effects = effects.of_series(short, measure_scale(short))
    np.testing.assert_allclose(series_effects.coefficients[0], effects.mean, atol=0.15)


def test_coefficients_of_irrelevant_columns_are_shrunk_to_zero(rng):
    panel = simulated(rng)
    rows = panel.covariates.changing
    noise = rng.normal(size=(len(rows.values), 4))
    panel = Panel(panel.y, covariates_of(noise, rows.offsets))
    effects = estimate_effects(panel, measure_scale(panel), (7,))
    assert np.abs(effects.mean).max() < 0.05


def test_missing_covariates_are_replaced_by_the_mean(rng):
    panel = simulated(rng)
    scale = measure_scale(panel)
    effects = estimate_effects(panel, scale, (7,))
    series_effects = effects.of_series(panel, scale)
    missing = np.array([[np.nan, np.nan]])
    at_mean = series_effects._effect(series_effects.centre[:1], np.array([0]))
    np.testing.assert_allclose(series_effects._effect(missing, np.array([0])), at_mean)


def test_later_values_do_not_change_effects(rng):
    """Effects do not depend on targets or covariates after the cutoff."""
    whole = simulated(rng)
    past = whole.drop_last(10)
    values, offsets = whole.covariates.changing.values.copy(), whole.covariates.changing.offsets
    values[np.arange(len(values)) % 86 >= 70] *= 3.0
    changed = Panel(whole.y, covariates_of(values, offsets)).drop_last(10)
    panels = (past, changed)
    effects = [estimate_effects(panel, measure_scale(panel), (7,)) for panel in panels]
    assert effects[0].mean.tobytes() == effects[1].mean.tobytes()
    past_effects = [
        fitted.of_series(panel, measure_scale(panel)).past(panel)
        for fitted, panel in zip(effects, panels, strict=True)
    ]
    assert past_effects[0].tobytes() == past_effects[1].tobytes()


def test_a_network_only_column_has_no_effect(rng):
    panel = simulated(rng)
    covariates = panel.covariates
    has_effect = np.ones(len(covariates.known_ahead), bool)
    has_effect[-1] = False
    panel = replace(panel, covariates=replace(covariates, has_effect=has_effect))
    effects = estimate_effects(panel, measure_scale(panel), (7,))
    n_ahead = int(covariates.known_ahead.sum())
    assert effects.mean[n_ahead - 1] == 0.0
    assert n_ahead - 1 not in effects.pairs
    series_effects = effects.of_series(panel, measure_scale(panel))
    assert np.abs(series_effects.coefficients[:, n_ahead - 1]).max() < 1e-6
    assert np.abs(series_effects.coefficients[:, 0]).max() > 0.01


def test_without_future_columns_there_are_no_effects(rng):
    panel = simulated(rng)
    scale = measure_scale(panel)
    assert estimate_effects(panel.alone(), scale, (7,)) is None
    rows = panel.covariates.changing
    historical = covariates_of(rows.values, rows.offsets, known_ahead=False)
    assert not len(estimate_effects(Panel(panel.y, historical), scale, (7,)).mean)
    panel = Panel(panel.y, covariates_of(np.ones_like(rows.values), rows.offsets))
    effects = estimate_effects(panel, scale, (7,))
    assert (effects.of_series(panel, scale).ahead(panel, 6) == 0).all()


def test_historical_columns_are_missing_after_the_cutoff():
    covariates = covariates_of(np.arange(8.0).reshape(4, 2), [0, 4], known_ahead=[True, False])
    ahead = covariates.after(np.array([2]), 3)
    assert ahead[0, :2, 0].tolist() == [4.0, 6.0]
    assert np.isnan(ahead[0, 2]).all()
    assert np.isnan(ahead[..., 1]).all()
