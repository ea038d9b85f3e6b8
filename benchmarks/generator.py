"""Time that pretraining spends on synthetic data, relative to a gradient step.

    python benchmarks/generator.py [--batches 24] [--units 96]

Data and steps are timed alternately on one thread; in pretraining, a second thread prepares the
data. Printed are milliseconds per batch for the series only, for the whole batch (series,
components, windows, targets) and for a gradient step, and the share of the series in the total.
"""

from __future__ import annotations

import argparse
import time
from statistics import mean, median

import numpy as np

from forecastkit.training.tensorflow import load_tensorflow


def main() -> None:
    """Draw batches, take gradient steps, print the times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=24)
    parser.add_argument("--units", type=int, default=96)
    args = parser.parse_args()
    load_tensorflow(1)
    from forecastkit.network.config import PRETRAINED_HORIZON
    from forecastkit.pretraining.prior import KINDS
    from forecastkit.pretraining.run import Pretraining
    from forecastkit.pretraining.stream import Stream, shared_out
    from forecastkit.pretraining.synthetic import draw
    from forecastkit.training.trainer import Trainer

    run = Pretraining(units=args.units)
    trainer = Trainer(run.network(), run.training())
    stream = Stream(1, run.sampling())
    state, _ = trainer.step(trainer.start(1), stream.next.result(), 1e-4)
    batch_times, step_times = [], []
    for _ in range(args.batches):
        start = time.perf_counter()
        batch = stream.draw_now()
        batch_times.append(time.perf_counter() - start)
        start = time.perf_counter()
        state, _ = trainer.step(state, batch, 1e-4)
        step_times.append(time.perf_counter() - start)
    # series are drawn for one of `n_uses` batches only: use the mean, not the median
    sampling = run.sampling()
    rng, counts = np.random.default_rng(2), shared_out(sampling.n_series, KINDS)
    start = time.perf_counter()
    for kind, n in zip(KINDS, counts, strict=True):
        draw(rng, n, kind, horizon=PRETRAINED_HORIZON)
    series = (time.perf_counter() - start) / sampling.n_uses
    total = mean(batch_times) + median(step_times)
    print(f"series    {1000 * series:7.1f} ms, {series / total:.2f} of the total")
    print(f"batch     {1000 * mean(batch_times):7.1f} ms")
    print(f"step      {1000 * median(step_times):7.1f} ms")


if __name__ == "__main__":
    main()
