"""Training on synthetic series, with checkpoints from which an interrupted run is resumed."""

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
from forecastkit.pretraining.prior import KINDS, PRIOR, Prior
from forecastkit.pretraining.stream import Sampling, Stream
from forecastkit.training.batches import Batch
from forecastkit.training.config import TrainingConfig
from forecastkit.training.trainer import Trainer, pinball_loss, update_average

VALIDATION_SIZE, VALIDATION_DRAWS = 128, 8
Log = Callable[[str], None]


@dataclass(frozen=True)
class Pretraining:
    """Settings of a pretraining run.

    Attributes
    ----------
    minutes : float
        Training time, interruptions excluded, over which the learning rate is annealed to zero by
        half a cosine (Loshchilov & Hutter, "SGDR", ICLR 2017).
    steps : int or None
        Number of gradient steps, in place of `minutes`; independent of the speed of the machine.
    seed : int
    cell : "lstm" or "rnn"
    units : int
        A simple network with 169 units has about as many weights as an LSTM with 96.
    batch_size, target_stride : int
        Sequences per step, and number of cutoffs from one with targets to the next.
    learning_rate, weight_decay, dropout : float
    scale_power : float
        Each loss is weighted with the noise of its series to this power.
    keep : float
        Decay of the moving average of the weights.
    n_draws : int
        Futures drawn after each cutoff, over which the loss is averaged.
    check_every : int
        Steps between evaluations of the validation losses, each with a checkpoint.
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
    n_draws: int = 4
    steps: int | None = None

    def network(self) -> NetworkConfig:
        """Return the network configuration; the season length of its view is a placeholder."""
        return NetworkConfig(self.cell, self.units, pretrained_view((1,)), dropout=self.dropout)

    def training(self) -> TrainingConfig:
        """Return the settings of the gradient steps."""
        return TrainingConfig(
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            warm_up=100,
            noise=0.0,
            scale_power=self.scale_power,
            target_stride=self.target_stride,
        )

    def sampling(self) -> Sampling:
        """How training batches are sampled."""
        return Sampling(self.batch_size, self.scale_power, self.target_stride, self.n_draws)

    def validation(self) -> Sampling:
        """How the validation batch of each kind is sampled."""
        size, draws = VALIDATION_SIZE, VALIDATION_DRAWS
        return Sampling(size, self.scale_power, self.target_stride, draws, n_series=size, n_uses=1)

    def completed(self, minutes: float, steps: int) -> float:
        """Return the completed fraction of the run."""
        fraction = minutes / self.minutes if self.steps is None else steps / self.steps
        return min(1.0, fraction)

    def learning_rate_at(self, minutes: float, step: int) -> float:
        """Return the learning rate of a step: linear warm-up, then cosine annealing.

        Examples
        --------
        >>> run = Pretraining(minutes=10, learning_rate=0.002)
        >>> run.learning_rate_at(0, 1000), run.learning_rate_at(5, 1000), run.learning_rate_at(0, 1)
        (0.002, 0.001, 2e-05)
        """
        warm_up = min(1.0, step / self.training().warm_up)
        annealing = 0.5 + 0.5 * np.cos(np.pi * self.completed(minutes, step - 1))
        return float(self.learning_rate * warm_up * annealing)


class Progress:
    """Progress of a run: weights and their average, optimizer state, steps and minutes.

    Parameters
    ----------
    run : Pretraining
    checkpoint : Path
        An `.npz` file. If it exists the run is resumed from it; the settings must be the same,
        except for the length of the run, which can be changed.

    Raises
    ------
    OptionError
        If the checkpoint was written by a run with other settings.
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
        """Whether the run is complete."""
        return self.run.completed(self.minutes, self.step) >= 1.0

    def advance(self, batch: Batch, learning_rate: float) -> None:
        """Take a gradient step, and update the average of the weights."""
        self.state, _ = self.trainer.step(self.state, batch, learning_rate)
        weights = self.trainer.weights_of(self.state)
        self.average = update_average(self.average, weights, self.step, self.run.keep)

    def save(self) -> None:
        """Write the checkpoint atomically."""
        weights = self.trainer.weights_of(self.state)
        arrays = {f"weight:{name}": array for name, array in weights.items()}
        arrays |= {f"average:{name}": array for name, array in self.average.items()}
        for kind in ("first", "second"):
            moments = zip(weights, getattr(self.state, kind), strict=True)
            arrays |= {f"{kind}:{name}": moment.numpy() for name, moment in moments}
        metadata = {"run": asdict(self.run), "step": self.step, "minutes": self.minutes}
        arrays["about"] = np.frombuffer(json.dumps(metadata).encode(), np.uint8)
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **arrays)
        write_whole(self.checkpoint, buffer.getvalue())

    def _restore(self) -> None:
        with np.load(self.checkpoint, allow_pickle=False) as arrays:
            metadata = json.loads(arrays["about"].tobytes())
            if _without_length(metadata["run"]) != _without_length(asdict(self.run)):
                raise OptionError(
                    f"'{self.checkpoint}' is a checkpoint of another run: {metadata['run']}.",
                    fix="Use another checkpoint, or the settings of that run.",
                )
            self.step, self.minutes = int(metadata["step"]), float(metadata["minutes"])
            groups: dict[str, dict[str, np.ndarray]] = {}
            for key in arrays.files:
                kind, _, name = key.partition(":")
                groups.setdefault(kind, {})[name] = arrays[key]
        self.average = groups["average"]
        moments = (groups["first"], groups["second"])
        self.state = self.trainer.start(self.run.seed, groups["weight"], moments, self.step)


