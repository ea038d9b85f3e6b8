"""The parts of a forecast add up to it."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from forecastkit.cli.app import main

import forecastkit as fk
from forecastkit.errors import OptionError


@pytest.fixture(scope="module")
def shop():
    rng = np.random.default_rng(4)
    days = pd.date_range("2023-01-02", periods=150)
    parts = []
    for name in "ab":
        promo = (rng.random(150) < 0.2).astype(float)
        price = rng.uniform(1, 2, 150).round(2)
        y = (40 + 10 * np.isin(days.day_of_week, [5, 6])) * np.exp(0.5 * promo - 0.3 * price)
        y = (y + rng.normal(0, 1, 150)).round()
        frame = {"unique_id": name, "ds": days, "y": y, "price": price, "promo": promo}
        parts.append(pd.DataFrame(frame))
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("forecaster", [fk.AutoForecaster, fk.LSTMForecaster])
def test_parts_add_up_to_the_forecast(forecaster, shop):
    model = forecaster(h=5, preset="instant", futr_exog=["price", "promo"]).train(shop)
    future = fk.make_future_dataframe(model).assign(price=1.2, promo=1.0)
    forecast = model.predict(futr_df=future).set_index("unique_id")[model.name]
    for name in "ab":
        for step in (1, 5):
            parts = fk.explain(model, name, step, futr_df=future)
            assert parts["total"].iloc[-1] == pytest.approx(forecast[name].iloc[step - 1])
            assert parts["contribution"].sum() == pytest.approx(parts["total"].iloc[-1])
            by_name = parts.set_index("part")["contribution"]
            assert by_name["promo"] > 5
            assert by_name["price"] > 0  # the price is below its mean
    lower = fk.explain(model, "a", 1, futr_df=future.assign(promo=0.0)).set_index("part")
    assert lower.loc["promo", "contribution"] < 0


def test_the_season_is_that_of_the_step(shop):
    model = fk.LSTMForecaster(h=7, preset="instant").train(shop)
    season = [
        fk.explain(model, "a", k).set_index("part")["contribution"].get("season", 0.0)
        for k in range(1, 8)
    ]
    first = pd.Timestamp("2023-01-02") + pd.Timedelta(days=150)
    weekend = [(first + pd.Timedelta(days=k)).day_of_week >= 5 for k in range(7)]
    assert np.mean(np.array(season)[weekend]) > np.mean(np.array(season)[np.invert(weekend)])


def test_invalid_requests_raise(shop):
    model = fk.LSTMForecaster(h=3, preset="instant").train(shop)
    with pytest.raises(OptionError, match="no series 'c'"):
        fk.explain(model, "c")
    with pytest.raises(OptionError, match="no series None"):
        fk.explain(model)
    with pytest.raises(OptionError, match="step 4"):
        fk.explain(model, "a", 4)


def test_the_command(shop, tmp_path):
    path = str(tmp_path / "m.safetensors")
    fk.AutoForecaster(h=3, preset="instant").train(shop).save(path)
    result = CliRunner().invoke(main, ["inspect", path, "--explain", "a", "--step", "2"])
    assert result.stdout.splitlines()[0].split() == ["part", "contribution", "total"]
    result = CliRunner().invoke(main, ["inspect", path, "--explain", "a", "--json"])
    rows = json.loads(result.stdout)
    assert rows[-1]["total"] == fk.load(path).predict()["Auto"].iloc[0]
