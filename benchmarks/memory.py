"""Two standard memory tasks: a simple RNN against an LSTM with about as many weights.

    python benchmarks/memory.py [--delays 10 50 200] [--seeds 3] [--steps 1500] [--plot FILE.png]

Recall: the first token of a sequence, one of eight and marked, must be classified after a delay of
distractor tokens. Adding: two numbers of a sequence are marked, and their sum is the target.

Three networks with about as many weights (slightly more for the simple RNN): a simple RNN with
orthogonal initialisation of the recurrent weights; an LSTM with Keras's default initialisation
(forget bias 1); and an LSTM with chrono initialisation, forget biases log u and input biases -log u
with u uniform between 1 and delay - 1 (Tallec & Ollivier, "Can recurrent neural networks warp
time?", ICLR 2018; on large forget biases for long lags also Gers et al. 2000, Le et al. 2015).

For each task, network and delay it prints how many seeds learn the task within the given steps
(recall: 90 % accuracy; adding: mean squared error below 0.01, where predicting the mean gives
0.167), then the decay of the gradient with the lag before training, which explains the results.
The tasks are those of Hochreiter & Schmidhuber (1997), sections 5.1 and 5.4, in the form of Le,
Jaitly & Hinton, "A simple way to initialize recurrent networks of rectified linear units" (2015).
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
# units for about as many weights: 4 (n + u + 1) u of an LSTM, (n + v + 1) v of a simple RNN
RNN_UNITS, LSTM_UNITS = 75, 34


class ChronoInitializer(keras.initializers.Initializer):
    """Biases of an LSTM with time constants up to a maximum (Tallec & Ollivier, 2018)."""

    def __init__(self, max_time: int, seed: int) -> None:
        """Store the maximum time constant, in steps, and the random seed."""
        self.max_time, self.seed = max_time, seed

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Any:
        """Draw the biases, shape (4 * units,)."""
        units = shape[0] // 4
        times = np.random.default_rng(self.seed).uniform(1, self.max_time - 1, units)
        forget, zeros = np.log(times), np.zeros(2 * units)
        return keras.ops.convert_to_tensor(np.concatenate([-forget, forget, zeros]), dtype)


def recurrent_layer(kind: str, delay: int, seed: int) -> Any:
    """Construct the layer of one of `KINDS`."""
    if kind == "RNN":
        return SimpleRNN(RNN_UNITS)
    if kind == "LSTM":
        return LSTM(LSTM_UNITS)
    initializer = ChronoInitializer(delay, seed)
    return LSTM(LSTM_UNITS, unit_forget_bias=False, bias_initializer=initializer)


KINDS = {"RNN": "#d1495b", "LSTM": "#7fb2d9", "LSTM, long": "#0b6fb8"}


def recall(rng: np.random.Generator, delay: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw tokens and marks (BATCH, delay + 1, N_TOKENS + 1), and the first tokens (BATCH,)."""
    tokens = rng.integers(0, N_TOKENS, (BATCH, delay + 1))
    x = np.zeros((BATCH, delay + 1, N_TOKENS + 1), "float32")
    x[..., :N_TOKENS] = np.eye(N_TOKENS)[tokens]
    x[:, 0, N_TOKENS] = 1.0
    return x, tokens[:, 0]


def adding(rng: np.random.Generator, delay: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw numbers and marks (BATCH, delay + 1, 2), and the sums of marked numbers (BATCH,)."""
    x = np.zeros((BATCH, delay + 1, 2), "float32")
    x[..., 0] = rng.random((BATCH, delay + 1))
    rows, half = np.arange(BATCH), (delay + 1) // 2
    for start, stop in ((0, half), (half, delay + 1)):
        x[rows, rng.integers(start, stop, BATCH), 1] = 1.0
    return x, (x[..., 0] * x[..., 1]).sum(axis=1).astype("float32")


TASKS = {"recall": recall, "adding": adding}


class Run:
    """Training of one network on one task with one delay."""

    def __init__(self, task: str, kind: str, delay: int, seed: int) -> None:
        self.task, self.delay, self.rng = task, delay, np.random.default_rng(seed)
        keras.utils.set_random_seed(seed)
        n_in, n_out = (N_TOKENS + 1, N_TOKENS) if task == "recall" else (2, 1)
        inputs = keras.Input((delay + 1, n_in))
        outputs = keras.layers.Dense(n_out)(recurrent_layer(kind, delay, seed)(inputs))
        self.model = keras.Model(inputs, outputs)
        self.optimizer = keras.optimizers.Adam(3e-3, global_clipnorm=1.0)
        self.step = tf.function(self._step)

    def _loss(self, x: Any, y: Any) -> Any:
        outputs = self.model(x)
        if self.task == "recall":
            loss = keras.losses.sparse_categorical_crossentropy(y, outputs, from_logits=True)
            return tf.reduce_mean(loss)
        return tf.reduce_mean((outputs[:, 0] - y) ** 2)

    def _step(self, x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = self._loss(x, y)
        weights = self.model.trainable_variables
        self.optimizer.apply(tape.gradient(loss, weights), weights)
        return loss

    def batch(self) -> tuple[Any, Any]:
        """Draw the next batch."""
        x, y = TASKS[self.task](self.rng, self.delay)
        return tf.constant(x), tf.constant(y)

    def gradient_by_lag(self) -> np.ndarray:
        """Mean |d loss / d x| by lag, starting at lag 0, the last step."""
        x, y = self.batch()
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = self._loss(x, y)
        return np.abs(tape.gradient(loss, x).numpy()).mean(axis=(0, 2))[::-1]

    def is_learnt(self) -> bool:
        """Whether the network meets the criterion of the task on four new batches."""
        batches = [self.batch() for _ in range(4)]
        if self.task == "recall":
            correct = [np.argmax(self.model(x), axis=1) == y.numpy() for x, y in batches]
            return bool(np.mean(correct) > 0.9)
        return bool(np.mean([float(self._loss(x, y)) for x, y in batches]) < 0.01)

    def train(self, steps: int) -> bool:
        """Train until the task is learnt or the maximum number of steps is reached."""
        for n_steps in range(1, steps + 1):
            self.step(*self.batch())
            if n_steps % 100 == 0 and self.is_learnt():
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
                successes = []
                for seed in range(options.seeds):
                    run = Run(task, kind, delay, seed)
                    gradient = run.gradient_by_lag()
                    successes.append(run.train(options.steps))
                    if task == "recall" and delay == options.delays[-1] and seed == 0:
                        curves[kind] = gradient
                rates.setdefault((task, kind), []).append(float(np.mean(successes)))
                result = f"learnt by {sum(successes)} of {len(successes)} seeds"
                print(f"{task:7} {kind:10} delay {delay:4}: {result}", flush=True)
    for kind, curve in curves.items():
        lags = (1, len(curve) // 2, len(curve) - 1)
        ratios = ", ".join(f"lag {lag}: {curve[lag] / curve[0]:.1e}" for lag in lags)
        print(f"{kind}: gradient before training, relative to lag 0: {ratios}")
    if options.plot:
        plot(options.delays, rates, curves, options.plot)


def plot(
    delays: list[int],
    rates: dict[tuple[str, str], list[float]],
    curves: dict[str, np.ndarray],
    path: str,
) -> None:
    """Plot the success rate by delay for both tasks, and the gradient by lag."""
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
