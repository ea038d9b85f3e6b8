"""After deployment: scores of past forecasts, drift, anomalies."""

from __future__ import annotations

import io
import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from forecastkit.cli.app import main

import forecastkit as fk
from forecastkit.errors import DataError, OptionError
from forecastkit.model.review import Score


def table(rng, n=120, ids=tuple("abcdefghijkl"), **columns):
    days = pd.date_range("2015-01-01", periods=n, freq="MS")
    parts = []
    for name in ids:
        y = 60 + 8 * np.sin(np.arange(n) * np.pi / 6) + rng.normal(0, 2, n)
        parts.append(pd.DataFrame({"unique_id": name, "ds": days, "y": y.round(2), **columns}))
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def whole():
    return table(np.random.default_rng(7))


@pytest.fixture(scope="module", params=[fk.AutoForecaster, fk.LSTMForecaster])
def model(request, whole):
    past = whole[whole["ds"] < "2024-07-01"]
    return request.param(h=6, preset="instant").train(past)


def test_a_score_is_that_of_the_forecast(model, whole, tmp_path):
    actual = whole[whole["ds"] >= "2024-07-01"]
    score = model.score(actual)
    forecast = model.predict(level=[80, 95])
    merged = actual.merge(forecast, on=["unique_id", "ds"])
    past = whole[whole["ds"] < "2024-07-01"]
    scores = fk.evaluate(
        merged.assign(cutoff=past["ds"].max()), ["mase", "coverage"], train_df=past
    )
    expected = scores[scores["metric"] == "mase"][model.name].mean()
    own, naive = score.table.to_dict("records")
    assert own["mase"] == pytest.approx(expected)
    assert float(score) == pytest.approx(-expected)
    assert own["mase"] < naive["mase"]
    assert own["n"] == 72
    assert 0.6 < own["coverage_level80"] <= own["coverage_level95"] <= 1
    assert "SeasonalNaive" in str(score)
    model.save(tmp_path / "m.safetensors")
    assert fk.load(tmp_path / "m.safetensors").score(actual) == score


def test_drift_is_seen(model, whole):
    actual = whole[whole["ds"] >= "2024-07-01"]
    usual, shifted = model.score(actual), model.score(actual.assign(y=actual["y"] + 15))
    assert usual.drift.low < 0.5
    assert shifted.drift.gain < shifted.drift.high < 0
    assert shifted < usual


def test_rows_of_the_history_are_ignored(model, whole):
    assert model.score(whole) == model.score(whole[whole["ds"] >= "2024-07-01"])
    with pytest.raises(DataError, match="No row is after"):
        model.score(whole[whole["ds"] < "2024-07-01"])


def test_scores_of_longer_and_incomplete_actuals(model, whole, rng):
    longer = table(rng, 126)
    actual = longer[longer["ds"] >= "2024-07-01"]
    actual = actual[(actual["unique_id"] != "a") & (actual["ds"].dt.month != 9)]
    score = model.score(actual)
    assert isinstance(score, Score)
    assert score.table["n"].iloc[0] == len(actual)


def test_anomalies_are_found(model, whole):
    changed = whole.copy()
    row = changed.index[(changed["unique_id"] == "c") & (changed["ds"] == "2023-05-01")][0]
    changed.loc[row, "y"] = 120.0
    fitted = type(model)(h=6, preset="instant").train(changed)
    found = fk.detect_anomalies(fitted, level=99)
    assert found.columns.tolist()[:3] == ["unique_id", "ds", "y"]
    spike = found[(found["unique_id"] == "c") & (found["ds"] == "2023-05-01")]
    assert spike["anomaly"].tolist() == [True]
    assert found["anomaly"].mean() < 0.06
    assert fk.detect_anomalies(fitted, level=50)["anomaly"].mean() > 0.3
    with pytest.raises(OptionError, match="level"):
        fk.detect_anomalies(fitted, level=0.99)


