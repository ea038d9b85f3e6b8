"""Ablation study of training on a panel: the preset default without one of its components.

    python benchmarks/ablation.py --set m4_hourly.parquet:48:24,168 [--sample 200] [--test]
        [--only NAME ...] [--seed 1]

Sets as for `zero_shot.py`. Printed per row: sMAPE over all forecasts, mean MASE, coverage of the
80 and 95 % intervals, seconds. The rows:

- full model: the preset default of `LSTMForecaster`
- no training: the pretrained network, zero-shot (the preset instant)
- no pretraining: the same number of networks, all trained from scratch
- no networks from scratch: fine-tuned networks only
- one network of each kind: one fine-tuned and one from scratch, instead of an ensemble
- loss at the last cutoff only: instead of at every cutoff of a training sequence
- no lags: no inputs from one and two seasons ago; from scratch, since the pretrained network
  requires them
- no baseline forecast: networks from scratch, without season and trend, on raw levels
- no calibration: the full model with uncalibrated intervals
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
from forecastkit.network.config import NetworkConfig, default_view
from forecastkit.network.pretrained import adapt_to, pretrained
from forecastkit.network.runtime import Member
from forecastkit.series.intervals import normal
from forecastkit.series.panel import Panel
from forecastkit.training.blending import BlendTrainer
from forecastkit.training.config import MEMBERS, MIN_LONG, TRAININGS, TrainingConfig
from forecastkit.training.plan import Plan, Recipe
from forecastkit.training.tensorflow import load_tensorflow


class Ablation:
    """Training plans for one panel, each without one component."""

    def __init__(self, past: Panel, h: int, seasons: tuple[int, ...]) -> None:
        self.h, self.seasons = h, seasons
        self.longest = int(past.lengths.max())
        self.is_long = bool(np.median(past.lengths) >= MIN_LONG)
        self.scratch = NetworkConfig("lstm", 32, default_view(seasons, h, self.longest))
        self.pretrained = Member(*adapt_to(*pretrained("lstm")[:2], seasons, h))
        self.baseline = Member(self.scratch, _zeros(self.scratch))

    def fine_tuned(self, n: int, last_only: bool = False) -> Recipe:
        """Recipe of networks fine-tuned from the pretrained one."""
        network, weights = self.pretrained.network, self.pretrained.weights
        return Recipe(network, weights, self._trainings("pretrained", network, last_only), n)

    def from_scratch(
        self, n: int, network: NetworkConfig | None = None, last_only: bool = False
    ) -> Recipe:
        """Recipe of networks trained from scratch."""
        network = network or self.scratch
        return Recipe(network, None, self._trainings("scratch", network, last_only), n)

    def _trainings(
        self, start: str, network: NetworkConfig, last_only: bool
    ) -> tuple[TrainingConfig, ...]:
        """Training settings, optionally with the loss at the last cutoff of a sequence only."""
        trainings = TRAININGS[start, self.is_long]
        if not last_only:
            return trainings
        stride = network.view.sequence_length
        return tuple(replace(training, target_stride=stride) for training in trainings)

    def plan(self, *recipes: Recipe, is_pretrained: bool = True) -> Plan:
        """Plan whose incumbent is the pretrained network or the baseline forecast."""
        incumbent = self.pretrained if is_pretrained else self.baseline
        return Plan(incumbent, recipes, [], is_pretrained)

    def plans(self) -> dict[str, Callable[[], Plan]]:
        """Plans by the names of the rows."""
        n, m = MEMBERS["default"]
        view = self.scratch.view
        without_lags = replace(self.scratch, view=replace(view, lags=(), lag_steps=0))
        flat = default_view((1,), self.h, self.longest, min(2 * max(self.seasons), 168))
        without_baseline = replace(self.scratch, view=replace(flat, trend_share=0.0))
        return {
            "full model": lambda: self.plan(self.fine_tuned(n), self.from_scratch(m)),
            "no training": lambda: self.plan(),
            "no pretraining": lambda: self.plan(self.from_scratch(n + m), is_pretrained=False),
            "no networks from scratch": lambda: self.plan(self.fine_tuned(n)),
            "one network of each kind": lambda: self.plan(self.fine_tuned(1), self.from_scratch(1)),
            "loss at the last cutoff only": lambda: self.plan(
                self.fine_tuned(n, last_only=True), self.from_scratch(m, last_only=True)
            ),
            "no lags, from scratch": lambda: self.plan(
                self.from_scratch(n + m, without_lags), is_pretrained=False
            ),
            "no baseline forecast, from scratch": lambda: self.plan(
                self.from_scratch(n + m, without_baseline), is_pretrained=False
            ),
        }


def _zeros(network: NetworkConfig) -> dict[str, np.ndarray]:
    return {name: np.zeros(shape, "f") for name, shape in network.weight_shapes().items()}


def main() -> None:
    """Print a table with one row per ablation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", required=True)
    parser.add_argument("--sample", type=int)
    parser.add_argument("--test", action="store_true")
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    load_tensorflow(2)
    past, actual, h, seasons = read_set(args.set, args.test)
    if args.sample:
        sample = np.random.default_rng(0).permutation(past.n_series)[: args.sample]
        past, actual = past.take(np.sort(sample)), actual[np.sort(sample)]
    season = 1 if min(seasons) == 52 else min(seasons)

    def print_scores(name: str, blend: Blend, calibration: Calibration, seconds: float) -> None:
        distribution = replace(blend, season_length=season, effects=None).distribution(past)
        z = calibration.calibrated(np.array([normal(q) for q in QUANTILES]))
        quantiles = distribution.clip_to_support(distribution.quantiles(z))
        row = scores(past, actual, quantiles, season)
        print("{:34}{:7.2f} {:6.3f} {:4.0f} {:4.0f} {:5.0f}".format(name, *row, seconds))

    print(f"{args.set}: {past.n_series} series, seed {args.seed}", flush=True)
    for name, make_plan in Ablation(past, h, seasons).plans().items():
        if args.only and name not in args.only:
            continue
        start = time.perf_counter()
        blend = BlendTrainer({"LSTM": make_plan()}, (), h, min(seasons), args.seed)(past).blend
        seconds = time.perf_counter() - start
        print_scores(name, blend, blend.calibration, seconds)
        if name == "full model":
            print_scores("no calibration", blend, Calibration.none(h), seconds)


if __name__ == "__main__":
    main()
