"""Covariates from the table to the forecast, the file and the command line; nothing leaks."""

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
    """Twelve products for 150 days: price and promotion, known a fortnight ahead; weather."""
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


def test_roles_are_found_and_said(fitted):
    roles = {one["name"]: one["role"] for one in fitted.facts["covariates"]}
    want = {"price": "futr_exog", "promo": "futr_exog", "rain": "hist_exog", "shelf": "stat_exog"}
    assert roles == want
    said = " ".join(one["what"] for one in fitted.assumptions)
    assert "column 'promo' used as a future covariate, known in advance" in said


def test_what_they_bring_is_on_the_scoreboard(fitted):
    board = fitted.scoreboard.set_index("model")["mase"]
    alone = board[f"{fitted.name} without covariates"]
    assert board[fitted.name] < 0.8 * alone
    assert board["Theta"] > board[fitted.name]  # the baseline has not seen them
    without = type(fitted)(h=14, preset="instant")
    assert len(without.fit(fitted_table(fitted), ablation=False).scoreboard) == len(board) - 1


def fitted_table(fitted):
    """The history of a fitted model as a table, its future rows included."""
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
    low, high = (fitted.predict(futr_df=rows.assign(promo=one)) for one in (0, 1))
    ratio = high[fitted.name].sum() / low[fitted.name].sum()
    assert ratio == pytest.approx(np.exp(0.8), rel=0.15)
    curves = fk.effect_curves(fitted).set_index("covariate")
    assert curves.loc["promo", "change"] == pytest.approx(100 * (ratio - 1), rel=0.2)
    assert curves.loc["price", "change"] < -3


def test_the_file_holds_them(fitted, shop, tmp_path):
    fitted.save(tmp_path / "m.safetensors")
    loaded = fk.load(tmp_path / "m.safetensors")
    want = fitted.predict(level=[80])
    pd.testing.assert_frame_equal(loaded.predict(level=[80]), want)
    pd.testing.assert_frame_equal(loaded.predict(shop, level=[80]), want)
    pd.testing.assert_frame_equal(fk.effect_curves(loaded), fk.effect_curves(fitted))


def test_what_is_missing_of_the_future_is_named(fitted, shop):
    short = shop[shop["ds"] < shop["ds"].max()]
    with pytest.raises(DataError, match=r"'P00' at 2024-06-12: price, promo; .*9 more\)"):
        fitted.predict(short)


def test_nothing_after_the_cutoff_leaks(fitted, shop):
    """Targets and past-only values after it change no byte, whatever they are."""
    rng = np.random.default_rng(1)
    cutoff = pd.Timestamp("2024-05-15")
    known = shop[shop["ds"] <= cutoff]
    ahead = shop[(shop["ds"] > cutoff) & (shop["ds"] <= cutoff + pd.Timedelta(days=14))]
    model = type(fitted)(h=14, preset="instant", futr_exog=["price", "promo"])
    forecasts = []
    for noise in (0.0, 1000.0):
        future = ahead.copy()
        for name in ("y", "rain"):
            future[name] += noise * rng.random(len(ahead))
        changed = pd.concat([known, shop[shop["ds"] > cutoff].assign(y=noise, rain=noise)])
        forecasts.append(model.train(known).predict(futr_df=future, level=[80]))
        cv = fk.cross_validation(model, changed.sort_values(["unique_id", "ds"]), 1, level=[80])
        assert len(cv)
    pd.testing.assert_frame_equal(*forecasts, check_exact=True)


def test_backtests_use_what_is_known_ahead(shop):
    known = shop[shop["y"].notna()]
    names = {"futr_exog": ["price", "promo"], "hist_exog": ["rain"]}
    models = [
        fk.LSTMForecaster(h=7, preset="instant", **names),
        fk.LSTMForecaster(h=7, preset="instant", alias="plain", hist_exog=["price", "promo"]),
    ]
    cv = fk.cross_validation(models, known, n_windows=3)
    error = (cv[["LSTM", "plain"]].sub(cv["y"], axis=0)).abs().mean()
    assert error["LSTM"] < 0.8 * error["plain"]
    target = cv.groupby("unique_id").size()
    assert (target == 21).all()


