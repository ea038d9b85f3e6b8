"""Time what pretraining spends on its data beside a gradient step: series, and batches of them.

    python benchmarks/generator.py [--batches 24] [--units 96]

One thread, in turn in one process; in a run the data are made on a thread beside the training.
Prints milliseconds a batch: the series alone, the batch with them (components, windows, targets),
and a step; and what share of all of it the series are.
"""

from __future__ import annotations

import argparse
import time
from statistics import mean, median

import numpy as np

from forecastkit.training.tensorflow import load_tensorflow


def main() -> None:
    """Draw batches, take steps, print the times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=24)
    parser.add_argument("--units", type=int, default=96)
    given = parser.parse_args()
    load_tensorflow(1)
    from forecastkit.pretraining.run import Pretraining
    from forecastkit.pretraining.stream import Stream, shared_out
    from forecastkit.pretraining.synthetic import KINDS, draw_panel
    from forecastkit.training.trainer import Trainer

    run = Pretraining(units=given.units)
    trainer = Trainer(run.network(), run.training())
    stream = Stream(1, run.batch_size, run.scale_power, target_stride=run.target_stride)
    state, _ = trainer.step(trainer.start(1), stream.next.result(), 1e-4)
    draws, steps = [], []
    for _ in range(given.batches):
        start = time.perf_counter()
        batch = stream.draw_now()
        draws.append(time.perf_counter() - start)
        start = time.perf_counter()
        state, _ = trainer.step(state, batch, 1e-4)
        steps.append(time.perf_counter() - start)
    # new series are drawn for every eighth batch: the mean counts, not the median
    rng, counts = np.random.default_rng(2), shared_out(stream.n_series, KINDS)
    start = time.perf_counter()
    for kind, n in zip(KINDS, counts, strict=True):
        draw_panel(rng, n, kind)
    series = (time.perf_counter() - start) / stream.n_uses
    whole = mean(draws) + median(steps)
    print(f"series    {1000 * series:7.1f} ms, {series / whole:.2f} of all")
    print(f"a batch   {1000 * mean(draws):7.1f} ms")
    print(f"a step    {1000 * median(steps):7.1f} ms")


if __name__ == "__main__":
    main()
