"""Batches of runs of cutoffs, cut from a panel at random or as one fixed set to look at."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from forecastkit.network.config import TrainingConfig
from forecastkit.network.runtime import negated
from forecastkit.series.panel import Panel
from forecastkit.series.windows import View, Windows

_MOST_VALIDATION_RUNS = 512


@dataclass(frozen=True)
class Batch:
    """What one gradient step reads.

    Attributes
    ----------
    x : ndarray of float32, shape (batch, time, n_inputs)
    spread, targets, weights : ndarray of float32, shape (batch, time, horizon)
        Weights are 0 where there is no target. They may stand at some of the cutoffs only.
    told : ndarray of float32, shape (batch, time, horizon, n_told)
        Covariates of the steps of the targets.
    """

    x: np.ndarray
    spread: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    told: np.ndarray

    def rows(self, some: slice) -> Batch:
        """Return some of the runs."""
        return Batch(*(array[some] for array in vars(self).values()))

    def turned(self, signs: np.ndarray, windows: Windows) -> Batch:
        """Negate the runs whose sign is -1; `signs` has shape (batch,)."""
        factor = signs[:, None, None].astype(np.float32)
        x = np.where(factor > 0, self.x, negated(self.x, windows.view))
        told = self.told * factor[..., None]
        return Batch(x, self.spread, self.targets * factor, self.weights, told)


def cut(
    windows: Windows,
    series: np.ndarray,
    ends: np.ndarray,
    scale_power: float,
    newest: int = 0,
    every: int = 1,
) -> Batch:
    """Cut the runs that end at `ends`.

    Parameters
    ----------
    windows : Windows
    series, ends : ndarray of int, shape (batch,)
    scale_power : float
        Power of the noise that the losses are weighted with.
    newest : int
        Count only targets among this many last steps of their series; 0 counts all.
    every : int
        Ask for targets at every so many cutoffs, the last among them.
    """
    read = windows.cutoffs(series, ends)
    cutoffs = read[:, (windows.view.n_cutoffs - 1) % every :: every]
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
        windows.spread(cutoffs),
        np.where(known, targets, 0.0).astype(np.float32),
        weights,
        windows.told(series, cutoffs),
    )


class Sampler:
    """Draws training batches: series at random, the end of a run at random, the sign at random.

    Parameters
    ----------
    windows : Windows
        Every target lies within its panel.
    training : TrainingConfig
    seed : int
    batch_size : int
        Runs in a batch.
    """

    def __init__(
        self, windows: Windows, training: TrainingConfig, seed: int, batch_size: int
    ) -> None:
        self.windows, self.training, self.batch_size = windows, training, batch_size
        self.rng = np.random.default_rng(seed)
        view, lengths = windows.view, windows.panel.lengths
        self.rows = np.flatnonzero(lengths >= 2)
        # ends that leave a whole run before them; the phase of the stride is free besides
        self.latest = lengths - 2
        self.earliest = np.minimum(
            np.maximum((view.n_cutoffs - 1) * view.stride, lengths - 1 - view.stride), self.latest
        )

    def draw(self) -> Batch:
        """Cut the next batch."""
        series = self.rng.choice(self.rows, self.batch_size)
        ends = self.rng.integers(self.earliest[series], self.latest[series] + 1)
        batch = cut(
            self.windows, series, ends, self.training.scale_power, every=self.training.every
        )
        noise = self.rng.normal(0, self.training.noise, batch.x.shape).astype(np.float32)
        noise[..., self.windows.view.n_odd :] = 0.0
        noisy = np.where(batch.x != 0, batch.x + noise, 0.0)
        signs = self.rng.choice([-1, 1], self.batch_size)
        return replace(batch, x=noisy).turned(signs, self.windows)


def useful_batch_size(panel: Panel, view: View, most: int) -> int:
    """How many runs of a panel differ enough to stand in one batch: a power of two from 8 on.

    Examples
    --------
    >>> view = View(10, 6, (1,), 0.5, 30, 1)
    >>> useful_batch_size(Panel.of([np.zeros(150)]), view, most=128)
    16
    """
    ends = np.maximum(panel.lengths - view.n_cutoffs * view.stride, 0)
    different = float((1 + ends / 8).sum())
    return int(min(most, 2 ** max(3, round(np.log2(different)))))


def validation_batch(
    windows: Windows, training: TrainingConfig, tail: int, seed: int
) -> Batch | None:
    """Cut the runs that reach into the last `tail` steps, upright and negated.

    Parameters
    ----------
    windows : Windows
        Of the panel with its tail.
    tail : int
        Steps that training did not see.

    Returns
    -------
    Batch or None
        None where no series has a target there.
    """
    rng = np.random.default_rng(seed)
    rows = np.flatnonzero(windows.panel.lengths >= tail + 2)
    rows = np.sort(rng.permutation(rows)[:_MOST_VALIDATION_RUNS])
    ends = windows.panel.lengths[rows] - 1 - rng.integers(1, windows.view.stride + 1, len(rows))
    batch = cut(windows, rows, ends, training.scale_power, newest=tail, every=training.every)
    if not batch.weights.any():
        return None
    turned = batch.turned(np.full(len(rows), -1), windows)
    pairs = zip(vars(batch).values(), vars(turned).values(), strict=True)
    return Batch(*(np.concatenate(pair) for pair in pairs))
