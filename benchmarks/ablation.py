"""What each part of learning from a panel is good for: the default preset with one part off.

    python benchmarks/ablation.py --set m4_hourly.parquet:48:24,168 [--sample 200] [--test]
        [--only NAME ...] [--seed 1]

Sets as for `zero_shot.py`. Printed per row: sMAPE over all forecasts, mean MASE, coverage of the
80 and 95 % intervals, seconds. The rows:

- everything: the preset default of `LSTMForecaster`
- no training: the shipped network as it is (the preset instant)
- no pretraining: the same number of networks, all from nothing
- no networks from nothing: those that were trained on from the shipped one alone
- one network: one of each kind in place of three and two
- loss at the last cutoff alone: networks that read a run of cutoffs are asked once
- no lags: nothing is looked up one and two long seasons ago (networks from nothing alone have both
  rows, since the shipped network cannot do without)
- no base path: from nothing, without season and slope beneath: the window shows raw levels
- no calibration: the same forecasts, intervals as the networks say
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from zero_shot import QUANTILES, read_set, scores

from forecastkit.model.calibration import Calibration
from forecastkit.model.model import Blend
from forecastkit.network.config import (
    LONG,
    MEMBERS,
    TRAININGS,
    NetworkConfig,
    TrainingConfig,
    default_view,
)
from forecastkit.network.pretrained import adapt_to, pretrained
from forecastkit.network.runtime import Member
from forecastkit.series.intervals import normal
from forecastkit.series.panel import Panel
from forecastkit.training.blending import BlendTrainer
from forecastkit.training.plan import Plan, Recipe
from forecastkit.training.tensorflow import load_tensorflow


class Ablation:
    """Plans for one panel, each without a part."""

    def __init__(self, past: Panel, h: int, seasons: tuple[int, ...]) -> None:
        self.h, self.seasons = h, seasons
        self.longest = int(past.lengths.max())
        self.long = bool(np.median(past.lengths) >= LONG)
        self.fresh = NetworkConfig("lstm", 32, default_view(seasons, h, self.longest))
        self.incumbent = Member(*adapt_to(*pretrained("lstm")[:2], seasons, h))
        self.base = Member(self.fresh, _zeros(self.fresh))

    def tuned(self, n: int, last_alone: bool = False) -> Recipe:
        """Networks trained on from the shipped one."""
        network, weights = self.incumbent.network, self.incumbent.weights
        return Recipe(network, weights, self._trainings("shipped", network, last_alone), n)

    def from_nothing(
        self, n: int, network: NetworkConfig | None = None, last_alone: bool = False
    ) -> Recipe:
        """Networks trained from nothing."""
        network = network or self.fresh
        return Recipe(network, None, self._trainings("nothing", network, last_alone), n)

    def _trainings(
        self, start: str, network: NetworkConfig, last_alone: bool
    ) -> tuple[TrainingConfig, ...]:
        found = TRAININGS[start, self.long]
        target_stride = network.view.sequence_length
        return (
            tuple(replace(one, target_stride=target_stride) for one in found)
            if last_alone
            else found
        )

    def plan(self, *recipes: Recipe, shipped: bool = True) -> Plan:
        """A plan whose incumbent is the shipped network, or the base path."""
        return Plan(self.incumbent if shipped else self.base, recipes, [], shipped)

    def plans(self) -> dict[str, Callable[[], Plan]]:
        """All of them, by the names of the rows."""
        n, m = MEMBERS["default"]
        without_lags = replace(self.fresh, view=replace(self.fresh.view, lags=(), lag_steps=0))
        flat = default_view((1,), self.h, self.longest, min(2 * max(self.seasons), 168))
        raw = replace(self.fresh, view=replace(flat, trend_share=0.0))
        return {
            "everything": lambda: self.plan(self.tuned(n), self.from_nothing(m)),
            "no training": lambda: self.plan(),
            "no pretraining": lambda: self.plan(self.from_nothing(n + m), shipped=False),
            "no networks from nothing": lambda: self.plan(self.tuned(n)),
            "one network": lambda: self.plan(self.tuned(1), self.from_nothing(1)),
            "loss at the last cutoff alone": lambda: self.plan(
                self.tuned(n, last_alone=True), self.from_nothing(m, last_alone=True)
            ),
            "no lags (all from nothing)": lambda: self.plan(
                self.from_nothing(n + m, without_lags), shipped=False
            ),
            "no base path (all from nothing)": lambda: self.plan(
                self.from_nothing(n + m, raw), shipped=False
            ),
        }


def _zeros(network: NetworkConfig) -> dict[str, np.ndarray]:
    return {name: np.zeros(shape, "f") for name, shape in network.weight_shapes().items()}


def main() -> None:
    """Print a table, a row per part that is off."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", required=True)
    parser.add_argument("--sample", type=int)
    parser.add_argument("--test", action="store_true")
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    load_tensorflow(2)
    past, actual, h, seasons = read_set(given.set, given.test)
    if given.sample:
        drawn = np.random.default_rng(0).permutation(past.n_series)[: given.sample]
        past, actual = past.take(np.sort(drawn)), actual[np.sort(drawn)]
    season = 1 if min(seasons) == 52 else min(seasons)

    def shown(name: str, blend: Blend, calibration: Calibration, seconds: float) -> None:
        distribution = replace(blend, season_length=season, effects=None).distribution(past)
        z = calibration.calibrated(np.array([normal(q) for q in QUANTILES]))
        found = scores(
            past, actual, distribution.clip_to_support(distribution.quantiles(z)), season
        )
        print("{:34}{:7.2f} {:6.3f} {:4.0f} {:4.0f} {:5.0f}".format(name, *found, seconds))

    print(f"{given.set}: {past.n_series} series, seed {given.seed}", flush=True)
    for name, make in Ablation(past, h, seasons).plans().items():
        if given.only and name not in given.only:
            continue
        start = time.perf_counter()
        blend = BlendTrainer({"LSTM": make()}, (), h, min(seasons), given.seed)(past).blend
        seconds = time.perf_counter() - start
        shown(name, blend, blend.calibration, seconds)
        if name == "everything":
            shown("no calibration", blend, Calibration.none(h), seconds)


if __name__ == "__main__":
    main()
