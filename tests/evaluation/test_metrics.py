"""Metrics against utilsforecast and by hand; undefined values and extreme inputs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import utilsforecast.losses as reference

from forecastkit.evaluation import metrics
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
        [pd.DataFrame({"unique_id": k, "ds": days, "y": rng.normal(50, 10, 60)}) for k in "abc"],
        ignore_index=True,
    )


def scores(backtest, metric, train=None, **options):
    table = evaluate(backtest, [metric], train_df=train, **options)
    return table[["LSTM", "Naive"]].to_numpy()


@pytest.mark.parametrize(
    ("name", "loss", "factor"),
    [("mae", reference.mae, 1), ("rmse", reference.rmse, 1), ("smape", reference.smape, 200)],
)
def test_plain_metrics_match_utilsforecast(name, loss, factor, backtest):
    expected = loss(backtest, ["LSTM", "Naive"])[["LSTM", "Naive"]].to_numpy()
    np.testing.assert_allclose(scores(backtest, name), factor * expected)


@pytest.mark.parametrize(("name", "loss"), [("mase", reference.mase), ("rmsse", reference.rmsse)])
@pytest.mark.parametrize("m", [1, 7])
def test_scaled_metrics_match_utilsforecast(name, loss, m, backtest, train):
    models = ["LSTM", "Naive"]
    expected = loss(backtest, models, seasonality=m, train_df=train)[models].to_numpy()
    np.testing.assert_allclose(scores(backtest, name, train, season_length=m), expected)


def test_interval_metrics_match_utilsforecast(backtest):
    models = ["LSTM", "Naive"]
    expected = reference.coverage(backtest, models, 80)[models].to_numpy()
    np.testing.assert_allclose(scores(backtest, "coverage"), expected)
    lower = {model: f"{model}-lo-80" for model in models}
    expected = reference.quantile_loss(backtest, lower, q=0.1)[models].to_numpy()
    losses = evaluate(backtest, ["quantile_loss"])
    losses = losses[losses["metric"] == "quantile_loss_q0.1"][models].to_numpy()
    np.testing.assert_allclose(losses, expected)


def test_one_row_per_series_and_metric(backtest, train):
    table = evaluate(backtest, ["smape", "mase", "coverage"], train_df=train)
    assert list(table.columns) == ["unique_id", "metric", "LSTM", "Naive"]
    assert table["metric"].tolist() == ["smape", "mase", "coverage_level80"] * 3


def test_the_scale_ends_at_the_cutoff(backtest, train):
    """Values after the cutoff do not affect the scale."""
    cutoff = train["ds"].max()
    backtest = backtest.assign(cutoff=cutoff - pd.Timedelta(days=20))
    changed = train.copy()
    changed.loc[changed["ds"] > cutoff - pd.Timedelta(days=20), "y"] *= 100
    np.testing.assert_array_equal(
        scores(backtest, "mase", train), scores(backtest, "mase", changed)
    )


@pytest.mark.parametrize("factor", [1e-9, 10.0, 1e9])
def test_mase_is_scale_free(factor, rng):
    y, y_hat, past = rng.normal(size=5), rng.normal(size=5), rng.normal(size=30)
    original, rescaled = (
        metrics.mase(a * y, a * y_hat, metrics.seasonal_error(a * past, 7)) for a in (1.0, factor)
    )
    assert original == pytest.approx(rescaled)


def test_a_perfect_forecast_scores_zero():
    y = np.array([1.0, 2.0, 0.0])
    for metric in (metrics.mae, metrics.rmse, metrics.smape):
        assert metric(y, y) == 0
    assert metrics.quantile_loss(y, y, 0.1) == 0


def test_the_interval_score_is_the_width_and_a_penalty_outside():
    y = np.array([[1.0, 5.0, np.nan, -2.0]])
    low, high = np.zeros((1, 4)), np.full((1, 4), 3.0)
    # width 3 at each step, distances outside 0, 2, 2; 2 / a is 10 at 80 % and 40 at 95 %
    np.testing.assert_allclose(metrics.interval_score(y, low, high, 80), [3 + 10 * 4 / 3])
    np.testing.assert_allclose(metrics.interval_score(y, low, high, 95), [3 + 40 * 4 / 3])


def test_undefined_metrics_are_nan():
    y = np.array([1.0, 2.0])
    assert np.isnan(metrics.mase(y, y, metrics.seasonal_error(np.full(20, 3.0), 4)))
    assert np.isnan(metrics.mae(np.array([np.nan]), np.array([1.0])))


def test_mase_of_a_periodic_series_is_undefined(rng):
    y = np.tile(rng.normal(size=7), 20) * (1 + 1e-14 * rng.normal(size=140))
    assert np.isnan(metrics.mase(y[:3], y[:3] + 1, metrics.seasonal_error(y, 7)))


def test_a_nan_forecast_gives_nan():
    assert np.isnan(metrics.mae(np.array([1.0, 2.0]), np.array([1.0, np.nan])))


def test_mase_of_dates_before_1970():
    days = pd.date_range("1950-01-01", periods=30, freq="MS")
    train = pd.DataFrame({"unique_id": "a", "ds": days, "y": np.arange(30.0)})
    table = train.tail(2).assign(LSTM=28.0)
    score = evaluate(table, ["mase"], train_df=train)["LSTM"].iloc[0]
    assert score == pytest.approx(0.5 / 12)


def test_smape_of_huge_values_does_not_overflow():
    assert metrics.smape(np.array([1e308]), np.array([-1e307])) == pytest.approx(200)
