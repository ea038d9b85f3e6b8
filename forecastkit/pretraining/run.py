"""Training from synthetic series, with checkpoints: a run that was stopped goes on where it was."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from forecastkit.errors import OptionError
from forecastkit.files import write_whole
from forecastkit.network.config import NetworkConfig, pretrained_view
from forecastkit.network.head import quantile_paths
from forecastkit.network.pretrained import write_weights
from forecastkit.network.runtime import Weights
from forecastkit.pretraining.stream import Stream
from forecastkit.pretraining.synthetic import KINDS
from forecastkit.training.batches import Batch
from forecastkit.training.config import TrainingConfig
from forecastkit.training.trainer import Trainer, averaged, pinball_loss

Say = Callable[[str], None]


@dataclass(frozen=True)
class Pretraining:
    """Everything that a run of pretraining depends on.

    Attributes
    ----------
    minutes : float
        Training time, over all parts of an interrupted run; the learning rate falls to zero along
        a half cosine over it (Loshchilov & Hutter, "SGDR", ICLR 2017).
    steps : int or None
        Gradient steps in place of the minutes, so that runs on busy machines can be compared.
    seed : int
    cell : "lstm" or "rnn"
    units : int
        The simple network of as many weights as the LSTM of 96 has 169.
    batch_size, every : int
        Runs of cutoffs a step, and cutoffs from one with targets to the next.
    learning_rate, weight_decay, dropout : float
    scale_power : float
        Losses are weighted with the series' noise to this power.
    keep : float
        Share of the averaged weights that stays at each step.
    check_every : int
        Steps between looks at the validation set, with a checkpoint at each.
    """

    minutes: float = 60.0
    seed: int = 1
    cell: str = "lstm"
    units: int = 96
    batch_size: int = 128
    target_stride: int = 4
    learning_rate: float = 2e-3
    weight_decay: float = 1e-3
    dropout: float = 0.05
    scale_power: float = 0.5
    keep: float = 0.998
    check_every: int = 500
    steps: int | None = None

    def network(self) -> NetworkConfig:
        """Shape of the network; the season of its view stands for all."""
        return NetworkConfig(self.cell, self.units, pretrained_view((1,)), dropout=self.dropout)

    def training(self) -> TrainingConfig:
        """How gradient steps are taken."""
        return TrainingConfig(
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            warm_up=100,
            noise=0.0,
            scale_power=self.scale_power,
            target_stride=self.target_stride,
        )

    def part(self, minutes: float, steps: int) -> float:
        """Share of the run that is done."""
        done = minutes / self.minutes if self.steps is None else steps / self.steps
        return min(1.0, done)

    def learning_rate_at(self, minutes: float, step: int) -> float:
        """Learning rate after so many minutes of the run.

        Examples
        --------
        >>> run = Pretraining(minutes=10, learning_rate=0.002)
        >>> run.learning_rate_at(0, 1000), run.learning_rate_at(5, 1000), run.learning_rate_at(0, 1)
        (0.002, 0.001, 2e-05)
        """
        part = self.part(minutes, step - 1)
        warmth = min(1.0, step / self.training().warm_up)
        return float(self.learning_rate * warmth * (0.5 + 0.5 * np.cos(np.pi * part)))


class Progress:
    """Where a run stands: weights, averaged weights, the optimizer's state, steps and minutes.

    Parameters
    ----------
    run : Pretraining
    checkpoint : Path
        An `.npz` file; a run whose settings are the same goes on from it.
    """

    def __init__(self, run: Pretraining, checkpoint: Path) -> None:
        self.run, self.checkpoint = run, checkpoint
        self.trainer = Trainer(run.network(), run.training())
        self.state = self.trainer.start(run.seed)
        self.average: Weights = self.trainer.weights_of(self.state)
        self.step, self.minutes = 0, 0.0
        if checkpoint.exists():
            self._restore()

    @property
    def done(self) -> bool:
        """Whether the run is at its end."""
        return self.run.part(self.minutes, self.step) >= 1.0

    def advance(self, batch: Batch, learning_rate: float) -> None:
        """Take a gradient step, and move the average on."""
        self.state, _ = self.trainer.step(self.state, batch, learning_rate)
        now = self.trainer.weights_of(self.state)
        self.average = averaged(self.average, now, self.step, self.run.keep)

    def save(self) -> None:
        """Write the checkpoint, whole or not at all."""
        now = self.trainer.weights_of(self.state)
        arrays = {f"weight:{name}": one for name, one in now.items()}
        arrays |= {f"average:{name}": one for name, one in self.average.items()}
        for kind in ("first", "second"):
            state = zip(now, getattr(self.state, kind), strict=True)
            arrays |= {f"{kind}:{name}": one.numpy() for name, one in state}
        about = {"run": asdict(self.run), "step": self.step, "minutes": self.minutes}
        arrays["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **arrays)
        write_whole(self.checkpoint, buffer.getvalue())

    def _restore(self) -> None:
        with np.load(self.checkpoint, allow_pickle=False) as found:
            about = json.loads(found["about"].tobytes())
            if about["run"] != asdict(self.run):
                raise OptionError(
                    f"'{self.checkpoint}' is a checkpoint of another run: {about['run']}.",
                    fix="Name another checkpoint, or the settings of that run.",
                )
            self.step, self.minutes = int(about["step"]), float(about["minutes"])
            parts: dict[str, dict[str, np.ndarray]] = {}
            for key in found.files:
                kind, _, name = key.partition(":")
                parts.setdefault(kind, {})[name] = found[key]
        self.average = parts["average"]
        moments = (parts["first"], parts["second"])
        self.state = self.trainer.start(self.run.seed, parts["weight"], moments, self.step)


def pretrain(run: Pretraining, checkpoint: Path, output: Path, say: Say) -> None:
    """Train, from the checkpoint on if there is one, and write the averaged weights.

    Parameters
    ----------
    run : Pretraining
    checkpoint : Path
        Written at every look at the validation set.
    output : Path
        Safetensors file of the weights, their card in its metadata.
    say : callable
        Takes a line of the log.
    """
    validation = {
        str(kind.season_lengths): Stream(
            10**6 + k, 128, run.scale_power, 128, 1, (kind,), run.target_stride
        )
        for k, kind in enumerate(KINDS)
    }
    batches = {name: stream.draw() for name, stream in validation.items()}
    progress = Progress(run, checkpoint)
    network = run.network()
    bases = {name: _base_loss(batch, network) for name, batch in batches.items()}
    seed, stride = (run.seed, progress.step), run.target_stride
    stream = Stream(seed, run.batch_size, run.scale_power, target_stride=stride)
    losses: dict[str, float] = {}
    while not progress.done:
        started = time.perf_counter()
        progress.step += 1
        rate = run.learning_rate_at(progress.minutes, progress.step)
        progress.advance(stream.draw(), rate)
        progress.minutes += (time.perf_counter() - started) / 60
        if progress.step % run.check_every == 0 or progress.done:
            losses = {
                name: progress.trainer.loss_of(progress.average, batch) / bases[name]
                for name, batch in batches.items()
            }
            progress.save()
            say(_line(progress, losses))
    card = {
        "run": asdict(run),
        "steps": progress.step,
        "validation": losses,
        "versions": {name: version(name) for name in ("tensorflow", "keras", "numpy")},
    }
    write_weights(output, network, progress.average, card)


def _base_loss(batch: Batch, network: NetworkConfig) -> float:
    """Loss of the base path with the quantiles that smoothing implies."""
    raw = np.zeros((*batch.standard_error.shape, len(network.quantiles)), np.float32)
    paths = quantile_paths(raw, batch.standard_error, network.quantiles, np)
    return float(pinball_loss(paths, batch.targets, batch.weights, network.quantiles, np))


def _line(progress: Progress, losses: dict[str, Any]) -> str:
    shown = " ".join(f"{name} {loss:.4f}" for name, loss in losses.items())
    mean = np.mean(list(losses.values()))
    return f"step {progress.step} minutes {progress.minutes:.1f} loss {mean:.4f}: {shown}"
