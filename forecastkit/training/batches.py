"""Training batches of sequences sampled at random from a panel, and the validation batch."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from forecastkit.network.runtime import negated
from forecastkit.series.panel import Panel
from forecastkit.series.view import View
from forecastkit.series.windows import Windows
from forecastkit.training.config import TrainingConfig

MAX_VALIDATION_SEQUENCES = 512


@dataclass(frozen=True)
class Batch:
    """The data of one gradient step.

    Attributes
    ----------
    x : ndarray of float32, shape (batch, time, n_inputs)
    standard_error, weights : ndarray of float32, shape (batch, n_cutoffs, horizon)
        Weights are 0 for missing targets. The cutoffs with targets are every `target_stride`-th
        one of the sequence.
    targets : ndarray of float32, shape (batch, n_cutoffs, horizon, n_draws)
        Equally likely values of each target; one where it is observed.
    future : ndarray of float32, shape (batch, n_cutoffs, horizon, n_future)
        Future features of the target steps.
    """

    x: np.ndarray
    standard_error: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    future: np.ndarray

    def rows(self, rows: slice) -> Batch:
        """Return a slice of the sequences."""
        return Batch(*(array[rows] for array in vars(self).values()))

    def negated(self, signs: np.ndarray, windows: Windows) -> Batch:
        """Negate the sequences whose sign is -1; `signs` has shape (batch,)."""
        factor = signs[:, None, None].astype(np.float32)
        x = np.where(factor > 0, self.x, negated(self.x, windows.view))
        targets, future = self.targets * factor[..., None], self.future * factor[..., None]
        return Batch(x, self.standard_error, targets, self.weights, future)


def cut(
    windows: Windows,
    series: np.ndarray,
    ends: np.ndarray,
    scale_power: float,
    rng: np.random.Generator,
    last_steps: int = 0,
    target_stride: int = 1,
) -> Batch:
    """Extract the sequences whose last cutoffs are `ends`.

    Parameters
    ----------
    windows : Windows
    series, ends : ndarray of int, shape (batch,)
    scale_power : float
        Each loss is weighted with the noise of its series to this power.
    rng : numpy.random.Generator
        For the gaps between cutoffs.
    last_steps : int
        Use only targets among this many last steps of each series; 0 uses all.
    target_stride : int
        Number of cutoffs from one with targets to the next; the last one has targets.
    """
    input_cutoffs = windows.training_cutoffs(series, ends, rng)
    first = (windows.view.sequence_length - 1) % target_stride
    cutoffs = input_cutoffs[:, first::target_stride]
    targets = windows.targets(series, cutoffs)
    if last_steps:
        target_steps = cutoffs[..., None] + np.arange(1, windows.view.horizon + 1)
        earliest = windows.panel.offsets[series + 1][:, None, None] - last_steps
        targets = np.where(target_steps >= earliest, targets, np.nan)
    observed = ~np.isnan(targets)
    importance = windows.components.scale[np.maximum(cutoffs, 0)] ** scale_power
    weights = np.where(observed, importance[..., None], 0.0).astype(np.float32)
    return Batch(
        windows.inputs(series, input_cutoffs),
        windows.standard_error(cutoffs),
        np.where(observed, targets, 0.0).astype(np.float32)[..., None],
        weights,
        windows.future(series, cutoffs),
    )


class Sampler:
    """Samples training batches: the series, end and sign of each sequence are random.

    Parameters
    ----------
    windows : Windows
        Of the training data: every step of its panel may be a target.
    training : TrainingConfig
    seed : int
    batch_size : int
        Sequences per batch.
    """

    def __init__(
        self, windows: Windows, training: TrainingConfig, seed: int, batch_size: int
    ) -> None:
        self.windows, self.training, self.batch_size = windows, training, batch_size
        self.rng = np.random.default_rng(seed)
        view, lengths = windows.view, windows.panel.lengths
        self.series = np.flatnonzero(lengths >= 2)
        # a whole sequence fits before each end, and any phase of the stride can be drawn
        self.latest = lengths - 2
        stride = view.sequence_stride
        earliest = np.maximum((view.sequence_length - 1) * stride, lengths - 1 - stride)
        self.earliest = np.minimum(earliest, self.latest)

    def draw(self) -> Batch:
        """Sample a batch."""
        series = self.rng.choice(self.series, self.batch_size)
        ends = self.rng.integers(self.earliest[series], self.latest[series] + 1)
        power, stride = self.training.scale_power, self.training.target_stride
        batch = cut(self.windows, series, ends, power, self.rng, target_stride=stride)
        noise = self.rng.normal(0, self.training.noise, batch.x.shape).astype(np.float32)
        noise[..., self.windows.view.n_equivariant :] = 0.0
        x = np.where(batch.x != 0, batch.x + noise, 0.0)
        signs = self.rng.choice([-1, 1], self.batch_size)
        return replace(batch, x=x).negated(signs, self.windows)


def useful_batch_size(panel: Panel, view: View, max_size: int) -> int:
    """Return a power of two from 8 up: about as many sequences as differ enough in a panel.

    Examples
    --------
    >>> view = View(10, 6, (1,), 0.5, 30, 1)
    >>> useful_batch_size(Panel.of([np.zeros(150)]), view, max_size=128)
    16
    """
    n_ends = np.maximum(panel.lengths - view.sequence_length * view.sequence_stride, 0)
    n_distinct = float((1 + n_ends / 8).sum())
    return int(min(max_size, 2 ** max(3, round(np.log2(n_distinct)))))


def validation_batch(
    windows: Windows, training: TrainingConfig, val_size: int, seed: int
) -> Batch | None:
    """Extract sequences with targets in the last `val_size` steps, followed by their negations.

    Parameters
    ----------
    windows : Windows
        Of the panel including its hold-out.
    training : TrainingConfig
    val_size : int
        Steps of the hold-out.
    seed : int
        Of the choice of series and sequence ends.

    Returns
    -------
    Batch or None
        None if no series has a target in the hold-out.
    """
    rng = np.random.default_rng(seed)
    series = np.flatnonzero(windows.panel.lengths >= val_size + 2)
    series = np.sort(rng.permutation(series)[:MAX_VALIDATION_SEQUENCES])
    steps_before_end = rng.integers(1, windows.view.sequence_stride + 1, len(series))
    ends = windows.panel.lengths[series] - 1 - steps_before_end
    power, stride = training.scale_power, training.target_stride
    batch = cut(windows, series, ends, power, rng, last_steps=val_size, target_stride=stride)
    if not batch.weights.any():
        return None
    negative = batch.negated(np.full(len(series), -1), windows)
    pairs = zip(vars(batch).values(), vars(negative).values(), strict=True)
    return Batch(*(np.concatenate(pair) for pair in pairs))
