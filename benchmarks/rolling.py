"""Score networks without fine-tuning on rolling windows of many panels, beside seasonal naive.

    python benchmarks/rolling.py DATA [WEIGHTS ...] [--before-test] [--only NAME ...]

DATA is a folder with the panels named in `SETS`. Without WEIGHTS the pretrained LSTM is scored.
Each set is scored at its last windows, each network forecasting every window from the values
before it, without refitting. `--before-test` leaves out the last 20 % of every series and the test
part of competition data: the figures by which settings are chosen.

Printed per set: MASE (mean over windows of mean absolute error over that of seasonal naive in the
past), CRPS (the mean weighted quantile loss of GIFT-Eval: twice the pinball loss at the nine
deciles over all forecasts, over the sum of absolute values), sMAPE, coverage of the 80 and the
95 % interval; then geometric means over the sets, relative to seasonal naive.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from forecastkit.evaluation.metrics import mase, smape
from forecastkit.evaluation.scoreboard import seasonal_errors
from forecastkit.methods.naive import seasonal_naive
from forecastkit.model.distribution import Distribution, Part
from forecastkit.network.pretrained import adapt_to, pretrained, read_weights
from forecastkit.network.runtime import Member
from forecastkit.series.intervals import normal
from forecastkit.series.panel import Panel

DECILES = tuple(k / 10 for k in range(1, 10))
QUANTILES = (*DECILES, 0.025, 0.975)
LONGEST = 20_000


@dataclass(frozen=True)
class Set:
    """A panel, and how it is scored.

    Attributes
    ----------
    file : str
        Parquet or CSV, relative to the folder of the data.
    h, windows : int
        Steps of a window, and windows, the last ones of every series.
    m : int
        Lag of seasonal naive, for the scale of MASE and the reference.
    seasons : tuple of int
        Season lengths that the network is given.
    """

    file: str
    h: int
    windows: int
    m: int
    seasons: tuple[int, ...]


SETS = {
    "M3 yearly": Set("m3_yearly.parquet", 6, 1, 1, (1,)),
    "M3 quarterly": Set("m3_quarterly.parquet", 8, 1, 4, (4,)),
    "M3 monthly": Set("m3_monthly.parquet", 18, 1, 12, (12,)),
    "M3 other": Set("m3_other.parquet", 8, 1, 1, (1,)),
    "M4 hourly": Set("m4_hourly.parquet", 48, 1, 24, (24, 168)),
    "M4 weekly": Set("m4_weekly.parquet", 13, 1, 1, (52,)),
    "car parts": Set("carparts.parquet", 12, 1, 12, (12,)),
    "ett1": Set("etth1.csv", 48, 20, 24, (24, 168)),
    "PJM": Set("more/pjm_hourly.parquet", 48, 20, 24, (24, 168)),
    "Beijing": Set("more/beijing_pm25_hourly.parquet", 48, 20, 24, (24, 168)),
    "prices": Set("more/epf_prices_exogenous.csv", 48, 20, 24, (24, 168)),
    "demand 30 min": Set("more/elecdemand_30min.parquet", 48, 20, 48, (48, 336)),
    "traffic 5 min": Set("more/metr_la_week_5min.parquet", 48, 20, 288, (288,)),
    "servers": Set("more/nab.parquet", 48, 20, 288, (288,)),
    "wind": Set("more/irish_wind_daily.parquet", 30, 20, 1, (7, 365)),
    "energy": Set("more/germany_energy_daily.parquet", 30, 20, 1, (7, 365)),
    "web traffic": Set("more/wikipedia_daily.parquet", 30, 20, 1, (7,)),
    "emergencies": Set("more/ae_demand_weekly.parquet", 8, 20, 1, (52,)),
    "chickenpox": Set("more/chickenpox_weekly.parquet", 8, 20, 1, (52,)),
    "retail": Set("more/aus_retail_monthly.parquet", 12, 20, 12, (12,)),
}


def read(folder: Path, settings: Set, before_test: bool) -> list[Panel]:
    """Panels of the series of a set, grouped by the number of windows that fit."""
    path = folder / settings.file
    table = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
    if "unique_id" not in table:
        date, *columns = table.columns
        table = table.melt(date, columns, "unique_id", "y")
    series = []
    for _, rows in table.groupby("unique_id", sort=False):
        y = rows["y"].to_numpy(float)
        observed = np.flatnonzero(~np.isnan(y))
        y = y[observed[0] : observed[-1] + 1] if len(observed) else y[:0]
        if before_test:
            split = rows["split"].eq("train").to_numpy() if "split" in rows else None
            n = len(y) * 4 // 5 if split is None else int(split.sum()) - observed[0]
            y = y[: max(n, 0)]
        series.append(y[-LONGEST:])
    return [Panel.of([y]) for y in series if len(y) > 2 * settings.h + settings.m]


def windows(panels: list[Panel], one: Set) -> list[tuple[Panel, np.ndarray]]:
    """Past and actual values of each window, series together."""
    result = []
    for k in range(one.windows):
        pasts, actual = [], []
        for panel in panels:
            room = len(panel.values) - 2 * one.h - one.m
            if room < k * one.h:
                continue
            seen = panel.drop_last(k * one.h) if k else panel
            past = seen.drop_last(one.h)
            if (~np.isnan(past.values)).sum() > 2 and not np.isnan(seen.values[-one.h :]).all():
                pasts.append(past)
                actual.append(seen.last_values(one.h)[0])
        if pasts:
            result.append((Panel.joined(pasts), np.array(actual)))
    return result


Forecast = Callable[[Panel, int], np.ndarray]


def network_forecast(path: Path | None, one: Set) -> Forecast:
    """Quantiles of one network, shape (n_series, h, n_quantiles)."""
    whole, weights = pretrained("lstm")[:2] if path is None else read_weights(path)[:2]
    network, weights = adapt_to(whole, weights, one.seasons, one.h)
    part = Part("LSTM", 1.0, (Member(network, weights),))
    z = np.tile([normal(q) for q in QUANTILES], (one.h, 1))

    def forecast(past: Panel, h: int) -> np.ndarray:
        distribution = Distribution(past, (part,), h, min(one.seasons))
        return distribution.clip_to_support(distribution.quantiles(z))

    return forecast


def naive_forecast(one: Set) -> Forecast:
    """Quantiles of seasonal naive with normal errors, as GIFT-Eval's reference has them."""
    z = np.array([normal(q) for q in QUANTILES])

    def forecast(past: Panel, h: int) -> np.ndarray:
        point, error = seasonal_naive(past, h, one.m)
        return point[..., None] + error[..., None] * z

    return forecast


