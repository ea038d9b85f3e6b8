"""Time per observation and per forecast of a network whose state is carried on.

    python benchmarks/carried.py [--series 1 100000] [--lengths 100 1000 10000 100000]

The pretrained LSTM follows synthetic series, on one thread. Printed are microseconds per new
observation and per forecast of the horizon, per series: by the length of the history for one
series, and by the number of series for a history of 100 steps. Beside them, the time of a forecast
that computes the whole history again, and the bytes of the state.
"""

from __future__ import annotations

import argparse
import time
from statistics import median

import numpy as np

from forecastkit.model.states import States
from forecastkit.network.config import NetworkConfig, pretrained_view
from forecastkit.network.pretrained import adapt_to, pretrained
from forecastkit.network.runtime import Member, network_quantiles
from forecastkit.network.threads import single_blas_thread
from forecastkit.series.panel import Panel
from forecastkit.series.windows import Windows


def member(season_length: int, h: int) -> Member:
    """Return the pretrained network, or one of its shape if that is of the first generation."""
    network, weights = pretrained("lstm")[:2]
    if not network.view.anchored:
        network = NetworkConfig("lstm", 96, pretrained_view((1,)))
        rng = np.random.default_rng(0)
        shapes = network.weight_shapes().items()
        weights = {name: rng.normal(0, 0.1, shape).astype("f") for name, shape in shapes}
    return Member(*adapt_to(network, weights, (season_length,), h))


def history(rng: np.random.Generator, n: int, length: int, season_length: int) -> Panel:
    """Seasonal random walks."""
    season = rng.normal(size=(n, season_length))[:, np.arange(length) % season_length]
    return Panel.of(list(rng.normal(0, 0.1, (n, length)).cumsum(axis=1) + season))


def timed(n: int, length: int, season_length: int, repeats: int) -> tuple[float, ...]:
    """Microseconds per series of an observation, a forecast, and one from the whole history."""
    rng, network = np.random.default_rng(1), member(season_length, 12)
    panel, series = history(rng, n, length, season_length), np.arange(n)
    states = States.of([network], panel)
    seconds: list[list[float]] = [[], [], []]
    for _ in range(repeats):
        start = time.perf_counter()
        states.networks.advance(series, rng.normal(size=n))
        seconds[0].append(time.perf_counter() - start)
        start = time.perf_counter()
        states.paths()
        seconds[1].append(time.perf_counter() - start)
    for _ in range(min(repeats, 3)):
        start = time.perf_counter()
        windows = Windows.of(panel, network.network.view)
        network_quantiles(network.network, network.weights, windows, series, panel.lengths - 1)
        seconds[2].append(time.perf_counter() - start)
    size = sum(array.nbytes for array in states.arrays().values()) / n
    return (*(1e6 * median(times) / n for times in seconds), size)


@single_blas_thread()
def main() -> None:
    """Print a row per length of the history, and per number of series."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, nargs="*", default=[1, 100, 10_000, 100_000])
    parser.add_argument("--lengths", type=int, nargs="*", default=[100, 1000, 10_000, 100_000])
    parser.add_argument("--season-length", type=int, default=12)
    options = parser.parse_args()
    names = ("history", "observation", "forecast", "anew", "bytes")
    print(f"{'series':>8} " + " ".join(f"{name:>12}" for name in names))
    rows = [(1, length, 50) for length in options.lengths]
    rows += [(n, 100, 20 if n <= 1000 else 3) for n in options.series]
    for n, length, repeats in rows:
        row = timed(n, length, options.season_length, repeats)
        cells = "{:12.1f} {:12.1f} {:12.1f} {:12.0f}".format(*row)
        print(f"{n:8d} {length:12d} {cells}", flush=True)


if __name__ == "__main__":
    main()
