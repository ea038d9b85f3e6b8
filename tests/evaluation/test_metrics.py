"""Metrics by hand and against utilsforecast; their edges."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import utilsforecast.losses as theirs

from forecastkit.evaluation import metrics as ours
from forecastkit.evaluation.scores import evaluate


@pytest.fixture
def backtest(rng):
    parts = []
    for name in "abc":
        days = pd.date_range("2024-01-01", periods=8)
        y = rng.normal(50, 10, 8)
        frame = {"unique_id": name, "ds": days, "y": y}
        for model in ("LSTM", "Naive"):
            frame[model] = y + rng.normal(0, 5, 8)
            frame[f"{model}-lo-80"], frame[f"{model}-hi-80"] = frame[model] - 6, frame[model] + 6
        parts.append(pd.DataFrame(frame))
    return pd.concat(parts, ignore_index=True)


@pytest.fixture
def train(rng):
    days = pd.date_range("2023-10-01", periods=60)
    return pd.concat(
        [pd.DataFrame({"unique_id": n, "ds": days, "y": rng.normal(50, 10, 60)}) for n in "abc"],
        ignore_index=True,
    )


def scores(backtest, metric, train=None, **options):
    table = evaluate(backtest, [metric], train_df=train, **options)
    return table[["LSTM", "Naive"]].to_numpy()


@pytest.mark.parametrize(
    ("name", "their", "factor"),
    [("mae", theirs.mae, 1), ("rmse", theirs.rmse, 1), ("smape", theirs.smape, 200)],
)
def test_plain_metrics_are_those_of_utilsforecast(name, their, factor, backtest):
    want = their(backtest, ["LSTM", "Naive"])[["LSTM", "Naive"]].to_numpy()
    np.testing.assert_allclose(scores(backtest, name), factor * want)


@pytest.mark.parametrize(("name", "their"), [("mase", theirs.mase), ("rmsse", theirs.rmsse)])
@pytest.mark.parametrize("season", [1, 7])
def test_scaled_metrics_are_those_of_utilsforecast(name, their, season, backtest, train):
    models = ["LSTM", "Naive"]
    want = their(backtest, models, seasonality=season, train_df=train)[models].to_numpy()
    np.testing.assert_allclose(scores(backtest, name, train, season_length=season), want)


def test_interval_metrics_are_those_of_utilsforecast(backtest):
    models = ["LSTM", "Naive"]
    want = theirs.coverage(backtest, models, 80)[models].to_numpy()
    np.testing.assert_allclose(scores(backtest, "coverage"), want)
    lows = {model: f"{model}-lo-80" for model in models}
    want = theirs.quantile_loss(backtest, lows, q=0.1)[models].to_numpy()
    got = evaluate(backtest, ["quantile_loss"])
    got = got[got["metric"] == "quantile_loss_q0.1"][models].to_numpy()
    np.testing.assert_allclose(got, want)


def test_rows_are_series_and_metrics(backtest, train):
    table = evaluate(backtest, ["smape", "mase", "coverage"], train_df=train)
    assert list(table.columns) == ["unique_id", "metric", "LSTM", "Naive"]
    assert table["metric"].tolist() == ["smape", "mase", "coverage_level80"] * 3


def test_the_scale_ends_at_the_cutoff(backtest, train):
    """A change after the cutoff does not reach the scale."""
    cutoff = train["ds"].max()
    backtest = backtest.assign(cutoff=cutoff - pd.Timedelta(days=20))
    changed = train.copy()
    changed.loc[changed["ds"] > cutoff - pd.Timedelta(days=20), "y"] *= 100
    np.testing.assert_array_equal(
        scores(backtest, "mase", train), scores(backtest, "mase", changed)
    )


@pytest.mark.parametrize("factor", [1e-9, 10.0, 1e9])
def test_scaled_metrics_have_no_unit(factor, rng):
    y, f, past = rng.normal(size=5), rng.normal(size=5), rng.normal(size=30)
    one, other = (ours.mase(a * y, a * f, ours.seasonal_error(a * past, 7)) for a in (1.0, factor))
    assert one == pytest.approx(other)


def test_a_perfect_forecast_scores_zero():
    y = np.array([1.0, 2.0, 0.0])
    assert (
        ours.mae(y, y) == ours.rmse(y, y) == ours.smape(y, y) == ours.quantile_loss(y, y, 0.1) == 0
    )


def test_the_interval_score_is_width_and_what_lies_outside():
    y = np.array([[1.0, 5.0, np.nan, -2.0]])
    low, high = np.zeros((1, 4)), np.full((1, 4), 3.0)
    # widths 3, 3, 3; outside by 0, 2, 2; 2 / a is 10 at 80 and 40 at 95 %
    np.testing.assert_allclose(ours.interval_score(y, low, high, 80), [3 + 10 * 4 / 3])
    np.testing.assert_allclose(ours.interval_score(y, low, high, 95), [3 + 40 * 4 / 3])


def test_what_is_not_defined_is_nan():
    y = np.array([1.0, 2.0])
    assert np.isnan(ours.mase(y, y, ours.seasonal_error(np.full(20, 3.0), 4)))
    assert np.isnan(ours.mae(np.array([np.nan]), np.array([1.0])))


def test_a_series_that_repeats_itself_has_no_scale(rng):
    y = np.tile(rng.normal(size=7), 20) * (1 + 1e-14 * rng.normal(size=140))
    assert np.isnan(ours.mase(y[:3], y[:3] + 1, ours.seasonal_error(y, 7)))


def test_a_forecast_that_is_nan_is_not_passed_over():
    assert np.isnan(ours.mae(np.array([1.0, 2.0]), np.array([1.0, np.nan])))


def test_early_series_have_a_scale():
    days = pd.date_range("1950-01-01", periods=30, freq="MS")
    train = pd.DataFrame({"unique_id": "a", "ds": days, "y": np.arange(30.0)})
    table = train.tail(2).assign(LSTM=28.0)
    score = evaluate(table, ["mase"], train_df=train)["LSTM"].iloc[0]
    assert score == pytest.approx(0.5 / 12)


def test_smape_of_huge_values_does_not_overflow():
    assert ours.smape(np.array([1e308]), np.array([-1e307])) == pytest.approx(200)
