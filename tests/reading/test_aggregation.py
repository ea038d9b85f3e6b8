"""Order lines, finer timestamps and repeated hours combined into one row per period."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import forecastkit as fk
from forecastkit.errors import DataError, OptionError


@pytest.fixture
def orders(tmp_path, rng):
    """Lines of orders on most days, with price and note."""
    n = 900
    days = pd.Timestamp("2023-01-02") + pd.to_timedelta(np.sort(rng.integers(0, 180, n)), "D")
    times = days + pd.to_timedelta(rng.integers(0, 86_400, n), "s")
    frame = pd.DataFrame(
        {
            "order date": times,
            "product": rng.choice(["desk", "lamp"], n),
            "sales": rng.gamma(2, 30, n).round(2),
            "price": rng.uniform(1, 2, n).round(2),
            "note": rng.choice(["x", "y"], n),
        }
    )
    path = tmp_path / "orders.csv"
    frame.sort_values("order date").to_csv(path, index=False)
    return path, frame


def notes(table):
    return " | ".join(f"{note['what']}: {note['why']}" for note in table.attrs["assumptions"])


def test_orders_are_added_up_per_day(orders):
    path, frame = orders
    table = fk.read_csv(path, every="D")
    expected = frame.groupby(["product", frame["order date"].dt.normalize()])["sales"].sum()
    found = table.set_index(["unique_id", "ds"])["y"]
    np.testing.assert_allclose(found[found > 0].to_numpy(), expected.to_numpy())
    assert (found == 0).sum() > 0  # days without an order
    assert "900 rows combined to" in notes(table)
    assert "filled with 0" in notes(table)
    prices = frame.groupby(["product", frame["order date"].dt.normalize()])["price"].mean()
    price = table.dropna(subset="price").set_index(["unique_id", "ds"])["price"]
    np.testing.assert_allclose(price.to_numpy(), prices.to_numpy())


def test_sums_of_incomplete_weeks_are_left_out(tmp_path):
    days = pd.date_range("2024-01-04", "2024-03-12")  # Thursday to Tuesday
    path = tmp_path / "visits.csv"
    pd.DataFrame({"day": days, "visits": 1}).to_csv(path, index=False)
    table = fk.read_csv(path, every="W")
    assert table["y"].unique().tolist() == [7.0]
    assert "the first period, from 2024-01-01, is left out" in notes(table)
    assert "the last period, from 2024-03-11, is left out" in notes(table)
    assert len(fk.read_csv(path, every="W", aggregate="mean")) == len(table) + 2


@pytest.mark.parametrize(
    ("rule", "value"), [("sum", 6.0), ("mean", 2.0), ("last", 1.0), ("max", 3.0)]
)
def test_rules(tmp_path, rule, value):
    days = pd.date_range("2024-01-01", periods=12).repeat(3)
    path = tmp_path / "a.csv"
    table = pd.DataFrame({"day": days, "y": [2, 3, 1] * 12, "flag": [0, 1, 0] * 12})
    table.to_csv(path, index=False)
    read = fk.read_csv(path, aggregate=rule)
    assert read["y"].unique().tolist() == [value]
    assert read["flag"].iloc[0] == pytest.approx({"last": 0, "max": 1}.get(rule, 1 / 3))


def test_the_refusal_names_both_options_and_the_columns(tmp_path):
    days = pd.date_range("2024-01-01", periods=12).repeat(3)
    path = tmp_path / "a.csv"
    pd.DataFrame({"day": days, "shop": "a", "sales": range(36)}).to_csv(path, index=False)
    with pytest.raises(DataError, match="already has a row") as error:
        fk.read_csv(path)
    for word in ("--aggregate sum --every D", "'day'", "'shop'", "'sales'"):
        assert word in error.value.fix


def test_a_few_repeated_hours_are_averaged_on_request(tmp_path):
    hours = pd.date_range("2024-01-01", periods=2000, freq="h")
    table = pd.DataFrame({"time": hours, "load": np.arange(2000.0)})
    table = pd.concat([table, table.iloc[[700, 900]].assign(load=0.0)]).sort_values("time")
    path = tmp_path / "load.csv"
    table.to_csv(path, index=False)
    with pytest.raises(DataError) as error:
        fk.read_csv(path)
    assert "--aggregate mean" in error.value.fix
    read = fk.read_csv(path, aggregate="mean")
    assert len(read) == 2000
    assert read["y"].iloc[700] == 350.0


def test_a_model_combines_new_rows_in_the_same_way(orders, tmp_path):
    path, frame = orders
    table = fk.read_csv(path, every="D")
    model = fk.LSTMForecaster(h=7, preset="instant").train(table)
    model.save(tmp_path / "m.safetensors")
    loaded = fk.load(tmp_path / "m.safetensors")
    assert loaded.reading["every"] == "D"
    last = frame["order date"].max().normalize()
    new = pd.DataFrame({"order date": [last + pd.Timedelta("1D")] * 2, "product": "desk"})
    new.assign(sales=[5.0, 6.0], price=1.0, note="x").to_csv(tmp_path / "new.csv", index=False)
    rows = fk.read_csv(tmp_path / "new.csv", **loaded.reading)
    assert rows["y"].tolist() == [11.0]
    loaded.predict(rows)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"every": "fortnight"}, "not a period"), ({"aggregate": "median"}, "no rule 'median'")],
    ids=str,
)
def test_invalid_options_raise(orders, arguments, message):
    with pytest.raises(OptionError, match=message):
        fk.read_csv(orders[0], **arguments)


def test_rows_without_timestamps_have_no_periods(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("sales\n1\n2\n3\n4\n5\n6\n")
    with pytest.raises(DataError, match="timestamps"):
        fk.read_csv(path, every="D")
