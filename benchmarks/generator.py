"""Time what pretraining spends on its data: drawing and cutting a batch beside a gradient step.

    python benchmarks/generator.py [--batches 24] [--units 96]

One thread, in turn in one process; in a run both go side by side. Prints medians in milliseconds
and their ratio.
"""

from __future__ import annotations

import argparse
import time
from statistics import mean, median

from forecastkit.network.quiet import load_tensorflow


def main() -> None:
    """Draw batches, take steps, print the times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=24)
    parser.add_argument("--units", type=int, default=96)
    given = parser.parse_args()
    load_tensorflow(1)
    from forecastkit.network.training import Trainer
    from forecastkit.pretraining.run import Pretraining
    from forecastkit.pretraining.stream import Stream

    run = Pretraining(units=given.units)
    trainer = Trainer(run.network(), run.training())
    stream = Stream(1, run.batch_size, run.scale_power, every=run.every)
    trainer.step(stream.next.result(), 1e-4)
    draws, steps = [], []
    for _ in range(given.batches):
        start = time.perf_counter()
        batch = stream.draw_now()
        draws.append(time.perf_counter() - start)
        start = time.perf_counter()
        trainer.step(batch, 1e-4)
        steps.append(time.perf_counter() - start)
    # new series are drawn for every eighth batch: the mean counts, not the median
    print(f"a batch   {1000 * mean(draws):7.1f} ms")
    print(f"a step    {1000 * median(steps):7.1f} ms")
    print(f"share     {mean(draws) / (mean(draws) + median(steps)):7.2f}")


if __name__ == "__main__":
    main()
