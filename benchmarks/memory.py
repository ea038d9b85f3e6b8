"""Two textbook tasks that need memory: a simple RNN against an LSTM with as many weights.

    python benchmarks/memory.py [--delays 10 50 200] [--seeds 3] [--steps 1500] [--plot FILE.png]

Recall: the first token of a sequence, one of eight, is to be named after a delay of other tokens.
Adding problem: of a sequence of numbers two are marked; their sum is to be told at the end.

For each delay, kind and seed it prints whether the task was learnt (recall: nine of ten right;
adding: squared error below 0.01, where 0.167 is that of the mean), then how the gradient falls off
with the lag before training, which explains it. The tasks are those of Hochreiter & Schmidhuber
(1997), sections 5.1 and 5.4, in the form of Le, Jaitly & Hinton, "A simple way to initialize
recurrent networks of rectified linear units" (2015).
"""

from __future__ import annotations

import argparse
import os
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from forecastkit.layers import LSTM, SimpleRNN

N_TOKENS = 8
BATCH = 64
# as many weights: 4 (n + u + 1) u of an LSTM against (n + v + 1) v of a simple network
UNITS = {"RNN": (SimpleRNN, 75), "LSTM": (LSTM, 34)}


def recall(rng: np.random.Generator, delay: int) -> tuple[np.ndarray, np.ndarray]:
    """Make a batch: one-hot tokens (batch, delay + 1, 2 N_TOKENS), and the first of them."""
    first = rng.integers(0, N_TOKENS, BATCH)
    others = N_TOKENS + rng.integers(0, N_TOKENS, (BATCH, delay))
    tokens = np.concatenate([first[:, None], others], axis=1)
    return np.eye(2 * N_TOKENS, dtype="float32")[tokens], first


def adding(rng: np.random.Generator, delay: int) -> tuple[np.ndarray, np.ndarray]:
    """Make a batch: numbers and marks (batch, delay + 1, 2), and the sum of the marked two."""
    x = np.zeros((BATCH, delay + 1, 2), "float32")
    x[..., 0] = rng.random((BATCH, delay + 1))
    rows, half = np.arange(BATCH), (delay + 1) // 2
    for start, stop in ((0, half), (half, delay + 1)):
        x[rows, rng.integers(start, stop, BATCH), 1] = 1.0
    return x, (x[..., 0] * x[..., 1]).sum(axis=1).astype("float32")


TASKS = {"recall": recall, "adding": adding}


class Run:
    """One network on one task and delay."""

    def __init__(self, task: str, kind: str, delay: int, seed: int) -> None:
        self.task, self.delay, self.rng = task, delay, np.random.default_rng(seed)
        layer, units = UNITS[kind]
        keras.utils.set_random_seed(seed)
        n_out = N_TOKENS if task == "recall" else 1
        n_in = 2 * N_TOKENS if task == "recall" else 2
        inputs = keras.Input((delay + 1, n_in))
        self.model = keras.Model(inputs, keras.layers.Dense(n_out)(layer(units)(inputs)))
        self.optimizer = keras.optimizers.Adam(3e-3, global_clipnorm=1.0)
        self.step = tf.function(self._step)

    def _loss(self, x: Any, y: Any) -> Any:
        out = self.model(x)
        if self.task == "recall":
            loss = keras.losses.sparse_categorical_crossentropy(y, out, from_logits=True)
            return tf.reduce_mean(loss)
        return tf.reduce_mean((out[:, 0] - y) ** 2)

    def _step(self, x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = self._loss(x, y)
        weights = self.model.trainable_variables
        self.optimizer.apply(tape.gradient(loss, weights), weights)
        return loss

    def batch(self) -> tuple[Any, Any]:
        """Make the next batch."""
        x, y = TASKS[self.task](self.rng, self.delay)
        return tf.constant(x), tf.constant(y)

    def gradient_by_lag(self) -> np.ndarray:
        """Mean |d loss / d x| by lag, the newest step first."""
        x, y = self.batch()
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = self._loss(x, y)
        return np.abs(tape.gradient(loss, x).numpy()).mean(axis=(0, 2))[::-1]

    def learnt(self) -> bool:
        """Say whether the network does the task, on four fresh batches."""
        batches = [self.batch() for _ in range(4)]
        if self.task == "recall":
            right = [np.argmax(self.model(x), axis=1) == y.numpy() for x, y in batches]
            return bool(np.mean(right) > 0.9)
        return bool(np.mean([float(self._loss(x, y)) for x, y in batches]) < 0.01)

    def train(self, steps: int) -> bool:
        """Train until the task is learnt or the steps are used up."""
        for done in range(1, steps + 1):
            self.step(*self.batch())
            if done % 100 == 0 and self.learnt():
                return True
        return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--delays", type=int, nargs="+", default=[10, 25, 50, 100, 200])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--plot", metavar="FILE.png")
    options = parser.parse_args()
    rates: dict[tuple[str, str], list[float]] = {}
    curves: dict[str, np.ndarray] = {}
    for task in TASKS:
        for kind in UNITS:
            for delay in options.delays:
                wins = []
                for seed in range(options.seeds):
                    run = Run(task, kind, delay, seed)
                    start = run.gradient_by_lag()
                    wins.append(run.train(options.steps))
                    if task == "recall" and delay == options.delays[-1] and seed == 0:
                        curves[kind] = start
                rates.setdefault((task, kind), []).append(float(np.mean(wins)))
                print(
                    f"{task:7} {kind:4} delay {delay:4}: learnt by {sum(wins)} of {len(wins)} seeds"
                )
    for kind, curve in curves.items():
        marks = [curve[lag] / curve[0] for lag in (1, len(curve) // 2, len(curve) - 1)]
        shown = ", ".join(f"{mark:.1e}" for mark in marks)
        print(f"{kind}: gradient at lags 1, half, all over that at lag 0, untrained: {shown}")
    if options.plot:
        draw(options.delays, rates, curves, options.plot)


def draw(
    delays: list[int],
    rates: dict[tuple[str, str], list[float]],
    curves: dict[str, np.ndarray],
    path: str,
) -> None:
    """Plot success by delay for both tasks, and the gradient by lag."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 3.2), layout="constrained")
    panels = figure.subplots(1, 3)
    colours = {"RNN": "#d1495b", "LSTM": "#0b6fb8"}
    for axes, task in zip(panels, TASKS, strict=False):
        for kind, colour in colours.items():
            axes.plot(delays, rates[task, kind], "o-", color=colour, label=kind)
        axes.set(title=task, xlabel="delay, steps", ylabel="share of seeds", ylim=(-0.05, 1.05))
        axes.legend(frameon=False)
    for kind, curve in curves.items():
        panels[2].semilogy(np.maximum(curve, 1e-30), color=colours[kind], label=kind)
    panels[2].set(title="gradient by lag, untrained", xlabel="lag, steps", ylabel="|d loss / d x|")
    panels[2].legend(frameon=False)
    for axes in panels:
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