def test_backtests_do_not_see_targets_after_a_cutoff(shop):
    known = shop[shop["y"].notna()].reset_index(drop=True)
    changed = known.copy()
    last = known["ds"] > known["ds"].max() - pd.Timedelta(days=7)
    changed.loc[last, ["y", "rain"]] = 9999.0
    model = fk.AutoForecaster(h=7, preset="instant", futr_exog=["price", "promo"])
    one, other = (fk.cross_validation(model, df, n_windows=1, level=80) for df in (known, changed))
    columns = ["Auto", "Auto-lo-80", "Auto-hi-80"]
    pd.testing.assert_frame_equal(one[columns], other[columns], check_exact=True)


def test_holidays_are_kept_in_the_model(shop, tmp_path):
    days = pd.date_range("2021-01-01", "2023-12-20")
    rng = np.random.default_rng(0)
    y = 100 + 10 * np.sin(2 * np.pi * np.arange(len(days)) / 7) + rng.normal(0, 2, len(days))
    free = pd.DataFrame({"unique_id": "a", "ds": days, "y": y})
    holiday = days.strftime("%Y-%m-%d").isin(holiday_events(free, "US")["public holiday"])
    table = free.assign(y=y * np.where(holiday, 0.3, 1.0))
    model = fk.LSTMForecaster(h=14, preset="instant", holidays="US").fit(table)
    model.save(tmp_path / "m.safetensors")
    forecast = fk.load(tmp_path / "m.safetensors").predict().set_index("ds")["LSTM"]
    assert forecast["2023-12-25"] < 55
    assert forecast["2023-12-27"] > 80
    newer = fk.load(tmp_path / "m.safetensors").predict(table[table["ds"] < "2023-12-10"])
    assert newer["LSTM"].notna().all()


def bad_futures():
    """Rows of the future as they should not be, and what is said."""
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


@pytest.mark.parametrize(("change", "message"), bad_futures())
def test_a_future_that_cannot_be(change, message, fitted):
    future = fk.make_future_dataframe(fitted)
    with pytest.raises(DataError, match=message):
        fitted.predict(futr_df=change(future))


def test_a_future_in_any_order_and_longer_than_needed(fitted):
    future = fk.make_future_dataframe(fitted)
    want = fitted.predict(futr_df=future)
    other = future[future["unique_id"] == "P00"].assign(unique_id="other")
    more = pd.concat([future.sample(frac=1, random_state=1), other])
    past = future.assign(ds=future["ds"] - pd.Timedelta(days=30), price=np.nan)
    texts = pd.concat([more, past]).assign(ds=lambda f: f["ds"].astype(str))
    pd.testing.assert_frame_equal(fitted.predict(futr_df=texts), want)


def test_a_table_with_constants_alone(shop):
    known = shop.loc[shop["y"].notna(), ["unique_id", "ds", "y", "shelf"]]
    model = fk.AutoForecaster(h=7, preset="instant").fit(known)
    assert [one["role"] for one in model.facts["covariates"]] == ["stat_exog"]
    assert model.predict()["Auto"].notna().all()


def test_backtests_know_holidays(shop):
    known = shop[shop["y"].notna()]
    model = fk.LSTMForecaster(h=7, preset="instant", futr_exog=["price", "promo"], holidays="US")
    cv = fk.cross_validation(model, known, n_windows=2)
    assert cv["LSTM"].notna().all()