def pretrain(
    run: Pretraining, checkpoint: Path, output: Path, log: Log, prior: Prior = PRIOR
) -> None:
    """Train, from the checkpoint if there is one, and write the averaged weights.

    Parameters
    ----------
    run : Pretraining
    checkpoint : Path
        Written at every evaluation of the validation losses.
    output : Path
        Safetensors file of the weights, with a model card in its metadata.
    log : callable
        Called with each line of the log.
    """
    validation = {
        str(kind.season_lengths): Stream(10**6 + k, run.validation(), (kind,))
        for k, kind in enumerate(KINDS)
    }
    batches = {name: stream.draw() for name, stream in validation.items()}
    progress = Progress(run, checkpoint)
    network = run.network()
    baselines = {name: _baseline_loss(batch, network) for name, batch in batches.items()}
    seed = (run.seed, progress.step)
    stream = Stream(seed, run.sampling(), KINDS, prior)
    losses: dict[str, float] = {}
    while not progress.done:
        start_time = time.perf_counter()
        progress.step += 1
        learning_rate = run.learning_rate_at(progress.minutes, progress.step)
        progress.advance(stream.draw(), learning_rate)
        progress.minutes += (time.perf_counter() - start_time) / 60
        if progress.step % run.check_every == 0 or progress.done:
            losses = {
                name: progress.trainer.loss_of(progress.average, batch) / baselines[name]
                for name, batch in batches.items()
            }
            progress.save()
            log(_log_line(progress, losses))
    card = {
        "run": asdict(run),
        "steps": progress.step,
        "validation": losses,
        "versions": {name: version(name) for name in ("tensorflow", "keras", "numpy")},
    }
    write_weights(output, network, progress.average, card)


def _without_length(settings: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name not in ("steps", "minutes")}


def _baseline_loss(batch: Batch, network: NetworkConfig) -> float:
    """Return the loss of the baseline forecast with its own normal quantiles."""
    raw = np.zeros((*batch.standard_error.shape, len(network.quantiles)), np.float32)
    paths = quantile_paths(raw, batch.standard_error, network.quantiles, np)
    return float(pinball_loss(paths, batch.targets, batch.weights, network.quantiles, np))


def _log_line(progress: Progress, losses: dict[str, Any]) -> str:
    listed = " ".join(f"{name} {loss:.4f}" for name, loss in losses.items())
    mean = np.mean(list(losses.values()))
    return f"step {progress.step} minutes {progress.minutes:.1f} loss {mean:.4f}: {listed}"
