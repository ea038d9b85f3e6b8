"""The recipes of ARCHITECTURE.md: each is followed on a copy of the package, with a fake."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
RECIPES = (ROOT / "ARCHITECTURE.md").read_text().split("## Where to add")[1].split("\n## ")[0]


class Copy:
    """A copy of the package that a recipe is followed on."""

    def __init__(self, folder: Path) -> None:
        self.root, self.touched = folder, set()
        shutil.copytree(ROOT / "forecastkit", folder / "forecastkit", ignore=IGNORED)
        for name in ("cli", "datasets"):  # installed as forecastkit.cli and forecastkit.datasets
            target = folder / "forecastkit" / name
            if not target.exists():
                shutil.copytree(ROOT / name, target, ignore=IGNORED)

    def add(self, path: str, text: str, after: str | None = None) -> None:
        """Create a file, or add text to the end of one or behind a line in it."""
        target = self.root / ("" if path.startswith("forecastkit") else "forecastkit") / path
        old = target.read_text() if target.exists() else ""
        if after is None:
            target.write_text(old + text)
        else:
            assert old.count(after) == 1, f"{path} has {old.count(after)} times {after!r}"
            target.write_text(old.replace(after, after + text))
        self.touched.add(path)

    def run(self, code: str, *arguments: str) -> str:
        """Run Python code, or the command line, with the copy in place of the package."""
        words = [sys.executable, "-c", code] if code else [sys.executable, "-c", COMMAND_LINE]
        environment = {**os.environ, "PYTHONPATH": str(self.root)}
        done = subprocess.run(
            [*words, *arguments],
            capture_output=True,
            text=True,
            cwd=self.root,
            env=environment,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


IGNORED = shutil.ignore_patterns("__pycache__", "*.egg-info")
COMMAND_LINE = "from forecastkit.cli.app import main; main()"


@pytest.fixture
def copy(tmp_path):
    return Copy(tmp_path)


def assert_names(recipe: str, touched: set[str]) -> None:
    """Whether a recipe names the folder or the file of everything that was touched."""
    (text,) = [part for part in RECIPES.split("\n- **")[1:] if part.startswith(recipe)]
    for path in touched:
        named = path.removeprefix("forecastkit/")
        assert f"`{named}`" in text or f"`{named.rsplit('/', 1)[0]}/`" in text, (path, text)


def test_a_recurrent_cell(copy):
    """A leaky cell, h' = (h + tanh(W x + b + U h)) / 2: trained, stored, run by NumPy."""
    copy.add(
        "forecastkit/layers/gates.py",
        '''

def leaky_step(z, h, ops):
    """h' = (h + tanh(z)) / 2."""
    return 0.5 * (h + ops.tanh(z))


def leaky_step_gradient(dh, h, h_after):
    """Gradient of `leaky_step`; tanh(z) is 2 h' - h."""
    s = 2.0 * h_after - h
    return 0.5 * dh * (1.0 - s * s), 0.5 * dh
''',
    )
    copy.add(
        "forecastkit/layers/cells.py",
        """

def _leaky(a, state, product, ops, activation=None, gate=None):
    from forecastkit.layers.gates import leaky_step

    (h,) = state
    return (leaky_step(a + product(h), h, ops),), (h,)


def _leaky_gradient(dstate, h_after, kept, back, ops):
    from forecastkit.layers.gates import leaky_step_gradient

    dz, dh = leaky_step_gradient(dstate[0], kept[0], h_after)
    return dz, dz, (dh + back(dz),)


CELLS["leaky"] = Cell(
    layer="Leaky",
    states=("h",),
    gates={},
    n_gates=1,
    step=_leaky,
    step_gradient=_leaky_gradient,
    n_cached=1,
)
""",
    )
    copy.add(
        "forecastkit/layers/leaky.py",
        '''"""A leaky recurrent layer."""

from forecastkit.layers.rnn import SimpleRNN
from forecastkit.layers.sequence import run_layer


class Leaky(SimpleRNN):
    """A leaky recurrent layer."""

    def inner_loop(self, sequences, initial_state, mask, training=False):
        """Run over the sequence."""
        return run_layer(self, "leaky", sequences, initial_state, mask, training)
''',
    )
    copy.add(
        "forecastkit/layers/__init__.py",
        '    if name == "Leaky":\n'
        "        from forecastkit.layers.leaky import Leaky\n\n        return Leaky\n",
        after="def __getattr__(name: str) -> Any:\n",
    )
    copy.run(
        """
import numpy as np, tensorflow as tf
from forecastkit.network.config import NetworkConfig
from forecastkit.network.introspection import input_gradient
from forecastkit.network.runtime import network_outputs
from forecastkit.series.view import View
from forecastkit.training.build import build, get_weights, set_weights

network = NetworkConfig("leaky", 5, View(6, 4, (4,), 0.5, 12, 1))
rng = np.random.default_rng(0)
weights = {name: rng.normal(0, 0.4, shape).astype("float32")
           for name, shape in network.weight_shapes().items()}
model = build(network, seed=1)
set_weights(model, weights)
x = rng.normal(size=(7, 12, network.view.n_inputs)).astype("float32")
np.testing.assert_allclose(network_outputs(network, weights, x), model(x).numpy()[:, -1], rtol=1e-4,
                           atol=1e-5)
upstream = rng.normal(size=(7, 4)).astype("float32")
with tf.GradientTape() as tape:
    inputs = tf.constant(x)
    tape.watch(inputs)
    loss = tf.reduce_sum(model(inputs)[:, -1, :, 0] * upstream)
gradient = tape.gradient(loss, inputs)
np.testing.assert_allclose(input_gradient(network, weights, x, upstream), gradient, rtol=1e-3,
                           atol=1e-5)

# the loop's gradient is written by hand: it is that of finite differences
from forecastkit.layers import Leaky
layer = Leaky(3, dtype="float64", return_sequences=True)
x = tf.constant(rng.normal(size=(2, 5, 4)))
layer(x)
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(layer(x) ** 2)
U = layer.cell.recurrent_kernel
gradient = tape.gradient(loss, U.value).numpy() if hasattr(U, "value") else None
step, at = 1e-6, U.numpy()
for entry in ((0, 1), (2, 0)):
    losses = []
    for sign in (1, -1):
        moved = at.copy()
        moved[entry] += sign * step
        U.assign(moved)
        losses.append(float(tf.reduce_sum(layer(x) ** 2)))
    U.assign(at)
    assert abs((losses[0] - losses[1]) / (2 * step) - gradient[entry]) < 1e-5
"""
    )
    assert_names("A recurrent cell", copy.touched)


