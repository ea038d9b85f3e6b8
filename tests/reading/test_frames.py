"""Tables of other names, indexes and libraries: found, forecast, and given back as they were."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from forecastkit.cli.app import main

import forecastkit as fk
from forecastkit.errors import DataError
from forecastkit.reading.frames import to_series_table

DAYS = pd.date_range("2020-01-01", periods=36, freq="MS")
Y = 20 + 5 * np.sin(np.arange(36) * np.pi / 6) + np.arange(36) / 10


def standard(name="y", y=Y):
    return pd.DataFrame({"unique_id": name, "ds": DAYS, "y": y})


def panel(*names):
    parts = [pd.DataFrame(dict(zip(names, (name, DAYS, Y), strict=True))) for name in "ab"]
    return pd.concat(parts, ignore_index=True)


FORMS = {
    "prophet": (pd.DataFrame({"ds": DAYS, "y": Y}), ["ds", "LSTM"]),
    "prophet with covariates": (pd.DataFrame({"ds": DAYS, "y": Y, "x": Y**2}), ["ds", "LSTM"]),
    "gluonts": (panel("item_id", "timestamp", "target"), ["item_id", "timestamp", "LSTM"]),
    "sales": (pd.DataFrame({"date": DAYS.astype(str), "sales": Y}), ["date", "LSTM"]),
    "dates": (pd.DataFrame({"day": DAYS.date, "visits": Y}), ["day", "LSTM"]),
    "series": (pd.Series(Y, DAYS, name="visits"), ["ds", "LSTM"]),
    "periods": (pd.DataFrame({"sales": Y}, DAYS.to_period("M")), ["ds", "LSTM"]),
    "named index": (pd.DataFrame({"sales": Y}, DAYS.rename("month")), ["month", "LSTM"]),
    "wide": (pd.DataFrame({"north": Y, "south": Y}, DAYS), ["unique_id", "ds", "LSTM"]),
    "levels": (panel("store", "day", "y").set_index(["store", "day"]), ["store", "day", "LSTM"]),
    "polars": (pl.DataFrame({"date": list(DAYS), "sales": Y}), ["date", "LSTM"]),
    "lazy": (pl.LazyFrame({"date": list(DAYS), "sales": Y}), ["date", "LSTM"]),
    "polars, standard": (pl.from_pandas(standard()), ["unique_id", "ds", "LSTM"]),
    "arrow": (pa.table({"date": DAYS, "sales": Y}), ["date", "LSTM"]),
}
LIBRARIES = {"polars": pl.DataFrame, "lazy": pl.DataFrame, "arrow": pa.Table}


@pytest.mark.parametrize("form", FORMS)
def test_forecasts_have_the_names_and_the_library_of_the_table(form, tmp_path):
    table, names = FORMS[form]
    model = fk.LSTMForecaster(h=4, preset="instant").train(table)
    forecast = model.predict()
    library = next((kind for name, kind in LIBRARIES.items() if form.startswith(name)), None)
    assert isinstance(forecast, library or pd.DataFrame)
    assert list(forecast.columns if library is not pa.Table else forecast.column_names) == names
    values = np.asarray(forecast["LSTM"]).reshape(-1, 4)
    expected = fk.LSTMForecaster(h=4, preset="instant").train(standard()).predict()["LSTM"]
    np.testing.assert_allclose(values, np.tile(expected, (len(values), 1)))
    model.save(tmp_path / "m.safetensors")
    loaded = fk.load(tmp_path / "m.safetensors").predict()
    assert type(loaded) is type(forecast)
    np.testing.assert_array_equal(loaded["LSTM"], forecast["LSTM"])


def test_columns_can_be_named():
    table = pd.DataFrame({"when": DAYS, "a": Y, "b": Y + 1, "shop": "x"})
    model = fk.LSTMForecaster(h=2, preset="instant")
    model.train(table, target_col="b", time_col="when", id_col="shop")
    assert model.predict().columns.tolist() == ["shop", "when", "LSTM"]
    with pytest.raises(TypeError, match="targt_col"):
        model.train(table, targt_col="b")
    with pytest.raises(fk.errors.OptionError, match="no column 'c'"):
        model.train(table, target_col="c")


def test_new_rows_have_the_names_of_the_table():
    table = pl.DataFrame({"date": list(DAYS), "sales": Y})
    model = fk.LSTMForecaster(h=2, preset="instant").train(table.head(30))
    forecast = model.predict(table.tail(6))
    assert isinstance(forecast, pl.DataFrame)
    assert forecast["date"][0] == pd.Timestamp("2023-01-01")
    assert model.update(table.tail(6))[1][0]["what"] == "1 series continued"
    np.testing.assert_allclose(model.predict()["LSTM"], forecast["LSTM"], rtol=1e-6)
    # a table with the standard names is as good
    standard_names = model.predict(standard("other"))
    assert standard_names.columns.tolist() == ["unique_id", "ds", "LSTM"]


def test_future_rows_have_the_names_of_the_table(rng):
    price = rng.uniform(1, 2, 36)
    table = pl.DataFrame({"date": list(DAYS), "sales": Y - 9 * price, "price": price})
    model = fk.LSTMForecaster(h=3, preset="instant", futr_exog=["price"]).train(table)
    future = fk.make_future_dataframe(model)
    assert future.columns == ["date", "price"]
    forecast = model.predict(futr_df=future.with_columns(price=1.0))
    assert isinstance(forecast, pl.DataFrame)
    dearer = model.predict(futr_df=pd.DataFrame({"date": future["date"], "price": 2.0}))
    assert (dearer["LSTM"].to_numpy() <= forecast["LSTM"].to_numpy()).all()


def test_the_command_line_forecasts_with_such_a_model(tmp_path, capsys):
    model = fk.LSTMForecaster(h=2, preset="instant").train(FORMS["polars"][0])
    model.save(tmp_path / "m.safetensors")
    with pytest.raises(SystemExit) as exit_info:
        main(["predict", str(tmp_path / "m.safetensors")])
    assert not exit_info.value.code
    assert capsys.readouterr().out.startswith("date,LSTM,")


def test_backtests_take_any_table():
    cv = fk.cross_validation(fk.LSTMForecaster(h=3, preset="instant"), FORMS["sales"][0], 2)
    assert {"unique_id", "ds", "cutoff", "y", "LSTM"} <= set(cv.columns)


def test_a_standard_table_is_not_converted():
    table = standard()
    assert to_series_table(table).equals(table)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ([1, 2, 3], "not a list"),
        (np.zeros((3, 2)), "not a ndarray"),
        (pd.DataFrame({"date": DAYS, "name": "x"}), "numeric"),
        (pd.DataFrame(), "no rows"),
        (pd.DataFrame({"ds": ["a", "b", "c"], "y": [1, 2, 3]}), "timestamp"),
    ],
    ids=str,
)
def test_other_tables_are_refused(table, message):
    with pytest.raises(DataError, match=message):
        fk.LSTMForecaster(h=2, preset="instant").fit(table)