def test_events_are_an_argument_that_a_merge_cannot_lose(shop):
    """A clone has them, and a table without attributes uses them."""
    fair = pd.DataFrame({"date": ["2024-02-02", "2024-03-08", "2024-05-01"], "event": "fair"})
    model = clone(fk.LSTMForecaster(h=7, preset="instant", holidays="US", events=fair))
    assert repr(model).endswith("holidays='US', events=DataFrame, preset='instant')")
    known = pd.concat([shop[shop["y"].notna()]])
    known.attrs = {}
    named = [one["name"] for one in model.train(known).facts["covariates"]]
    assert {"public holiday", "fair"} <= set(named)
    file_like = clone(model).set_params(events=fair.rename(columns={"event": "name"}))
    with pytest.raises(DataError, match="no column 'event'"):
        file_like.fit(known)


def test_a_column_that_was_a_leak_before_the_cutoff_stays_out(shop):
    """Its values after the cutoff must not decide what it means."""
    known = shop[shop["y"].notna()].reset_index(drop=True)
    last = known["ds"] > known["ds"].max() - pd.Timedelta(days=7)
    twin = known.assign(twin=2 * known["y"])
    changed = twin.assign(y=known["y"].where(~last, 3 * known["y"] + 1))
    model = fk.LSTMForecaster(h=7, preset="instant")
    one, other = (fk.cross_validation(model, table, n_windows=1) for table in (twin, changed))
    pd.testing.assert_series_equal(one["LSTM"], other["LSTM"], check_exact=True)


@pytest.fixture(scope="module")
def trained():
    """A series follows what a column of the past was the day before; and a model trained on it."""
    rng, parts = np.random.default_rng(2), []
    for k in range(40):
        rain = rng.normal(size=90)
        y = 100 * np.exp(0.3 * np.roll(rain, 1) + 0.02 * rng.normal(size=90))
        days = pd.date_range("2024-01-01", periods=90)
        part = {"unique_id": f"P{k:02}", "ds": days, "y": y, "rain": rain, "kind": "ab"[k % 2]}
        parts.append(pd.DataFrame(part))
    table = pd.concat(parts, ignore_index=True)
    return table, fk.LSTMForecaster(h=2, preset="scratch", seed=1).train(table)


def test_a_network_reads_what_is_known_of_the_past_alone(trained):
    table, model = trained
    last = table.groupby("unique_id")["rain"].last()
    first = model.predict().groupby("unique_id")["LSTM"].first()
    assert np.corrcoef(last, np.log(first))[0, 1] > 0.9


def test_a_category_that_was_never_seen_is_said(trained):
    table, model = trained
    unknown = table.assign(kind=table["kind"].where(table["unique_id"] != "P00", "zebra"))
    forecast = model.predict(unknown)
    assert forecast["LSTM"].notna().all()
    said = [note["what"] for note in forecast.attrs["assumptions"]]
    assert said[1:] == ["column 'kind': unknown category 'zebra' in 90 rows, encoded as zeros"]
    assert said[:1] == [note["what"] for note in model.predict(table).attrs["assumptions"]]


def test_what_comes_after_the_cutoff_does_not_reach_a_trained_network(trained):
    """Neither targets nor a column of the past, in a backtest that trains; the calendar may."""
    table, _ = trained
    last = table["ds"] > table["ds"].max() - pd.Timedelta(days=2)
    changed = table.copy()
    changed.loc[last, ["y", "rain"]] = 9999.0
    model = fk.LSTMForecaster(h=2, preset="fast", calendar=["weekday"], seed=1)
    one, other = (fk.cross_validation(model, df, n_windows=1, level=80) for df in (table, changed))
    columns = ["LSTM", "LSTM-lo-80", "LSTM-hi-80"]
    pd.testing.assert_frame_equal(one[columns], other[columns], check_exact=True)


