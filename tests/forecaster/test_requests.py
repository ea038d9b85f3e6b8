"""What a fitted model can be asked for: other horizons, quantiles, the mean."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from forecastkit.cli.app import main

import forecastkit as fk
from forecastkit.errors import DataError, OptionError


def table(rng, n=90, **columns):
    days = pd.date_range("2015-01-01", periods=n, freq="MS")
    y = 50 + 9 * np.sin(np.arange(n) * np.pi / 6) + rng.normal(0, 1, n)
    return pd.DataFrame({"unique_id": "a", "ds": days, "y": y.round(2), **columns})


@pytest.fixture(scope="module")
def sales():
    return table(np.random.default_rng(0))


@pytest.fixture(scope="module", params=[fk.AutoForecaster, fk.LSTMForecaster])
def model(request, sales):
    return request.param(h=6, preset="instant").train(sales)


def test_another_horizon_gives_the_forecast_of_a_fit_with_it(sales, model):
    """Shorter ones are the first steps; longer ones are those of the pretrained network."""
    name = model.name
    short = model.predict(h=2, level=80)
    pd.testing.assert_frame_equal(short, model.predict(level=80).head(2))
    longer = model.predict(h=30, level=80)
    assert len(longer) == 30
    refitted = type(model)(h=30, preset="instant").train(sales)
    if name == "LSTM":
        np.testing.assert_allclose(longer[name], refitted.predict()[name])
    width = longer[f"{name}-hi-80"] - longer[f"{name}-lo-80"]
    assert width.iloc[-6:].mean() > width.iloc[:6].mean()
    season = longer[name].iloc[:24].to_numpy()
    assert np.corrcoef(season[:12], season[12:])[0, 1] > 0.8
    assert model.h == 6


def test_a_longer_horizon_of_changed_networks_repeats_their_corrections(sales):
    from dataclasses import replace

    from forecastkit.network.pretrained import with_horizon
    from forecastkit.network.runtime import Member

    model = fk.LSTMForecaster(h=14, preset="instant").train(sales)
    (member,) = model.model_.blend.members
    rng = np.random.default_rng(1)
    bias = member.weights["head/bias"] + rng.normal(0, 0.1, member.weights["head/bias"].shape)
    changed = Member(member.network, {**member.weights, "head/bias": bias.astype("f")})
    part = replace(model.model_.blend.parts[0], members=(changed,))
    model.model_ = replace(model.model_, blend=replace(model.model_.blend, parts=(part,)))
    np.testing.assert_allclose(model.predict(h=30)["LSTM"].head(14), model.predict()["LSTM"])
    _, weights = with_horizon(changed.network, changed.weights, 30)
    biases = weights["head/bias"].reshape(30, -1)
    np.testing.assert_array_equal(biases[14:26], biases[2:14])


def test_states_are_carried_on_to_another_horizon(sales, model, tmp_path):
    model = type(model)(h=6, preset="instant").train(sales.head(80))
    model.update(sales.iloc[80:])
    expected = model.predict(h=9)
    model.save(tmp_path / "m.safetensors")
    pd.testing.assert_frame_equal(fk.load(tmp_path / "m.safetensors").predict(h=9), expected)
    pd.testing.assert_frame_equal(expected.head(6), model.predict())


@pytest.mark.parametrize("h", [0, -1, 2.5, True, 10**6])
def test_an_invalid_horizon_raises(model, h):
    with pytest.raises(OptionError, match="h .* is not a whole number"):
        model.predict(h=h)


def test_quantiles_are_those_of_the_intervals(model):
    name = model.name
    forecast = model.predict(level=80, quantiles=[0.9, 0.1, 0.5, 0.025])
    assert [*forecast.columns[5:]] == [f"{name}-q-{q}" for q in ("2.5", "10", "50", "90")]
    np.testing.assert_allclose(forecast[f"{name}-q-10"], forecast[f"{name}-lo-80"])
    np.testing.assert_allclose(forecast[f"{name}-q-90"], forecast[f"{name}-hi-80"])
    np.testing.assert_allclose(forecast[f"{name}-q-50"], forecast[name])
    with pytest.raises(OptionError, match=r"quantiles=0\.9"):
        model.predict(quantiles=90)
    with pytest.raises(OptionError, match="point"):
        model.predict(point="mode")


def test_the_mean_of_skewed_forecasts_is_above_the_median():
    rng = np.random.default_rng(3)
    y = np.exp(rng.normal(3, 0.8, 120)).round(2)
    days = pd.date_range("2015-01-01", periods=120, freq="MS")
    skewed = pd.DataFrame({"unique_id": "a", "ds": days, "y": y})
    model = fk.LSTMForecaster(h=6, preset="instant").train(skewed)
    mean = model.predict(point="mean")["LSTM"]
    assert (mean > 1.1 * model.predict()["LSTM"]).all()
    assert (mean < model.predict(quantiles=0.95)["LSTM-q-95"]).all()


def test_future_covariates_are_needed_for_all_steps(rng):
    price = rng.uniform(1, 2, 90).round(2)
    sales = table(rng, price=price)
    sales["y"] -= 8 * price
    model = fk.LSTMForecaster(h=3, preset="instant", futr_exog=["price"]).train(sales)
    if not model.missing_future:
        pytest.skip("the covariate is not used")
    with pytest.raises(DataError, match="price"):
        model.predict(h=5, futr_df=fk.make_future_dataframe(model).assign(price=1.5))
    future = fk.make_future_dataframe(model, h=5).assign(price=1.5)
    assert len(model.predict(h=5, futr_df=future)) == 5


def test_the_command_takes_horizon_quantiles_and_point(model, tmp_path, capsys):
    path = str(tmp_path / "m.safetensors")
    model.save(path)
    options = ["-H", "3", "--level", "80,95", "--quantiles", ".1,.9", "--point", "mean"]
    with pytest.raises(SystemExit) as exit_info:
        main(["predict", path, *options])
    assert not exit_info.value.code
    header, *rows = capsys.readouterr().out.splitlines()
    assert len(rows) == 3
    for name in ("lo-80", "hi-95", "q-10", "q-90"):
        assert f"{model.name}-{name}" in header
    for wrong in (["--level", "80,x"], ["--quantiles", "1.5"], ["--level", "0.8"]):
        with pytest.raises(SystemExit) as exit_info:
            main(["predict", path, *wrong])
        assert exit_info.value.code == 2
