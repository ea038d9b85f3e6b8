"""Training steps of torch.nn.LSTM for `layers.py`, run in a separate environment.

    python benchmarks/layers_torch.py THREADS BATCH TIME FEATURES UNITS LAYERS

Runs one step for every line on standard input and prints its time in milliseconds.
"""

from __future__ import annotations

import sys
import time

import torch


def main() -> None:
    """Run and time one step per line of standard input."""
    threads, batch, steps, features, units, n_layers = map(int, sys.argv[1:])
    torch.set_num_threads(threads)
    net = torch.nn.LSTM(features, units, n_layers, batch_first=True)
    x = torch.randn(batch, steps, features)
    for _ in sys.stdin:
        start = time.perf_counter()
        net.zero_grad()
        (net(x)[0] ** 2).mean().backward()
        print(1e3 * (time.perf_counter() - start), flush=True)


if __name__ == "__main__":
    main()
