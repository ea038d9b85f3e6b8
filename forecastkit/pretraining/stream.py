"""Endless batches of synthetic series, each a mixture of all kinds."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from forecastkit.network.config import PRETRAINED_HORIZON, pretrained_view
from forecastkit.pretraining.prior import KINDS, PRIOR, Kind, Prior
from forecastkit.pretraining.synthetic import Drawn, draw
from forecastkit.series.scale import Scale, measure_scale, scaled
from forecastkit.series.windows import TARGET_CLIP, Windows
from forecastkit.training.batches import Batch

# loss weight of steps beyond the usual horizon of a kind of series
_WEIGHT_BEYOND = 0.25


@dataclass(frozen=True)
class Sampling:
    """How batches are sampled.

    Attributes
    ----------
    batch_size : int
        Sequences per batch.
    scale_power : float
        Each loss is weighted with the noise of its series to this power.
    target_stride : int
        Number of cutoffs from one with targets to the next.
    n_draws : int
        Futures that are drawn after each cutoff: the loss is averaged over them.
    n_series, n_uses : int
        Number of series generated at a time, and number of batches drawn from them.
    """

    batch_size: int
    scale_power: float = 0.5
    target_stride: int = 1
    n_draws: int = 4
    n_series: int = 1024
    n_uses: int = 16


class Stream:
    """Generates series, and batches of training sequences from them.

    Parameters
    ----------
    seed : int or sequence of int
    sampling : Sampling
    kinds : tuple of Kind
    prior : Prior
    """

    def __init__(
        self,
        seed: int | tuple[int, ...],
        sampling: Sampling,
        kinds: tuple[Kind, ...] = KINDS,
        prior: Prior = PRIOR,
    ) -> None:
        self.rng = np.random.default_rng(seed)
        self.sampling, self.kinds, self.prior = sampling, kinds, prior
        self.counts = shared_out(sampling.batch_size, kinds)
        self.chunk: list[tuple[Drawn, Scale, Windows]] = []
        self.used = 0
        self.executor = ThreadPoolExecutor(1)
        self.next = self.executor.submit(self.draw_now)

    def draw(self) -> Batch:
        """Return the next batch; a background thread prepares the one after it."""
        batch, self.next = self.next.result(), self.executor.submit(self.draw_now)
        return batch

    def draw_now(self) -> Batch:
        """Return a new batch; a set of series is generated once for `n_uses` batches."""
        if self.used % self.sampling.n_uses == 0:
            counts = shared_out(self.sampling.n_series, self.kinds)
            self.chunk = [self._series(n, kind) for kind, n in zip(self.kinds, counts, strict=True)]
        self.used += 1
        parts = [
            self._cut(*series, kind, n)
            for series, kind, n in zip(self.chunk, self.kinds, self.counts, strict=True)
            if n
        ]
        return Batch(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))

    def _series(self, n: int, kind: Kind) -> tuple[Drawn, Scale, Windows]:
        drawn = draw(self.rng, n, kind, self.prior, PRETRAINED_HORIZON)
        scale = measure_scale(drawn.panel)
        view = pretrained_view(kind.season_lengths)
        return drawn, scale, Windows.of(scaled(drawn.panel, scale), view)

    def _cut(
        self, drawn: Drawn, scale: Scale, windows: Windows, kind: Kind, n: int
    ) -> tuple[np.ndarray, ...]:
        view, lengths = windows.view, windows.panel.lengths
        series = self.rng.integers(0, windows.panel.n_series, n)
        latest = lengths[series] - 1
        earliest = np.minimum((view.sequence_length - 1) * view.sequence_stride, latest)
        ends = self.rng.integers(earliest, latest + 1)
        read = windows.training_cutoffs(series, ends, self.rng)
        stride = self.sampling.target_stride
        cutoffs = read[:, (view.sequence_length - 1) % stride :: stride]
        used = windows.is_used(cutoffs)
        targets = self._targets(drawn, scale, windows, series, cutoffs)
        importance = windows.components.scale[np.maximum(cutoffs, 0)] ** self.sampling.scale_power
        usual = np.where(np.arange(view.horizon) < kind.horizon, 1.0, _WEIGHT_BEYOND)
        weights = np.where(used, importance, 0.0)[..., None] * usual
        batch = Batch(
            windows.inputs(series, read),
            windows.standard_error(cutoffs),
            np.where(used[..., None, None], targets, 0.0).astype(np.float32),
            weights.astype(np.float32),
            windows.future(series, cutoffs),
        )
        return tuple(vars(batch.negated(self.rng.choice([-1, 1], n), windows)).values())

    def _targets(
        self, drawn: Drawn, scale: Scale, windows: Windows, series: np.ndarray, cutoffs: np.ndarray
    ) -> np.ndarray:
        """Deviations of several futures from the baseline forecast, in units of the noise."""
        at = np.maximum(cutoffs, windows.panel.offsets[series][:, None])
        steps = at - windows.panel.offsets[series][:, None]
        horizon = windows.view.horizon
        futures = drawn.futures(self.rng, series, steps, horizon, self.sampling.n_draws)
        z = scale.take(series).forward(futures)
        baseline = windows.baseline(series, at)[..., None]
        deviation = (z - baseline) / windows.components.scale[at][..., None, None]
        return np.clip(np.nan_to_num(deviation, neginf=-TARGET_CLIP), -TARGET_CLIP, TARGET_CLIP)


def shared_out(n: int, kinds: tuple[Kind, ...]) -> list[int]:
    """Whole numbers that sum to n, in proportion to the shares of the kinds."""
    shares = np.array([kind.share for kind in kinds])
    bounds = np.round(np.concatenate([[0], np.cumsum(shares / shares.sum())]) * n).astype(int)
    return [int(count) for count in np.diff(bounds)]