def test_a_statistical_method(copy):
    """The middle of the range: in scoreboards, backtests, blends and the command line."""
    copy.add(
        "forecastkit/methods/middle.py",
        '''"""The middle of the range."""

import numpy as np


def middle(panel, h, season_length):
    """Half-way between the smallest and the largest value of each series."""
    series = [y[~np.isnan(y)] for y in np.split(panel.values, panel.offsets[1:-1])]
    center = np.array([(y.min() + y.max()) / 2 for y in series])
    spread = np.array([max(float(np.ptp(y)), 1.0) for y in series])
    return np.repeat(center[:, None], h, 1), np.repeat(spread[:, None], h, 1)
''',
    )
    copy.add(
        "forecastkit/methods/registry.py",
        '    "Middle": Method(middle, prior=0.05),\n',
        after="METHODS: dict[str, Method] = {\n",
    )
    copy.add(
        "forecastkit/methods/registry.py",
        "\nfrom forecastkit.methods.middle import middle",
        after="from forecastkit.methods.ets import ets",
    )
    copy.run("", "datasets", "air_passengers", "--output", "air.csv")
    copy.run("", "fit", "air.csv", "--preset", "instant", "--output", "m.safetensors")
    report = copy.run("", "inspect", "m.safetensors")
    assert "Middle" in report
    blend = copy.run(
        "import forecastkit as fk; m = fk.load('m.safetensors').model;"
        "print([part.name for part in m.blend.parts])"
    )
    assert "Middle" in blend
    arguments = ("air.csv", "--preset", "instant", "--n-windows", "1")
    assert "Middle" in copy.run("", "backtest", *arguments)
    assert_names("A statistical method", copy.touched)


def test_a_metric(copy):
    copy.add(
        "forecastkit/evaluation/metrics.py",
        '''

def largest_error(y, y_hat):
    """Largest absolute error."""
    return np.nanmax(np.abs(y - y_hat), axis=-1)
''',
    )
    copy.add(
        "forecastkit/evaluation/scores.py",
        '    "largest_error": formulas.largest_error,\n',
        after="PLAIN: dict[str, Callable[..., np.ndarray]] = {\n",
    )
    printed = copy.run(
        """
import pandas as pd, forecastkit as fk
days = pd.to_datetime(["2024-01-01", "2024-01-02"])
table = pd.DataFrame({"unique_id": "a", "ds": days, "y": [1.0, 2.0], "LSTM": [2.0, 7.0]})
print(fk.evaluate(table, ["largest_error"])["LSTM"].tolist())
"""
    )
    assert printed.strip() == "[5.0]"
    assert_names("A metric", copy.touched)


def test_a_kind_of_covariate(copy):
    """A calendar feature: the phase of the week of the year, stored in the model and used."""
    copy.add("forecastkit/tables/schema.py", '"half year", ', after="CYCLES = (")
    copy.add(
        "forecastkit/tables/calendar.py",
        '        "half year": (calendar.day_of_year - 1) % 183 / 183,\n',
        after="    phase = {\n",
    )
    printed = copy.run(
        """
import forecastkit as fk
table = fk.datasets.load("sales")
model = fk.LSTMForecaster(h=7, preset="fast", calendar=["half year"], season_length=7)
model.fit(table[table["unique_id"] == table["unique_id"].iloc[0]], progress=False).save("m.safetensors")
stored = fk.load("m.safetensors").model.history
print([column.cycle for column in stored.schema.columns])
print(stored.panel.covariates.changing.values[:, -4:].std(axis=0).min() > 0.1)
"""
    )
    assert "half year" in printed
    assert "True" in printed
    assert_names("A kind of covariate", copy.touched)


def test_a_command(copy):
    copy.add(
        "cli/hello.py",
        '''"""Greet."""

import click
from forecastkit.cli.help import command


@command("hello", examples=("",))
def run():
    """Greet."""
    click.echo("hello")
''',
    )
    copy.add(
        "cli/app.py",
        '    "hello": "Greet.",\n',
        after="COMMANDS = {\n",
    )
    assert "Greet." in copy.run("", "--help")
    assert copy.run("", "hello") == "hello\n"
    assert_names("A command", copy.touched)