def test_the_calendar_reaches_trained_networks_and_the_file(trained, tmp_path):
    """What only the weekday says is learnt by a network that is told it, whatever the season."""
    table, _ = trained
    weekend = table["ds"].dt.day_of_week >= 5
    shop = table.assign(y=table["y"] * np.where(weekend, 2.0, 1.0)).drop(columns="rain")
    model = fk.LSTMForecaster(
        h=2, season_length=1, calendar=["weekday"], preset="scratch", seed=1
    ).train(shop)
    assert "calendar features for trained networks (weekday)" in " ".join(
        one["what"] for one in model.assumptions
    )
    model.save(tmp_path / "m.safetensors")
    loaded = fk.load(tmp_path / "m.safetensors")
    days = shop["ds"].drop_duplicates().sort_values()
    friday = days[days.dt.day_of_week == 4].iloc[-1]
    thursday = friday - pd.Timedelta(days=1)
    means = [  # one step before the weekend and on its first day
        loaded.predict(shop[shop["ds"] <= day])["LSTM"].mean() for day in (thursday, friday)
    ]
    assert means[1] > 1.3 * means[0]
    assert fk.effect_curves(loaded).empty


def test_what_a_network_read_is_in_the_file(trained, tmp_path):
    table, model = trained
    model.save(tmp_path / "m.safetensors")  # where Keras and NumPy are compared
    loaded = fk.load(tmp_path / "m.safetensors")
    pd.testing.assert_frame_equal(loaded.predict(level=80), model.predict(level=80))
    pd.testing.assert_frame_equal(loaded.predict(table, level=80), model.predict(level=80))
    assert fk.diagnose(loaded).memory_length > 0
    with pytest.raises(DataError, match="no column 'rain'"):
        loaded.predict(table.drop(columns="rain"))


def test_the_command_line(shop, tmp_path):
    runner, folder = CliRunner(), tmp_path
    shop[shop["y"].notna()].to_csv(folder / "shop.csv", index=False)
    model = str(folder / "m.safetensors")
    options = ["--future-exog", "price,promo", "--preset", "instant", "-H", "7", "--json"]
    command = ["fit", str(folder / "shop.csv"), *options, "--output", model]
    done = runner.invoke(main, command)
    assert done.exit_code == 0, done.output
    board = json.loads(done.stdout)["scoreboard"]
    assert any("without covariates" in row["model"] for row in board)
    done = runner.invoke(main, ["predict", model])
    assert done.exit_code == 5
    assert "--make-future" in done.stderr
    future = folder / "future.csv"
    done = runner.invoke(main, ["predict", model, "--make-future", str(future)])
    assert done.exit_code == 0, done.output
    rows = pd.read_csv(future)
    assert list(rows.columns) == ["unique_id", "ds", "price", "promo"]
    rows.assign(price=4.1, promo=1).to_csv(future, index=False)
    done = runner.invoke(main, ["predict", model, "--future", str(future)])
    assert done.exit_code == 0, done.output
    assert len(done.stdout.splitlines()) == 1 + 12 * 7
    rows.assign(price="cheap", promo=1).to_csv(future, index=False)
    done = runner.invoke(main, ["predict", model, "--future", str(future)])
    assert done.exit_code == 5
    assert "future.csv, row 2, column 'price': 'cheap' is not a number" in done.stderr
    more = [*command, "--holidays", "US", "--calendar", "weekday", "--no-ablation"]
    done = runner.invoke(main, more)
    assert done.exit_code == 0, done.output
    roles = {one["name"]: one["dates"] for one in json.loads(done.stdout)["facts"]["covariates"]}
    assert "2024-07-04" in roles["public holiday"]
    done = runner.invoke(main, [*command, "--calendar", "moon"])
    assert done.exit_code == 2
    assert "There is no calendar feature 'moon'" in done.stderr
    done = runner.invoke(main, [*command, "--holidays", "XX"])
    assert done.exit_code == 2
    done = runner.invoke(main, ["inspect", model, "--plot", str(folder / "effects.png")])
    assert done.exit_code == 0, done.output
    assert "Future covariates (mean forecast at their low and high value" in done.stdout
    assert (folder / "effects.png").stat().st_size > 5000
