"""Zero-shot accuracy of pretrained weights files on unseen panels.

    python benchmarks/zero_shot.py WEIGHTS... --set m3_monthly.parquet:18:12 --set ... [--test]

A set is a file, a horizon and season lengths, as in `m4_hourly.parquet:48:24,168`. Without
`--test`, only the rows whose `split` is `train` are used and their last `h` steps are forecast, for
the choice of settings. Printed per set: sMAPE over all forecasts, mean MASE over the series,
coverage of the 80 and 95 % intervals. The first row is the baseline forecast that the networks
correct.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from forecastkit.evaluation.metrics import coverage, mase, smape
from forecastkit.evaluation.scoreboard import seasonal_errors
from forecastkit.model.distribution import Distribution, Part
from forecastkit.network.config import NetworkConfig, pretrained_view
from forecastkit.network.pretrained import adapt_to, read_weights
from forecastkit.network.runtime import Member, Weights
from forecastkit.series.intervals import normal
from forecastkit.series.panel import Panel

QUANTILES = (0.5, 0.1, 0.9, 0.025, 0.975)


def read_set(name: str, test: bool) -> tuple[Panel, np.ndarray, int, tuple[int, ...]]:
    """Read a set: panel of past values, actual values (n_series, h), horizon, season lengths."""
    path, h, seasons = name.split(":")
    table = pd.read_parquet(path)
    if not test:
        table = table[table["split"] == "train"]
    series = [y.to_numpy(float) for _, y in table.groupby("unique_id", sort=False)["y"]]
    panel = Panel.of([y for y in series if len(y) > int(h) + 2])
    past, actual = panel.drop_last(int(h)), panel.last_values(int(h))
    has_values = np.array([~np.isnan(past.values[a:b]).all() for a, b in _bounds(past)])
    rows = np.flatnonzero(has_values)
    return past.take(rows), actual[rows], int(h), tuple(int(m) for m in seasons.split(","))


def _bounds(panel: Panel) -> list[tuple[int, int]]:
    return list(zip(panel.offsets[:-1], panel.offsets[1:], strict=True))


def scores(past: Panel, actual: np.ndarray, paths: np.ndarray, m: int) -> tuple[float, ...]:
    """Return sMAPE over all forecasts, mean MASE, coverage of the 80 and 95 % intervals."""
    point, low, high, lowest, highest = np.moveaxis(paths, -1, 0)
    by_series = mase(actual, point, seasonal_errors(past, m))
    by_step = smape(actual[..., None], point[..., None])
    return (
        float(np.nanmean(by_step)),
        float(np.mean(by_series[np.isfinite(by_series)])),
        100 * float(np.nanmean(coverage(actual, low, high))),
        100 * float(np.nanmean(coverage(actual, lowest, highest))),
    )


def forecast(network: NetworkConfig, weights: Weights, past: Panel) -> np.ndarray:
    """Zero-shot quantiles of one network, shape (n_series, h, n_quantiles)."""
    view, part = network.view, Part("LSTM", 1.0, (Member(network, weights),))
    distribution = Distribution(past, (part,), view.horizon, min(view.season_lengths))
    z = np.tile([normal(q) for q in QUANTILES], (view.horizon, 1))
    return distribution.clip_to_support(distribution.quantiles(z))


def untrained(seasons: tuple[int, ...], h: int) -> tuple[NetworkConfig, Weights]:
    """Construct a network whose correction of the baseline forecast is zero."""
    network = NetworkConfig("rnn", 4, pretrained_view(seasons, h))
    return network, {name: np.zeros(shape, "f") for name, shape in network.weight_shapes().items()}


def main() -> None:
    """Print a table with one row per weights file and one column per set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", nargs="*", type=Path)
    parser.add_argument("--set", action="append", dest="sets", required=True)
    parser.add_argument("--test", action="store_true")
    args = parser.parse_args()
    sets = [read_set(name, args.test) for name in args.sets]
    names = [f"{Path(name.split(':')[0]).stem} {name.split(':')[2]}" for name in args.sets]
    print(" " * 20, *(f"{name[-25:]:>26}" for name in names))
    for path in [None, *args.weights]:
        cells: list[str] = []
        for past, actual, h, seasons in sets:
            if path is None:
                network, weights = untrained(seasons, h)
            else:
                network, weights = adapt_to(*read_weights(path)[:2], seasons, h)
            paths = forecast(network, weights, past)
            season = seasons[0] if "weekly" not in names[len(cells)] else 1
            cells.append(
                "{:7.2f} {:6.3f} {:4.0f} {:4.0f}".format(*scores(past, actual, paths, season))
            )
        print(
            f"{path.stem[-20:] if path else 'baseline forecast':20}",
            *(f"{cell:>26}" for cell in cells),
        )


if __name__ == "__main__":
    main()
