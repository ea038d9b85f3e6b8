"""Score weights files of pretraining on panels they have not seen, without any training.

    python benchmarks/zero_shot.py WEIGHTS... --set m3_monthly.parquet:18:12 --set ... [--test]

A set is a file, a horizon and the season lengths, as in `m4_hourly.parquet:48:24,168`. Without
`--test` the rows whose `split` is not `train` are left out and the last `h` steps of what remains
are foretold: the figures by which settings are chosen. Printed per set: sMAPE over all forecasts,
mean MASE over the series, coverage of the 80 and 95 % intervals; the first row is the base path
that the networks correct.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from forecastkit.evaluation.metrics import coverage, mase, smape
from forecastkit.evaluation.scoreboard import last_values, seasonal_errors
from forecastkit.model.distribution import Distribution, Part
from forecastkit.network.config import NetworkConfig, pretrained_view
from forecastkit.network.pretrained import adapt_to, read_weights
from forecastkit.network.runtime import Member, Weights
from forecastkit.series.intervals import normal
from forecastkit.series.panel import Panel

QUANTILES = (0.5, 0.1, 0.9, 0.025, 0.975)


def read_set(name: str, test: bool) -> tuple[Panel, np.ndarray, int, tuple[int, ...]]:
    """Past, what came after it, horizon, seasons."""
    path, h, seasons = name.split(":")
    table = pd.read_parquet(path)
    if not test:
        table = table[table["split"] == "train"]
    series = [one.to_numpy(float) for _, one in table.groupby("unique_id", sort=False)["y"]]
    panel = Panel.of([one for one in series if len(one) > int(h) + 2])
    past, actual = panel.drop_last(int(h)), last_values(panel, int(h))
    known = np.array([~np.isnan(past.values[a:b]).all() for a, b in _bounds(past)])
    rows = np.flatnonzero(known)
    return past.take(rows), actual[rows], int(h), tuple(int(m) for m in seasons.split(","))


def _bounds(panel: Panel) -> list[tuple[int, int]]:
    return list(zip(panel.offsets[:-1], panel.offsets[1:], strict=True))


def scores(past: Panel, actual: np.ndarray, paths: np.ndarray, m: int) -> tuple[float, ...]:
    """Return sMAPE of all forecasts, mean MASE, coverage of 80 and of 95 %."""
    point, low, high, lowest, highest = np.moveaxis(paths, -1, 0)
    by_series = mase(actual, point, seasonal_errors(past, m))
    each = smape(actual[..., None], point[..., None])
    return (
        float(np.nanmean(each)),
        float(np.mean(by_series[np.isfinite(by_series)])),
        100 * float(np.nanmean(coverage(actual, low, high))),
        100 * float(np.nanmean(coverage(actual, lowest, highest))),
    )


def forecast(network: NetworkConfig, weights: Weights, past: Panel) -> np.ndarray:
    """Quantiles of one network as it is, shape (n_series, h, n_quantiles)."""
    view, part = network.view, Part("LSTM", 1.0, (Member(network, weights),))
    distribution = Distribution(past, (part,), view.horizon, min(view.season_lengths))
    z = np.tile([normal(q) for q in QUANTILES], (view.horizon, 1))
    return distribution.clip_to_support(distribution.quantiles(z))


def untrained(seasons: tuple[int, ...], h: int) -> tuple[NetworkConfig, Weights]:
    """Make a network that leaves the base path as it is."""
    network = NetworkConfig("rnn", 4, pretrained_view(seasons, h))
    return network, {name: np.zeros(shape, "f") for name, shape in network.weight_shapes().items()}


def main() -> None:
    """Print a table, a row per weights file and a column per set."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("weights", nargs="*", type=Path)
    arguments.add_argument("--set", action="append", dest="sets", required=True)
    arguments.add_argument("--test", action="store_true")
    given = arguments.parse_args()
    sets = [read_set(name, given.test) for name in given.sets]
    names = [f"{Path(name.split(':')[0]).stem} {name.split(':')[2]}" for name in given.sets]
    print(" " * 20, *(f"{name[-25:]:>26}" for name in names))
    for path in [None, *given.weights]:
        cells = []
        for past, actual, h, seasons in sets:
            if path is None:
                network, weights = untrained(seasons, h)
            else:
                whole, target_stride, _ = read_weights(path)
                network, weights = adapt_to(whole, target_stride, seasons, h)
            paths = forecast(network, weights, past)
            season = seasons[0] if "weekly" not in names[len(cells)] else 1
            cells.append(
                "{:7.2f} {:6.3f} {:4.0f} {:4.0f}".format(*scores(past, actual, paths, season))
            )
        print(f"{path.stem[-20:] if path else 'base path':20}", *(f"{cell:>26}" for cell in cells))


if __name__ == "__main__":
    main()
