"""Two textbook tasks that need memory: a simple RNN against an LSTM with about as many weights.

    python benchmarks/memory.py [--delays 10 50 200] [--seeds 3] [--steps 1500] [--plot FILE.png]

Recall: the first token of a sequence, one of eight and marked, is to be named after a delay of
other tokens of the same kind. Adding problem: two of many numbers are marked; their sum is to be
told.

Three networks with about as many weights (the simple one has a few more): a simple RNN (recurrent
weights start orthogonal, the kindest start that is known for it); an LSTM as Keras starts it, its
forget biases at 1; and the same LSTM with forget biases at log u, u uniform from 1 to the delay -
1, and input biases at -log u, so that its cells start out remembering for as long (Tallec &
Ollivier, "Can recurrent neural networks warp time?", ICLR 2018; longer lags want a larger forget
bias: Gers et al. 2000, Le et al. 2015).

For each task, network, delay and seed it prints whether the task was learnt (recall: nine of ten
right; adding: squared error below 0.01, where 0.167 is that of the mean) within the steps, then
how the gradient falls off with the lag before training, which explains it: what has no gradient
cannot be learnt. The tasks are those of Hochreiter & Schmidhuber (1997), sections 5.1 and 5.4, in
the form of Le, Jaitly & Hinton, "A simple way to initialize recurrent networks of rectified
linear units" (2015).
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
RNN_UNITS, LSTM_UNITS = 75, 34


class LongMemory(keras.initializers.Initializer):
    """Biases of an LSTM whose cells forget after 1 to `longest` steps."""

    def __init__(self, longest: int, seed: int) -> None:
        """Take the longest time and the seed of the draw."""
        self.longest, self.seed = longest, seed

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Any:
        """Make the biases, shape (4 units,)."""
        units = shape[0] // 4
        times = np.random.default_rng(self.seed).uniform(1, self.longest - 1, units)
        forget, nothing = np.log(times), np.zeros(2 * units)
        return keras.ops.convert_to_tensor(np.concatenate([-forget, forget, nothing]), dtype)


def layer_of(kind: str, delay: int, seed: int) -> Any:
    """Make the recurrent layer of one of `KINDS`."""
    if kind == "RNN":
        return SimpleRNN(RNN_UNITS)
    if kind == "LSTM":
        return LSTM(LSTM_UNITS)
    bias = LongMemory(delay, seed)
    return LSTM(LSTM_UNITS, unit_forget_bias=False, bias_initializer=bias)


KINDS = {"RNN": "#d1495b", "LSTM": "#7fb2d9", "LSTM, long": "#0b6fb8"}


def recall(rng: np.random.Generator, delay: int) -> tuple[np.ndarray, np.ndarray]:
    """Make a batch: tokens and the mark (batch, delay + 1, N_TOKENS + 1), and the first token."""
    tokens = rng.integers(0, N_TOKENS, (BATCH, delay + 1))
    x = np.zeros((BATCH, delay + 1, N_TOKENS + 1), "float32")
    x[..., :N_TOKENS] = np.eye(N_TOKENS)[tokens]
    x[:, 0, N_TOKENS] = 1.0
    return x, tokens[:, 0]


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
        keras.utils.set_random_seed(seed)
        n_in, n_out = (N_TOKENS + 1, N_TOKENS) if task == "recall" else (2, 1)
        inputs = keras.Input((delay + 1, n_in))
        outputs = keras.layers.Dense(n_out)(layer_of(kind, delay, seed)(inputs))
        self.model = keras.Model(inputs, outputs)
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
        for kind in KINDS:
            for delay in options.delays:
                wins = []
                for seed in range(options.seeds):
                    run = Run(task, kind, delay, seed)
                    start = run.gradient_by_lag()
                    wins.append(run.train(options.steps))
                    if task == "recall" and delay == options.delays[-1] and seed == 0:
                        curves[kind] = start
                rates.setdefault((task, kind), []).append(float(np.mean(wins)))
                won = f"learnt by {sum(wins)} of {len(wins)} seeds"
                print(f"{task:7} {kind:10} delay {delay:4}: {won}", flush=True)
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
    for axes, task in zip(panels, TASKS, strict=False):
        for kind, colour in KINDS.items():
            axes.plot(delays, rates[task, kind], "o-", color=colour, label=kind)
        axes.set(title=task, xlabel="delay, steps", ylabel="share of seeds", ylim=(-0.05, 1.05))
        axes.legend(frameon=False)
    for kind, curve in curves.items():
        panels[2].semilogy(np.maximum(curve, 1e-30), color=KINDS[kind], label=kind)
    panels[2].set(title="gradient by lag, untrained", xlabel="lag, steps", ylabel="|d loss / d x|")
    panels[2].legend(frameon=False)
    for axes in panels:
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