def test_anomalies_of_new_rows(model, whole):
    rows = whole[whole["ds"] >= "2024-07-01"].copy()
    rows.loc[rows.index[3], "y"] = 300.0
    found = fk.detect_anomalies(model, rows)
    latest = found[found["ds"] >= "2024-07-01"]
    assert len(latest) == len(rows)
    assert latest.loc[latest["y"] == 300, "anomaly"].all()


def test_covariates_explain_observations(rng):
    promo = (rng.random(240) < 0.1).astype(float)
    sales = table(rng, ids="ab", promo=0.0)
    sales["promo"] = promo
    sales["y"] += 40 * promo
    model = fk.LSTMForecaster(h=3, preset="instant", futr_exog=["promo"]).train(sales)
    found = fk.detect_anomalies(model, level=99).merge(sales, on=["unique_id", "ds"])
    assert found.loc[found["promo"] == 1, "anomaly"].mean() < 0.3
    assert model.score(sales.assign(ds=sales["ds"] + pd.DateOffset(years=10))) < 0


def test_the_commands(model, whole, tmp_path):
    path = str(tmp_path / "m.safetensors")
    model.save(path)
    actual = whole[whole["ds"] >= "2024-07-01"].copy()
    actual.to_csv(tmp_path / "actual.csv", index=False)
    result = CliRunner().invoke(main, ["score", path, str(tmp_path / "actual.csv"), "--json"])
    assert json.loads(result.stdout)["scores"][0]["n"] == 72
    result = CliRunner().invoke(main, ["score", path, str(tmp_path / "actual.csv")])
    assert "SeasonalNaive" in result.stdout
    actual.loc[actual.index[3], "y"] = 300.0
    actual.to_csv(tmp_path / "actual.csv", index=False)
    result = CliRunner().invoke(main, ["anomalies", path, str(tmp_path / "actual.csv")])
    assert "observations are outside their 99 % interval" in result.stderr
    rows = pd.read_csv(io.StringIO(result.stdout))
    assert 300.0 in rows["y"].tolist()
    assert "anomaly" not in rows
    every = CliRunner().invoke(main, ["anomalies", path, "--every-row", "--level", "95"])
    assert len(every.stdout.splitlines()) > 500


def test_model_selection_of_scikit_learn(whole):
    from sklearn.model_selection import GridSearchCV, cross_val_score

    split = fk.RollingOrigin(n_windows=2, h=6)
    grid = {"season_length": [12, 1]}
    model = fk.LSTMForecaster(h=6, preset="instant")
    search = GridSearchCV(model, grid, cv=split).fit(whole)
    assert search.best_params_ == {"season_length": 12}
    assert search.best_estimator_.predict()["ds"].min() == pd.Timestamp("2025-01-01")
    scores = cross_val_score(model.set_params(season_length=12), whole, cv=split)
    assert search.best_score_ == pytest.approx(scores.mean())
    last = whole["ds"] >= "2024-07-01"
    assert scores[-1] == pytest.approx(float(model.train(whole[~last]).score(whole[last])))


def test_rolling_origins_are_the_same_for_all_series(whole):
    shuffled = whole.sample(frac=1, random_state=0).rename(columns={"ds": "when"})
    splits = list(fk.RollingOrigin(3, 4, step_size=2, time_col="when").split(shuffled))
    assert len(splits) == fk.RollingOrigin(3, 4).get_n_splits() == 3
    for train, test in splits:
        assert shuffled["when"].iloc[train].max() < shuffled["when"].iloc[test].min()
        assert shuffled["when"].iloc[test].nunique() == 4
        assert len(test) == 4 * 12
    with pytest.raises(DataError, match="no column 'ds'"):
        next(fk.RollingOrigin().split(shuffled))
    with pytest.raises(DataError, match="too few"):
        next(fk.RollingOrigin(40, 4, time_col="when").split(shuffled))
    with pytest.raises(OptionError, match="n_windows"):
        fk.RollingOrigin(0)
