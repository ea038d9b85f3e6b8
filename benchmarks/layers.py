"""Time of one training step of our LSTM layer and of that of Keras.

    python benchmarks/layers.py [--runs 30] [--threads 2] [--torch PYTHON] [--inference]

A step is the forward pass, the loss and the gradients of all weights. The variants are timed
alternately in one process, so that a slowdown of the machine affects all of them. Printed are
medians and quartiles in milliseconds, the time of the first call (tracing and compilation), the
lower bound set by the matrix products, and the ratio of our best time to that of Keras.
torch.nn.LSTM is timed by the Python interpreter of `--torch`, alternately with the others.
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
from forecastkit.series.view import View

SHAPES = [(32, 48, 1, 64, 1), (256, 48, 4, 64, 2), (128, 96, 4, 128, 2), (32, 168, 4, 128, 2)]
Step = Callable[[], object]  # returns milliseconds if it is timed in another process


def training_step(layer_class: type, shape: tuple[int, ...], xla: bool) -> Step:
    """Training step of a stack of layers, traced and compiled at its first call."""
    batch, steps, features, units, n_layers = shape
    layers = [layer_class(units, return_sequences=True) for _ in range(n_layers)]
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


def matrix_products(shape: tuple[int, ...]) -> Step:
    """Matrix products that any implementation of a training step needs."""
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
        results = []
        for layer, (x, W) in enumerate(zip(xs, Ws, strict=True)):
            initial = (0, h)
            forward = tf.while_loop(
                lambda t, _: t < steps,
                lambda t, h: (t + 1, tf.matmul(h, U)[:, :units]),
                initial,
                maximum_iterations=steps,
            )
            backward = tf.while_loop(
                lambda t, _: t < steps,
                lambda t, h: (t + 1, tf.matmul(dz + h[0, 0], U, transpose_b=True)),
                initial,
                maximum_iterations=steps,
            )
            results += [forward[1], backward[1], tf.matmul(hs, long_z, transpose_a=True)]
            results += [tf.matmul(x, W), tf.matmul(x, long_z, transpose_a=True)]
            if layer:
                results.append(tf.matmul(long_z, W, transpose_b=True))
        return results

    return lambda: np.asarray(products()[0])


def torch_step(python: str, shape: tuple[int, ...], threads: int) -> Step:
    """Training step of torch.nn.LSTM, run and timed by another Python interpreter."""
    arguments = [str(n) for n in (threads, *shape)]
    worker = subprocess.Popen(
        [python, Path(__file__).with_name("layers_torch.py"), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    stdin, stdout = worker.stdin, worker.stdout
    assert stdin is not None
    assert stdout is not None

    def step() -> float:
        stdin.write("\n")
        stdin.flush()
        return float(stdout.readline())

    return step


def timed(variants: dict[str, Step], runs: int) -> dict[str, tuple[float, float, float, float]]:
    """Median, quartiles and time of the first call of each variant, in milliseconds."""
    first_calls = {name: _milliseconds(step) for name, step in variants.items()}
    times: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(runs):
        for name, step in variants.items():
            times[name].append(_milliseconds(step))
    summary = {}
    for name, values in times.items():
        low, _, high = quantiles(values, n=4)
        summary[name] = (median(values), low, high, first_calls[name])
    return summary


def _milliseconds(step: Step) -> float:
    start = time.perf_counter()
    result = step()
    elapsed = 1e3 * (time.perf_counter() - start)
    return result if isinstance(result, float) else elapsed


def training(runs: int, threads: int, torch: str | None) -> None:
    print(f"one training step, {threads} threads, median [quartiles] ms, first call s")
    for shape in SHAPES:
        variants = {
            "ours": training_step(LSTM, shape, xla=False),
            "ours, outer XLA": training_step(LSTM, shape, xla=True),
            "Keras": training_step(keras.layers.LSTM, shape, xla=False),
            "Keras, XLA": training_step(keras.layers.LSTM, shape, xla=True),
            "matrix products": matrix_products(shape),
        }
        if torch:
            variants["torch.nn.LSTM"] = torch_step(torch, shape, threads)
        times = timed(variants, runs)
        print(f"(batch, time, features, units, layers) = {shape}")
        for name, (mid, low, high, first_call) in times.items():
            print(f"  {name:16} {mid:8.1f} [{low:6.1f}, {high:6.1f}]  {first_call / 1e3:6.1f}")
        ours = min(times["ours"][0], times["ours, outer XLA"][0])
        best_keras = min(times["Keras"][0], times["Keras, XLA"][0])
        print(f"  ours / best of Keras {ours / best_keras:.2f}")


def inference(runs: int) -> None:
    """Time inference of a two-layer network on 10,000 series of 48 steps, in Keras and NumPy."""
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
    for name, (mid, low, high, _) in timed(variants, runs).items():
        print(f"  {name:16} {mid:8.0f} [{low:6.0f}, {high:6.0f}]")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--torch", metavar="PYTHON", help="Python interpreter with torch")
    parser.add_argument("--inference", action="store_true", help="time inference only")
    args = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(args.threads)
    tf.config.threading.set_inter_op_parallelism_threads(args.threads)
    if not args.inference:
        training(args.runs, args.threads, args.torch)
    inference(max(3, args.runs // 6))


if __name__ == "__main__":
    main()
