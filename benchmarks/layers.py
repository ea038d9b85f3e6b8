"""Time one training step of our LSTM and of Keras's, in turn in one process.

    python benchmarks/layers.py [--runs 30] [--threads 2] [--torch PYTHON] [--inference]

A step is forward, loss and gradients of all weights; each variant is timed once a round, so that
a slow moment of the machine meets all of them. Printed are medians and interquartile ranges in
milliseconds, the time of the first call (tracing and compiling), the bound that the matrix products
alone set, and ours over Keras's best. torch.nn.LSTM is timed by any Python that has
torch (`--torch`), in turn with the others.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from forecastkit.layers import LSTM
from forecastkit.network.config import NetworkConfig
from forecastkit.network.runtime import network_outputs
from forecastkit.series.windows import View

SHAPES = [(32, 48, 1, 64, 1), (256, 48, 4, 64, 2), (128, 96, 4, 128, 2), (32, 168, 4, 128, 2)]
Step = Callable[[], object]  # one that is timed elsewhere gives its milliseconds


def training_step(kind: type, shape: tuple[int, ...], xla: bool) -> Step:
    """Make a step of a stack of layers, traced and compiled at its first call."""
    batch, steps, features, units, n_layers = shape
    layers = [kind(units, return_sequences=True) for _ in range(n_layers)]
    x = tf.constant(np.random.default_rng(0).normal(size=(batch, steps, features)), "float32")

    def network(y: tf.Tensor) -> tf.Tensor:
        for layer in layers:
            y = layer(y)
        return y

    network(x[:1])
    weights = [weight.value for layer in layers for weight in layer.trainable_weights]

    @tf.function(jit_compile=True if xla else None)
    def step() -> tuple[tf.Tensor, list[tf.Tensor]]:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(network(x) ** 2)
        return loss, tape.gradient(loss, weights)

    return lambda: np.asarray(step()[0])


def products_alone(shape: tuple[int, ...]) -> Step:
    """Make the matrix products that a step cannot do without."""
    batch, steps, features, units, n_layers = shape
    rng = np.random.default_rng(0)
    h = tf.constant(rng.normal(size=(batch, units)), "float32")
    U = tf.constant(rng.normal(size=(units, 4 * units)) / units, "float32")
    dz = tf.constant(rng.normal(size=(batch, 4 * units)), "float32")
    long_z = tf.constant(rng.normal(size=(batch * steps, 4 * units)), "float32")
    inputs = [features, *[units] * (n_layers - 1)]
    xs = [tf.constant(rng.normal(size=(batch * steps, n)), "float32") for n in inputs]
    hs = tf.constant(rng.normal(size=(batch * steps, units)), "float32")
    Ws = [tf.constant(rng.normal(size=(n, 4 * units)), "float32") for n in inputs]

    @tf.function
    def products() -> list[tf.Tensor]:
        out = []
        for layer, (x, W) in enumerate(zip(xs, Ws, strict=True)):
            first = (0, h)
            end = tf.while_loop(
                lambda t, _: t < steps,
                lambda t, h: (t + 1, tf.matmul(h, U)[:, :units]),
                first,
                maximum_iterations=steps,
            )
            back = tf.while_loop(
                lambda t, _: t < steps,
                lambda t, h: (t + 1, tf.matmul(dz + h[0, 0], U, transpose_b=True)),
                first,
                maximum_iterations=steps,
            )
            out += [end[1], back[1], tf.matmul(hs, long_z, transpose_a=True)]
            out += [tf.matmul(x, W), tf.matmul(x, long_z, transpose_a=True)]
            if layer:
                out.append(tf.matmul(long_z, W, transpose_b=True))
        return out

    return lambda: np.asarray(products()[0])


def torch_step(python: str, shape: tuple[int, ...], threads: int) -> Step:
    """Make a step of torch.nn.LSTM, which another Python does and times."""
    numbers = [str(n) for n in (threads, *shape)]
    worker = subprocess.Popen(
        [python, Path(__file__).with_name("layers_torch.py"), *numbers],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    to, back = worker.stdin, worker.stdout
    assert to is not None
    assert back is not None

    def step() -> float:
        to.write("\n")
        to.flush()
        return float(back.readline())

    return step


def timed(variants: dict[str, Step], runs: int) -> dict[str, tuple[float, float, float, float]]:
    """Median, lower and upper quartile, and first call of each variant, in milliseconds."""
    first = {name: _milliseconds(step) for name, step in variants.items()}
    times: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(runs):
        for name, step in variants.items():
            times[name].append(_milliseconds(step))
    found = {}
    for name, values in times.items():
        low, _, high = quantiles(values, n=4)
        found[name] = (median(values), low, high, first[name])
    return found


def _milliseconds(step: Step) -> float:
    start = time.perf_counter()
    found = step()
    here = 1e3 * (time.perf_counter() - start)
    return found if isinstance(found, float) else here


def training(runs: int, threads: int, torch: str | None) -> None:
    print(f"one training step, {threads} threads, median [quartiles] ms, first call s")
    for shape in SHAPES:
        variants = {
            "ours": training_step(LSTM, shape, xla=False),
            "ours, outer XLA": training_step(LSTM, shape, xla=True),
            "Keras": training_step(keras.layers.LSTM, shape, xla=False),
            "Keras, XLA": training_step(keras.layers.LSTM, shape, xla=True),
            "products alone": products_alone(shape),
        }
        if torch:
            variants["torch.nn.LSTM"] = torch_step(torch, shape, threads)
        found = timed(variants, runs)
        print(f"(batch, time, features, units, layers) = {shape}")
        for name, (middle, low, high, first) in found.items():
            print(f"  {name:16} {middle:8.1f} [{low:6.1f}, {high:6.1f}]  {first / 1e3:6.1f}")
        ours = min(found["ours"][0], found["ours, outer XLA"][0])
        theirs = min(found["Keras"][0], found["Keras, XLA"][0])
        print(f"  ours / Keras's best {ours / theirs:.2f}")


def inference(runs: int) -> None:
    """Time 10,000 series of 48 steps through a network of two layers, in Keras and in NumPy."""
    from forecastkit.training.build import build, get_weights

    network = NetworkConfig("lstm", 64, View(24, 12, (12,), 0.5, 48, 1))
    model = build(network, seed=0)
    weights = get_weights(model)
    x = np.random.default_rng(0).normal(size=(10_000, 48, network.view.n_inputs)).astype("float32")
    variants = {
        "Keras, predict": lambda: model.predict(x, batch_size=512, verbose=0),
        "NumPy runtime": lambda: [
            network_outputs(network, weights, x[k : k + 512]) for k in range(0, len(x), 512)
        ],
    }
    print("10,000 series x 48 steps, two layers of 64 units, median [quartiles] ms")
    for name, (middle, low, high, _) in timed(variants, runs).items():
        print(f"  {name:16} {middle:8.0f} [{low:6.0f}, {high:6.0f}]")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--torch", metavar="PYTHON", help="a Python that has torch")
    parser.add_argument("--inference", action="store_true", help="only the inference")
    options = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    tf.config.threading.set_inter_op_parallelism_threads(options.threads)
    if not options.inference:
        training(options.runs, options.threads, options.torch)
    inference(max(3, options.runs // 6))


if __name__ == "__main__":
    main()
