"""Covariates: roles, effects, forecasts, model files, the command line, and leakage."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from forecastkit.cli.app import main
from sklearn.base import clone

import forecastkit as fk
from forecastkit.errors import DataError
from forecastkit.tables.events import holiday_events


@pytest.fixture(scope="module")
def shop():
    """Sales of 12 products on 150 days; price and promotion are known 14 days in advance."""
    rng = np.random.default_rng(5)
    parts = []
    for k in range(12):
        days = pd.date_range("2024-01-01", periods=164)
        t = np.arange(164)
        promo = (rng.random(164) < 0.2).astype(int)
        price = np.round(4 + 0.5 * rng.random() + 0.4 * (rng.random(164) < 0.3), 2)
        rain = rng.random(164)
        z = 3 + 0.2 * np.sin(2 * np.pi * t / 7 + k) + 0.8 * promo - 1.2 * np.log(price / 4)
        y = np.round(np.exp(z + 0.15 * rng.normal(size=164)))
        y[150:] = np.nan
        rain[150:] = np.nan
        part = {"unique_id": f"P{k:02}", "ds": days, "y": y, "price": price, "promo": promo}
        parts.append(pd.DataFrame({**part, "rain": rain, "shelf": f"S{k % 3}"}))
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module", params=[fk.LSTMForecaster, fk.AutoForecaster])
def fitted(request, shop):
    return request.param(h=14, preset="instant").fit(shop)


def test_roles_are_inferred_and_reported(fitted):
    roles = {column["name"]: column["role"] for column in fitted.facts["covariates"]}
    expected = {
        "price": "futr_exog",
        "promo": "futr_exog",
        "rain": "hist_exog",
        "shelf": "stat_exog",
    }
    assert roles == expected
    notes = " ".join(note["what"] for note in fitted.assumptions)
    assert "column 'promo' is a future covariate, known in advance" in notes


def test_the_ablation_is_on_the_scoreboard(fitted):
    board = fitted.scoreboard.set_index("model")["mase"]
    ablated = board[f"{fitted.name} without covariates"]
    assert board[fitted.name] < 0.8 * ablated
    assert board["Theta"] > board[fitted.name]  # the baseline does not use covariates
    model = type(fitted)(h=14, preset="instant")
    assert len(model.fit(fitted_table(fitted), ablation=False).scoreboard) == len(board) - 1


def fitted_table(fitted):
    """Return the history of a fitted model as a table, including its future rows."""
    data = fitted.model_.history
    rows = data.panel.covariates.changing
    ds = data.index.timestamps(data.index.first[rows.owner] + rows.steps)
    y = np.full(len(ds), np.nan)
    y[rows.steps < data.panel.lengths[rows.owner]] = data.panel.values
    names = [column.name for column in data.schema.changing]
    table = pd.DataFrame({"unique_id": data.index.ids[rows.owner], "ds": ds, "y": y})
    return pd.concat([table, pd.DataFrame(rows.values, columns=names)], axis=1)


def test_a_promotion_multiplies_the_forecast(fitted):
    rows = fk.make_future_dataframe(fitted)
    low, high = (fitted.predict(futr_df=rows.assign(promo=value)) for value in (0, 1))
    ratio = high[fitted.name].sum() / low[fitted.name].sum()
    assert ratio == pytest.approx(np.exp(0.8), rel=0.15)
    curves = fk.effect_curves(fitted).set_index("covariate")
    assert curves.loc["promo", "change"] == pytest.approx(100 * (ratio - 1), rel=0.2)
    assert curves.loc["price", "change"] < -3


def test_a_model_file_stores_covariates(fitted, shop, tmp_path):
    fitted.save(tmp_path / "m.safetensors")
    loaded = fk.load(tmp_path / "m.safetensors")
    expected = fitted.predict(level=[80])
    pd.testing.assert_frame_equal(loaded.predict(level=[80]), expected)
    pd.testing.assert_frame_equal(loaded.predict(shop, level=[80]), expected)
    pd.testing.assert_frame_equal(fk.effect_curves(loaded), fk.effect_curves(fitted))


def test_missing_future_values_are_listed(fitted, shop):
    incomplete = shop[shop["ds"] < shop["ds"].max()]
    with pytest.raises(DataError, match=r"'P00' at 2024-06-12: price, promo; .*9 more\)"):
        fitted.predict(incomplete)


def test_values_after_the_cutoff_do_not_leak(fitted, shop):
    """Targets and historical covariates after the cutoff do not change the forecast."""
    rng = np.random.default_rng(1)
    cutoff = pd.Timestamp("2024-05-15")
    past = shop[shop["ds"] <= cutoff]
    horizon = shop[(shop["ds"] > cutoff) & (shop["ds"] <= cutoff + pd.Timedelta(days=14))]
    model = type(fitted)(h=14, preset="instant", futr_exog=["price", "promo"])
    forecasts = []
    for noise in (0.0, 1000.0):
        future = horizon.copy()
        for name in ("y", "rain"):
            future[name] += noise * rng.random(len(horizon))
        changed = pd.concat([past, shop[shop["ds"] > cutoff].assign(y=noise, rain=noise)])
        forecasts.append(model.train(past).predict(futr_df=future, level=[80]))
        cv = fk.cross_validation(model, changed.sort_values(["unique_id", "ds"]), 1, level=[80])
        assert len(cv)
    pd.testing.assert_frame_equal(*forecasts, check_exact=True)


def test_backtests_use_future_covariates(shop):
    observed = shop[shop["y"].notna()]
    names = {"futr_exog": ["price", "promo"], "hist_exog": ["rain"]}
    models = [
        fk.LSTMForecaster(h=7, preset="instant", **names),
        fk.LSTMForecaster(h=7, preset="instant", alias="plain", hist_exog=["price", "promo"]),
    ]
    cv = fk.cross_validation(models, observed, n_windows=3)
    error = (cv[["LSTM", "plain"]].sub(cv["y"], axis=0)).abs().mean()
    assert error["LSTM"] < 0.8 * error["plain"]
    n_rows = cv.groupby("unique_id").size()
    assert (n_rows == 21).all()


def test_backtests_do_not_use_targets_after_the_cutoff(shop):
    observed = shop[shop["y"].notna()].reset_index(drop=True)
    changed = observed.copy()
    last = observed["ds"] > observed["ds"].max() - pd.Timedelta(days=7)
    changed.loc[last, ["y", "rain"]] = 9999.0
    model = fk.AutoForecaster(h=7, preset="instant", futr_exog=["price", "promo"])
    first, second = (
        fk.cross_validation(model, df, n_windows=1, level=80) for df in (observed, changed)
    )
    columns = ["Auto", "Auto-lo-80", "Auto-hi-80"]
    pd.testing.assert_frame_equal(first[columns], second[columns], check_exact=True)


def test_holidays_are_stored_in_the_model(shop, tmp_path):
    days = pd.date_range("2021-01-01", "2023-12-20")
    rng = np.random.default_rng(0)
    y = 100 + 10 * np.sin(2 * np.pi * np.arange(len(days)) / 7) + rng.normal(0, 2, len(days))
    table = pd.DataFrame({"unique_id": "a", "ds": days, "y": y})
    is_holiday = days.strftime("%Y-%m-%d").isin(holiday_events(table, "US")["public holiday"])
    table = table.assign(y=y * np.where(is_holiday, 0.3, 1.0))
    model = fk.LSTMForecaster(h=14, preset="instant", holidays="US").fit(table)
    model.save(tmp_path / "m.safetensors")
    forecast = fk.load(tmp_path / "m.safetensors").predict().set_index("ds")["LSTM"]
    assert forecast["2023-12-25"] < 55
    assert forecast["2023-12-27"] > 80
    earlier = fk.load(tmp_path / "m.safetensors").predict(table[table["ds"] < "2023-12-10"])
    assert earlier["LSTM"].notna().all()


def invalid_futures():
    """Return changes that make a table of future rows invalid, and the error messages."""
    return [
        (lambda f: f.drop(columns="ds"), "no column 'ds'"),
        (lambda f: f.drop(columns="price"), "no column 'price'"),
        (lambda f: "future.csv", "futr_df is a str, not a pandas DataFrame"),
        (lambda f: f.assign(ds="soon"), "column 'ds': 'soon' is not a timestamp"),
        (lambda f: f.assign(ds=1.5), "column 'ds': '1.5' is not a timestamp"),
        (lambda f: f.assign(ds=f["ds"] + pd.Timedelta(hours=3)), "does not match frequency D"),
        (lambda f: f.assign(ds=f["ds"].dt.tz_localize("UTC")), "time zone UTC"),
        (
            lambda f: pd.concat([f, f.assign(price=1.0)]),
            "Series 'P00' has more than one future row",
        ),
        (lambda f: f.assign(price="4,20"), "column 'price': '4,20' is not a number"),
        (lambda f: f.assign(price=np.inf), "is not a finite number"),
        (lambda f: f.assign(promo=np.nan), "'P00' at 2024-05-30: promo"),
    ]


@pytest.mark.parametrize(("change", "message"), invalid_futures())
def test_invalid_future_rows_raise(change, message, fitted):
    future = fk.make_future_dataframe(fitted)
    with pytest.raises(DataError, match=message):
        fitted.predict(futr_df=change(future))


def test_future_rows_in_any_order_with_superfluous_ones(fitted):
    future = fk.make_future_dataframe(fitted)
    expected = fitted.predict(futr_df=future)
    other = future[future["unique_id"] == "P00"].assign(unique_id="other")
    shuffled = pd.concat([future.sample(frac=1, random_state=1), other])
    past = future.assign(ds=future["ds"] - pd.Timedelta(days=30), price=np.nan)
    with_text = pd.concat([shuffled, past]).assign(ds=lambda f: f["ds"].astype(str))
    pd.testing.assert_frame_equal(fitted.predict(futr_df=with_text), expected)


def test_a_table_with_static_covariates_only(shop):
    observed = shop.loc[shop["y"].notna(), ["unique_id", "ds", "y", "shelf"]]
    model = fk.AutoForecaster(h=7, preset="instant").fit(observed)
    assert [column["role"] for column in model.facts["covariates"]] == ["stat_exog"]
    assert model.predict()["Auto"].notna().all()


def test_backtests_use_holidays(shop):
    observed = shop[shop["y"].notna()]
    model = fk.LSTMForecaster(h=7, preset="instant", futr_exog=["price", "promo"], holidays="US")
    cv = fk.cross_validation(model, observed, n_windows=2)
    assert cv["LSTM"].notna().all()


def test_events_are_an_argument_of_the_forecaster(shop):
    """A clone has them; the attributes of the table are not needed."""
    fair = pd.DataFrame({"date": ["2024-02-02", "2024-03-08", "2024-05-01"], "event": "fair"})
    model = clone(fk.LSTMForecaster(h=7, preset="instant", holidays="US", events=fair))
    assert repr(model).endswith("holidays='US', events=DataFrame, preset='instant')")
    observed = pd.concat([shop[shop["y"].notna()]])
    observed.attrs = {}
    names = {column["name"] for column in model.train(observed).facts["covariates"]}
    assert {"public holiday", "fair"} <= names
    invalid = clone(model).set_params(events=fair.rename(columns={"event": "name"}))
    with pytest.raises(DataError, match="no column 'event'"):
        invalid.fit(observed)


def test_values_after_the_cutoff_do_not_decide_whether_a_column_leaks(shop):
    """A column that leaks the target before the cutoff is dropped in any case."""
    observed = shop[shop["y"].notna()].reset_index(drop=True)
    last = observed["ds"] > observed["ds"].max() - pd.Timedelta(days=7)
    leaking = observed.assign(twin=2 * observed["y"])
    changed = leaking.assign(y=observed["y"].where(~last, 3 * observed["y"] + 1))
    model = fk.LSTMForecaster(h=7, preset="instant")
    first, second = (fk.cross_validation(model, df, n_windows=1) for df in (leaking, changed))
    pd.testing.assert_series_equal(first["LSTM"], second["LSTM"], check_exact=True)


@pytest.fixture(scope="module")
def trained():
    """A table whose target depends on the previous value of `rain`, and a model trained on it."""
    rng, parts = np.random.default_rng(2), []
    for k in range(40):
        rain = rng.normal(size=90)
        y = 100 * np.exp(0.3 * np.roll(rain, 1) + 0.02 * rng.normal(size=90))
        days = pd.date_range("2024-01-01", periods=90)
        part = {"unique_id": f"P{k:02}", "ds": days, "y": y, "rain": rain, "kind": "ab"[k % 2]}
        parts.append(pd.DataFrame(part))
    table = pd.concat(parts, ignore_index=True)
    return table, fk.LSTMForecaster(h=2, preset="scratch", seed=1).train(table)


def test_a_network_uses_historical_covariates(trained):
    table, model = trained
    last = table.groupby("unique_id")["rain"].last()
    first = model.predict().groupby("unique_id")["LSTM"].first()
    assert np.corrcoef(last, np.log(first))[0, 1] > 0.9


def test_an_unknown_category_is_reported(trained):
    table, model = trained
    unknown = table.assign(kind=table["kind"].where(table["unique_id"] != "P00", "zebra"))
    forecast = model.predict(unknown)
    assert forecast["LSTM"].notna().all()
    notes = [note["what"] for note in forecast.attrs["assumptions"]]
    assert notes[1:] == ["column 'kind': unknown category 'zebra' in 90 rows, encoded as zeros"]
    assert notes[:1] == [note["what"] for note in model.predict(table).attrs["assumptions"]]


def test_values_after_the_cutoff_do_not_leak_into_training(trained):
    """Targets and historical covariates after the cutoff do not change a backtest."""
    table, _ = trained
    last = table["ds"] > table["ds"].max() - pd.Timedelta(days=2)
    changed = table.copy()
    changed.loc[last, ["y", "rain"]] = 9999.0
    model = fk.LSTMForecaster(h=2, preset="fast", calendar=["weekday"], seed=1)
    first, second = (
        fk.cross_validation(model, df, n_windows=1, level=80) for df in (table, changed)
    )
    columns = ["LSTM", "LSTM-lo-80", "LSTM-hi-80"]
    pd.testing.assert_frame_equal(first[columns], second[columns], check_exact=True)


def test_trained_networks_use_calendar_features(trained, tmp_path):
    """A weekly pattern is learned from the weekday, although the season length is 1."""
    table, _ = trained
    is_weekend = table["ds"].dt.day_of_week >= 5
    shop = table.assign(y=table["y"] * np.where(is_weekend, 2.0, 1.0)).drop(columns="rain")
    model = fk.LSTMForecaster(
        h=2, season_length=1, calendar=["weekday"], preset="scratch", seed=1
    ).train(shop)
    assert "calendar features for trained networks (weekday)" in " ".join(
        note["what"] for note in model.assumptions
    )
    model.save(tmp_path / "m.safetensors")
    loaded = fk.load(tmp_path / "m.safetensors")
    days = shop["ds"].drop_duplicates().sort_values()
    friday = days[days.dt.day_of_week == 4].iloc[-1]
    thursday = friday - pd.Timedelta(days=1)
    means = [  # of Friday and Saturday, and of Saturday and Sunday
        loaded.predict(shop[shop["ds"] <= day])["LSTM"].mean() for day in (thursday, friday)
    ]
    assert means[1] > 1.3 * means[0]
    assert fk.effect_curves(loaded).empty


def test_a_model_file_stores_covariates_of_networks(trained, tmp_path):
    table, model = trained
    model.save(tmp_path / "m.safetensors")  # compares Keras and NumPy
    loaded = fk.load(tmp_path / "m.safetensors")
    pd.testing.assert_frame_equal(loaded.predict(level=80), model.predict(level=80))
    pd.testing.assert_frame_equal(loaded.predict(table, level=80), model.predict(level=80))
    assert fk.diagnose(loaded).memory_length > 0
    with pytest.raises(DataError, match="no column 'rain'"):
        loaded.predict(table.drop(columns="rain"))


def test_covariates_on_the_command_line(shop, tmp_path):
    runner, folder = CliRunner(), tmp_path
    shop[shop["y"].notna()].to_csv(folder / "shop.csv", index=False)
    model = str(folder / "m.safetensors")
    options = ["--future-exog", "price,promo", "--preset", "instant", "-H", "7", "--json"]
    command = ["fit", str(folder / "shop.csv"), *options, "--output", model]
    result = runner.invoke(main, command)
    assert result.exit_code == 0, result.output
    board = json.loads(result.stdout)["scoreboard"]
    assert any("without covariates" in row["model"] for row in board)
    result = runner.invoke(main, ["predict", model])
    assert result.exit_code == 5
    assert "--make-future" in result.stderr
    future = folder / "future.csv"
    result = runner.invoke(main, ["predict", model, "--make-future", str(future)])
    assert result.exit_code == 0, result.output
    rows = pd.read_csv(future)
    assert list(rows.columns) == ["unique_id", "ds", "price", "promo"]
    rows.assign(price=4.1, promo=1).to_csv(future, index=False)
    result = runner.invoke(main, ["predict", model, "--future", str(future)])
    assert result.exit_code == 0, result.output
    assert len(result.stdout.splitlines()) == 1 + 12 * 7
    rows.assign(price="cheap", promo=1).to_csv(future, index=False)
    result = runner.invoke(main, ["predict", model, "--future", str(future)])
    assert result.exit_code == 5
    assert "future.csv, row 2, column 'price': 'cheap' is not a number" in result.stderr
    options = ["--holidays", "US", "--calendar", "weekday", "--no-ablation"]
    result = runner.invoke(main, [*command, *options])
    assert result.exit_code == 0, result.output
    covariates = json.loads(result.stdout)["facts"]["covariates"]
    dates = {column["name"]: column["dates"] for column in covariates}
    assert "2024-07-04" in dates["public holiday"]
    result = runner.invoke(main, [*command, "--calendar", "moon"])
    assert result.exit_code == 2
    assert "There is no calendar feature 'moon'" in result.stderr
    result = runner.invoke(main, [*command, "--holidays", "XX"])
    assert result.exit_code == 2
    result = runner.invoke(main, ["inspect", model, "--plot", str(folder / "effects.png")])
    assert result.exit_code == 0, result.output
    assert (
        "Future covariates (mean forecast with each at its 10 % and 90 % quantile" in result.stdout
    )
    assert (folder / "effects.png").stat().st_size > 5000
