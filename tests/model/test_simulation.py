"""Sample paths and totals: marginal distributions, dependence, groups."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
from forecastkit.cli.app import main

import forecastkit as fk
from forecastkit.errors import OptionError
from forecastkit.model.dependence import Dependence


def table(rng, ids=("a", "b", "c"), n=80, **columns):
    days = pd.date_range("2015-01-01", periods=n, freq="MS")
    parts = []
    for name in ids:
        y = 60 + rng.normal(0, 1, n).cumsum() + rng.normal(0, 2, n)
        parts.append(pd.DataFrame({"unique_id": name, "ds": days, "y": y, **columns}))
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def model():
    return fk.LSTMForecaster(h=6, preset="instant").train(table(np.random.default_rng(5)))


def test_paths_have_the_distribution_of_the_forecast(model, tmp_path):
    paths = model.simulate(n_paths=4000, seed=3)
    assert paths.columns.tolist() == ["unique_id", "ds", "sample_id", "LSTM"]
    forecast = model.predict(level=80).set_index(["unique_id", "ds"])
    grouped = paths.groupby(["unique_id", "ds"])["LSTM"]
    width = forecast["LSTM-hi-80"] - forecast["LSTM-lo-80"]
    for column, tau in (("LSTM", 0.5), ("LSTM-lo-80", 0.1), ("LSTM-hi-80", 0.9)):
        assert ((grouped.quantile(tau) - forecast[column]).abs() < 0.08 * width).all()
    model.save(tmp_path / "m.safetensors")
    same = fk.load(tmp_path / "m.safetensors").simulate(n_paths=4000, seed=3)
    pd.testing.assert_frame_equal(same, paths)
    assert not model.simulate(n_paths=4000, seed=4)["LSTM"].equals(paths["LSTM"])


def test_steps_and_series_depend_on_each_other():
    dependence = Dependence(common=0.5, decay=0.4, across=0.7)
    rng = np.random.default_rng(0)
    for joint in (True, False):
        z = dependence.draw(rng, 2, 5, 20_000, joint)
        expected = dependence.matrix(5)
        np.testing.assert_allclose(np.corrcoef(z[0]), expected, atol=0.03)
        assert abs(np.corrcoef(z[:, 2])[0, 1] - 0.7 * joint) < 0.03


def test_dependence_is_estimated():
    rng, truth = np.random.default_rng(1), Dependence(common=0.4, decay=0.6, across=0.5)
    scores = [truth.draw(rng, 30, 8, 1, joint=True)[..., 0] for _ in range(60)]
    windows = np.repeat(np.arange(60), 30)
    found = Dependence.of_scores(np.concatenate(scores), windows)
    assert abs(found.common - 0.4) < 0.12
    assert abs(found.decay - 0.6) < 0.15
    assert abs(found.across - 0.5) < 0.1
    assert Dependence.of_scores(np.full((3, 4), np.nan), np.zeros(3, int)) == Dependence()
    with pytest.raises(ValueError, match="common"):
        Dependence(common=1.5)


def test_totals_have_narrower_intervals_than_sums_of_bounds(model):
    total = fk.aggregate_forecast(model, level=[80, 95])
    forecast = model.predict(level=80)
    assert total["unique_id"].tolist() == ["total"]
    assert total["ds"].iloc[0] == forecast["ds"].max()
    assert abs(total["LSTM"].iloc[0] / forecast["LSTM"].sum() - 1) < 0.03
    width = (total["LSTM-hi-80"] - total["LSTM-lo-80"]).iloc[0]
    assert width < (forecast["LSTM-hi-80"] - forecast["LSTM-lo-80"]).sum()
    assert width < (total["LSTM-hi-95"] - total["LSTM-lo-95"]).iloc[0]


def test_totals_of_groups_add_up(model):
    whole = fk.aggregate_forecast(model)["LSTM"].iloc[0]
    by_series = fk.aggregate_forecast(model, by="unique_id")
    assert by_series["unique_id"].tolist() == ["a", "b", "c"]
    np.testing.assert_allclose(by_series["LSTM"].sum(), whole)
    groups = fk.aggregate_forecast(model, by={"a": "x", "b": "y", "c": "x"}, over=None)
    assert groups["unique_id"].tolist() == ["x"] * 6 + ["y"] * 6
    np.testing.assert_allclose(groups["LSTM"].sum(), whole)
    assert len(fk.aggregate_forecast(model, over=None, h=9)) == 9


def test_groups_can_be_a_static_covariate(rng):
    sales = table(rng)
    sales["region"] = sales["unique_id"].map({"a": "north", "b": "south", "c": "north"})
    model = fk.LSTMForecaster(h=3, preset="fast", stat_exog=["region"]).train(sales)
    groups = fk.aggregate_forecast(model, by="region")
    assert groups["region"].tolist() == ["north", "south"]


def test_paths_of_cumulative_counts_never_fall(rng):
    days = pd.date_range("2020-01-01", periods=90)
    counts = rng.poisson(4, 90).cumsum()
    model = fk.LSTMForecaster(h=14, preset="instant")
    model.train(pd.DataFrame({"unique_id": "a", "ds": days, "y": counts}))
    paths = model.simulate(n_paths=50)
    last = paths.pivot_table(index="ds", columns="sample_id", values="LSTM")
    assert (last.diff().iloc[1:] >= 0).all(axis=None)
    assert (last >= counts[-1]).all(axis=None)
    assert (last % 1 == 0).all(axis=None)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"by": "region"}, "static covariate"),
        ({"by": {"a": "x"}}, "no group"),
        ({"over": "weeks"}, "over"),
        ({"n_paths": 0}, "n_paths"),
    ],
    ids=str,
)
def test_invalid_requests_raise(model, arguments, message):
    with pytest.raises(OptionError, match=message):
        fk.aggregate_forecast(model, **arguments)


def test_the_command_writes_the_total(model, tmp_path, capsys):
    model.save(tmp_path / "m.safetensors")
    with pytest.raises(SystemExit) as exit_info:
        main(["predict", str(tmp_path / "m.safetensors"), "--total", "-H", "4"])
    assert not exit_info.value.code
    rows = pd.read_csv(io.StringIO(capsys.readouterr().out))
    assert rows.columns.tolist()[:3] == ["unique_id", "ds", "LSTM"]
    expected = fk.aggregate_forecast(model, h=4, level=[80, 95])
    np.testing.assert_allclose(rows["LSTM"], expected["LSTM"], rtol=1e-4)
