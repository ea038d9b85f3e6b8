"""Frozen forecasts of varied tables, to detect unintended changes of the results.

    python tests/frozen.py --data FOLDER            # compare, with the public series in a folder
    python tests/frozen.py --data FOLDER --write    # freeze the current forecasts

The fixture holds forecasts (point, 80 and 95 % intervals) and no data. `test_frozen.py` compares the
simulated tables and the sample data; this script also compares public series, which are not part of
the project.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import forecastkit as fk

FIXTURE = Path(__file__).parent / "data" / "frozen_forecasts.npz"
LEVELS = [80, 95]
Case = tuple[pd.DataFrame, dict[str, Any]]


def long(series: dict[str, Any], start: str, freq: str) -> pd.DataFrame:
    """Series table of arrays by name, with a common start."""
    parts = []
    for name, y in series.items():
        days = pd.date_range(start, periods=len(y), freq=freq)
        parts.append(pd.DataFrame({"unique_id": name, "ds": days, "y": np.asarray(y, float)}))
    return pd.concat(parts, ignore_index=True)


def seasonal(rng: np.random.Generator, n: int, m: int, level: float = 100.0) -> np.ndarray:
    """Series with trend, one season and noise, all proportional to a level."""
    t = np.arange(n)
    wave = 0.2 * np.sin(2 * np.pi * t / m + rng.uniform(0, 6)) + 0.05 * np.cos(4 * np.pi * t / m)
    return level * (1 + rng.normal(0, 0.002) * t + wave + rng.normal(0, 0.04, n))


def months(rng: np.random.Generator) -> Case:
    lengths = {"a": 60, "b": 48, "c": 72, "d": 131}
    return long({k: seasonal(rng, n, 12) for k, n in lengths.items()}, "2012-01", "MS"), {"h": 12}


def daily_counts(rng: np.random.Generator) -> Case:
    week = np.array([1, 1, 1.2, 1.3, 1.8, 2.5, 2.0])
    series = {f"P{k}": rng.poisson(np.tile(week, 40) * 2.0**k) for k in range(5)}
    table = long(series, "2023-02-01", "D")
    return table[rng.random(len(table)) > 0.05].reset_index(drop=True), {"h": 14}


def hours(rng: np.random.Generator) -> Case:
    t = np.arange(24 * 7 * 5)
    day = np.sin(2 * np.pi * t / 24) * (1 + 0.3 * (t // 24 % 7 < 5))
    series = {k: 50 + 10 * day + rng.normal(0, 1.5, len(t)).cumsum() * 0.2 for k in "xy"}
    return long(series, "2024-03-01", "h"), {"h": 48}


def steps_without_calendar(rng: np.random.Generator) -> Case:
    parts = [
        pd.DataFrame({"unique_id": f"s{k}", "ds": np.arange(1, 61), "y": seasonal(rng, 60, 12)})
        for k in range(6)
    ]
    return pd.concat(parts, ignore_index=True), {"h": 6}


def short_years(rng: np.random.Generator) -> Case:
    series = {f"y{k}": 50 + rng.normal(2, 3, 9 + k).cumsum() for k in range(8)}
    return long(series, "2001-01-01", "YS"), {"h": 3}


def crossing_zero(rng: np.random.Generator) -> Case:
    return long({k: rng.normal(0, 2, 90).cumsum() for k in "pqr"}, "2022-01-03", "W-MON"), {"h": 8}


def odd_series(rng: np.random.Generator) -> Case:
    late = np.r_[np.full(20, np.nan), rng.normal(30, 2, 20)]
    series = {"flat": np.full(40, 7.0), "zero": np.zeros(40), "late": late, "one": [3.0]}
    return long(series, "2021-01", "MS"), {"h": 4}


def weeks_with_promotions(rng: np.random.Generator) -> Case:
    parts = []
    for k in range(6):
        n, h = 104, 6
        promo = (rng.random(n + h) < 0.2).astype(float)
        price = np.round(5 - 1.0 * promo + rng.normal(0, 0.1, n + h), 2)
        y = 80 * (k + 1) * np.exp(0.5 * promo - 0.4 * (price - 5) + rng.normal(0, 0.1, n + h))
        y[n:] = np.nan
        days = pd.date_range("2022-01-02", periods=n + h, freq="W")
        table = {"unique_id": f"shop{k}", "ds": days, "y": y, "price": price, "promo": promo}
        parts.append(pd.DataFrame(table))
    return pd.concat(parts, ignore_index=True), {"h": 6, "futr_exog": ["price", "promo"]}


def working_days(rng: np.random.Generator) -> Case:
    return long({"close": 100 * np.exp(rng.normal(0, 0.01, 250).cumsum())}, "2023-01-02", "B"), {
        "h": 10
    }


def quarters_with_gaps(rng: np.random.Generator) -> Case:
    table = long({k: seasonal(rng, 44, 4) for k in "uvw"}, "2010-01", "QS")
    table.loc[rng.random(len(table)) < 0.08, "y"] = np.nan
    return table, {"h": 8}


def spare_parts(rng: np.random.Generator) -> Case:
    series = {f"part{k}": rng.poisson(1.5, 50) * (rng.random(50) < 0.4) for k in range(12)}
    return long(series, "2019-01", "MS"), {"h": 6}


def half_hours_with_zone(rng: np.random.Generator) -> Case:
    n = 48 * 21
    days = pd.date_range("2024-03-20", periods=n, freq="30min", tz="Europe/Berlin")
    y = 20 + 5 * np.sin(2 * np.pi * np.arange(n) / 48) + rng.normal(0, 0.5, n)
    return pd.DataFrame({"unique_id": "load", "ds": days, "y": y}), {"h": 48}


def many_months(rng: np.random.Generator) -> Case:
    series = {f"m{k:02d}": seasonal(rng, 40 + k, 12, 10.0 ** (k % 4)) for k in range(60)}
    return long(series, "2015-01", "MS"), {"h": 12}


def static_and_past(rng: np.random.Generator) -> Case:
    parts = []
    for k in range(4):
        n = 200
        rain = rng.gamma(1.0, 2.0, n)
        days = pd.date_range("2023-01-01", periods=n)
        y = 30 * (k + 1) + 5 * np.sin(2 * np.pi * np.arange(n) / 7) - rain + rng.normal(0, 1, n)
        sky = np.where(rain > 2, "wet", "dry")
        table = {"unique_id": f"s{k}", "ds": days, "y": y, "rain": rain, "sky": sky}
        parts.append(pd.DataFrame(table).assign(region="north" if k % 2 else "south"))
    return pd.concat(parts, ignore_index=True), {"h": 7, "hist_exog": ["rain", "sky"]}


SIMULATED: dict[str, Callable[[np.random.Generator], Case]] = {
    simulate.__name__: simulate
    for simulate in (
        *(months, daily_counts, hours, steps_without_calendar, short_years, crossing_zero),
        *(odd_series, weeks_with_promotions, working_days, quarters_with_gaps, spare_parts),
        *(half_hours_with_zone, many_months, static_and_past),
    )
}


def sample_data() -> Iterator[tuple[str, Case]]:
    """Yield the sample data sets of the package."""
    yield "air_passengers", (fk.datasets.load("air_passengers"), {"h": 12})
    yield "melbourne_temperature", (fk.datasets.load("melbourne_temperature"), {"h": 14})
    yield "water_flow", (fk.datasets.load("water_flow"), {"h": 48})
    sales = fk.datasets.load("sales")
    sales = sales[sales["ds"] <= "2024-12-24"].reset_index(drop=True)
    is_future = sales["ds"] > "2024-12-14"
    is_complete = is_future.groupby(sales["unique_id"]).transform("sum") == 10
    sales = sales.assign(y=sales["y"].mask(is_future))[is_complete]
    yield "sales", (sales, {"h": 10, "futr_exog": ["price", "promo", "holiday"]})


def public_data(folder: Path) -> Iterator[tuple[str, Case]]:
    """Yield samples of public panels."""
    for name, n, h in (
        ("m3_yearly", 40, 6),
        ("m3_monthly", 30, 18),
        ("m4_weekly", 10, 13),
        ("m4_hourly", 6, 48),
    ):
        table = pd.read_parquet(folder / f"{name}.parquet").query("split == 'train'")
        ids = table["unique_id"].unique()[:: table["unique_id"].nunique() // n][:n]
        yield name, (table[table["unique_id"].isin(ids)].drop(columns="split"), {"h": h})
    parts = pd.read_parquet(folder / "carparts.parquet").query("split == 'train'")
    ids = parts["unique_id"].unique()[::60]
    yield "carparts", (parts[parts["unique_id"].isin(ids)][["unique_id", "ds", "y"]], {"h": 12})
    bikes = fk.read_csv(folder / "bike_sharing_daily.csv", target_col="cnt")
    yield "bike_sharing", (bikes, {"h": 14, "hist_exog": ["temp", "hum"]})
    flu = fk.read_csv(folder / "ili.csv")
    yield "ili", (flu, {"h": 24})


def fine_tuned(rng: np.random.Generator) -> fk.LSTMForecaster:
    """Forecaster with one fine-tuned network and future covariates."""
    table, arguments = weeks_with_promotions(rng)
    parts = [table.assign(unique_id=table["unique_id"] + str(k)) for k in range(4)]
    noise = rng.normal(1, 0.05, 4 * len(table))
    table = pd.concat(parts, ignore_index=True)
    table["y"] = table["y"] * noise
    return fk.LSTMForecaster(**arguments, preset="fast", seed=3).train(table)


def forecasts(folder: Path | None = None) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the name and the forecast of every table, shape (n_rows, 1 + 2 * n_levels)."""
    cases = [
        (name, simulate(np.random.default_rng(k)))
        for k, (name, simulate) in enumerate(SIMULATED.items())
    ]
    cases += list(sample_data())
    cases += list(public_data(folder)) if folder else []
    for name, (table, arguments) in cases:
        model = fk.AutoForecaster(preset="instant", **arguments).fit(table, progress=False)
        yield name, values(model.predict(level=LEVELS))
    yield "fine_tuned", values(fine_tuned(np.random.default_rng(99)).predict(level=LEVELS))


def values(forecast: pd.DataFrame) -> np.ndarray:
    return forecast.drop(columns=["unique_id", "ds"]).to_numpy(np.float64)


def relative_difference(forecast: np.ndarray, frozen: np.ndarray) -> float:
    """Largest absolute difference, relative to the largest frozen value."""
    if forecast.shape != frozen.shape:
        return float("inf")
    return float(np.max(np.abs(forecast - frozen)) / max(np.max(np.abs(frozen)), 1e-300))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--fixture", type=Path, default=FIXTURE)
    args = parser.parse_args()
    current = {}
    frozen = dict(np.load(args.fixture)) if args.fixture.exists() else {}
    for name, forecast in forecasts(args.data):
        current[name] = forecast
        if name in frozen and not args.write:
            print(f"{name:24s} {relative_difference(forecast, frozen[name]):.1e}", flush=True)
    if args.write:
        args.fixture.parent.mkdir(exist_ok=True)
        np.savez_compressed(args.fixture, **{**frozen, **current})
        print(f"{len(current)} forecasts frozen in {args.fixture}")


if __name__ == "__main__":
    main()
