"""Batches of training sequences, drawn from a panel at random, and the validation batch."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from forecastkit.network.runtime import negated
from forecastkit.series.panel import Panel
from forecastkit.series.windows import View, Windows
from forecastkit.training.config import TrainingConfig

MAX_VALIDATION_SEQUENCES = 512


@dataclass(frozen=True)
class Batch:
    """The data of one gradient step.

    Attributes
    ----------
    x : ndarray of float32, shape (batch, time, n_inputs)
    standard_error, targets, weights : ndarray of float32, shape (batch, time, horizon)
        Weights are 0 where there is no target. They may stand at some of the cutoffs only.
    future : ndarray of float32, shape (batch, time, horizon, n_future)
        Future features of the steps of the targets.
    """

    x: np.ndarray
    standard_error: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    future: np.ndarray

    def rows(self, some: slice) -> Batch:
        """Return some of the sequences."""
        return Batch(*(array[some] for array in vars(self).values()))

    def negated(self, signs: np.ndarray, windows: Windows) -> Batch:
        """Negate the sequences whose sign is -1; `signs` has shape (batch,)."""
        factor = signs[:, None, None].astype(np.float32)
        x = np.where(factor > 0, self.x, negated(self.x, windows.view))
        future = self.future * factor[..., None]
        return Batch(x, self.standard_error, self.targets * factor, self.weights, future)


def cut(
    windows: Windows,
    series: np.ndarray,
    ends: np.ndarray,
    scale_power: float,
    newest: int = 0,
    target_stride: int = 1,
) -> Batch:
    """Cut the sequences that end at `ends`.

    Parameters
    ----------
    windows : Windows
    series, ends : ndarray of int, shape (batch,)
    scale_power : float
        Losses are weighted with the noise to this power.
    newest : int
        Use only targets among this many last steps of their series; 0 uses all.
    target_stride : int
        Cutoffs from one with targets to the next, the last among them.
    """
    read = windows.cutoffs(series, ends)
    cutoffs = read[:, (windows.view.sequence_length - 1) % target_stride :: target_stride]
    targets = windows.targets(series, cutoffs)
    if newest:
        ahead = cutoffs[..., None] + np.arange(1, windows.view.horizon + 1)
        first = windows.panel.offsets[series + 1][:, None, None] - newest
        targets = np.where(ahead >= first, targets, np.nan)
    known = ~np.isnan(targets)
    importance = windows.components.scale[np.maximum(cutoffs, 0)] ** scale_power
    weights = np.where(known, importance[..., None], 0.0).astype(np.float32)
    return Batch(
        windows.inputs(series, read),
        windows.standard_error(cutoffs),
        np.where(known, targets, 0.0).astype(np.float32),
        weights,
        windows.future(series, cutoffs),
    )


class Sampler:
    """Draws training batches: series, end of the sequence and sign at random.

    Parameters
    ----------
    windows : Windows
        Every target lies within its panel.
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
        self.rows = np.flatnonzero(lengths >= 2)
        # ends that leave a whole sequence before them, at any phase of the stride
        self.latest = lengths - 2
        stride = view.sequence_stride
        whole = np.maximum((view.sequence_length - 1) * stride, lengths - 1 - stride)
        self.earliest = np.minimum(whole, self.latest)

    def draw(self) -> Batch:
        """Cut the next batch."""
        series = self.rng.choice(self.rows, self.batch_size)
        ends = self.rng.integers(self.earliest[series], self.latest[series] + 1)
        power, stride = self.training.scale_power, self.training.target_stride
        batch = cut(self.windows, series, ends, power, target_stride=stride)
        noise = self.rng.normal(0, self.training.noise, batch.x.shape).astype(np.float32)
        noise[..., self.windows.view.n_equivariant :] = 0.0
        noisy = np.where(batch.x != 0, batch.x + noise, 0.0)
        signs = self.rng.choice([-1, 1], self.batch_size)
        return replace(batch, x=noisy).negated(signs, self.windows)


def useful_batch_size(panel: Panel, view: View, most: int) -> int:
    """How many sequences of a panel differ enough for one batch: a power of two from 8 on.

    Examples
    --------
    >>> view = View(10, 6, (1,), 0.5, 30, 1)
    >>> useful_batch_size(Panel.of([np.zeros(150)]), view, most=128)
    16
    """
    ends = np.maximum(panel.lengths - view.sequence_length * view.sequence_stride, 0)
    different = float((1 + ends / 8).sum())
    return int(min(most, 2 ** max(3, round(np.log2(different)))))


def validation_batch(
    windows: Windows, training: TrainingConfig, tail: int, seed: int
) -> Batch | None:
    """Cut the sequences with targets in the last `tail` steps, as they are and negated.

    Parameters
    ----------
    windows : Windows
        Of the panel with its hold-out.
    tail : int
        Steps of the hold-out.

    Returns
    -------
    Batch or None
        None where no series has a target there.
    """
    rng = np.random.default_rng(seed)
    rows = np.flatnonzero(windows.panel.lengths >= tail + 2)
    rows = np.sort(rng.permutation(rows)[:MAX_VALIDATION_SEQUENCES])
    back = rng.integers(1, windows.view.sequence_stride + 1, len(rows))
    ends = windows.panel.lengths[rows] - 1 - back
    power, stride = training.scale_power, training.target_stride
    batch = cut(windows, rows, ends, power, newest=tail, target_stride=stride)
    if not batch.weights.any():
        return None
    negative = batch.negated(np.full(len(rows), -1), windows)
    pairs = zip(vars(batch).values(), vars(negative).values(), strict=True)
    return Batch(*(np.concatenate(pair) for pair in pairs))