def scores(cut: list[tuple[Panel, np.ndarray]], forecast: Forecast, one: Set) -> np.ndarray:
    """MASE, CRPS, sMAPE, coverage of the 80 and the 95 % interval."""
    errors, loss, size, relative, inside = [], 0.0, 0.0, [], []
    for past, actual in cut:
        paths = forecast(past, one.h)
        known = ~np.isnan(actual)
        by_series = mase(actual, paths[..., 4], seasonal_errors(past, one.m))
        errors.append(by_series[np.isfinite(by_series)])
        error = actual[..., None] - paths[..., :9]
        tau = np.array(DECILES)
        loss += float((2 * np.maximum(tau * error, (tau - 1) * error).mean(axis=-1))[known].sum())
        size += float(np.abs(actual[known]).sum())
        relative.append(smape(actual[..., None], paths[..., 4][..., None]).ravel())
        for low, high in ((0, 8), (9, 10)):
            inside.append(((paths[..., low] <= actual) & (actual <= paths[..., high]))[known])
    cover = [100 * float(np.concatenate(inside[k::2]).mean()) for k in (0, 1)]
    every = float(np.nanmean(np.concatenate(relative)))
    return np.array([float(np.concatenate(errors).mean()), loss / size, every, *cover])


def main() -> None:
    """Print a row per set and network."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("weights", nargs="*", type=Path)
    parser.add_argument("--before-test", action="store_true")
    parser.add_argument("--only", nargs="*", default=list(SETS))
    given = parser.parse_args()
    paths: list[Path | None] = [*given.weights] or [None]
    print(f"{'set':15} {'network':22}   MASE    CRPS  sMAPE   80   95   rel. MASE / CRPS")
    table: dict[str, list[np.ndarray]] = {}
    for name in given.only:
        one = SETS[name]
        cut = windows(read(given.data, one, given.before_test), one)
        reference = scores(cut, naive_forecast(one), one)
        rows = {"seasonal naive": reference}
        for path in paths:
            label = "pretrained" if path is None else path.stem
            rows[label] = scores(cut, network_forecast(path, one), one)
        for label, row in rows.items():
            ratio = row[:2] / reference[:2]
            table.setdefault(label, []).append(ratio)
            text = "{:6.3f} {:7.4f} {:6.2f} {:4.0f} {:4.0f}".format(*row)
            print(
                f"{name:15} {label[-22:]:22} {text}   {ratio[0]:.3f} / {ratio[1]:.3f}", flush=True
            )
    for label, ratios in table.items():
        mean = np.exp(np.log(np.array(ratios)).mean(axis=0))
        print(f"{'geometric mean':15} {label[-22:]:22} {'':31}   {mean[0]:.3f} / {mean[1]:.3f}")


if __name__ == "__main__":
    main()
