"""Endless batches of synthetic series, each a mixture of all kinds."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from forecastkit.network.config import pretrained_view
from forecastkit.pretraining.synthetic import KINDS, Kind, draw_panel
from forecastkit.series.windows import Windows
from forecastkit.training.batches import Batch, cut

# loss weight of steps beyond the usual horizon of a kind of series
_WEIGHT_BEYOND = 0.25


class Stream:
    """Generates series, and batches of training sequences from them.

    Parameters
    ----------
    seed : int or sequence of int
    batch_size : int
        Sequences per batch.
    scale_power : float
        Each loss is weighted with the noise of its series to this power.
    n_series, n_uses : int
        Number of series generated at a time, and number of batches drawn from them.
    kinds : tuple of Kind
    target_stride : int
        Number of cutoffs from one with targets to the next.
    """

    def __init__(
        self,
        seed: int | tuple[int, ...],
        batch_size: int,
        scale_power: float,
        n_series: int = 1024,
        n_uses: int = 8,
        kinds: tuple[Kind, ...] = KINDS,
        target_stride: int = 1,
    ) -> None:
        self.rng = np.random.default_rng(seed)
        self.scale_power, self.target_stride, self.kinds = scale_power, target_stride, kinds
        self.n_series, self.n_uses = n_series, n_uses
        self.counts = shared_out(batch_size, kinds)
        self.chunk: list[Windows] = []
        self.used = 0
        self.executor = ThreadPoolExecutor(1)
        self.next = self.executor.submit(self.draw_now)

    def draw(self) -> Batch:
        """Return the next batch; a background thread prepares the one after it."""
        batch, self.next = self.next.result(), self.executor.submit(self.draw_now)
        return batch

    def draw_now(self) -> Batch:
        """Return a new batch; a set of series is generated once for `n_uses` batches."""
        if self.used % self.n_uses == 0:
            counts = shared_out(self.n_series, self.kinds)
            self.chunk = [
                Windows.of_series(draw_panel(self.rng, n, k), pretrained_view(k.season_lengths))
                for k, n in zip(self.kinds, counts, strict=True)
            ]
        self.used += 1
        parts = [
            self._sample(windows, kind, n)
            for windows, kind, n in zip(self.chunk, self.kinds, self.counts, strict=True)
            if n
        ]
        return Batch(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))

    def _sample(self, windows: Windows, kind: Kind, n: int) -> tuple[np.ndarray, ...]:
        """Draw `n` sequences of one kind, with random signs."""
        view, lengths = windows.view, windows.panel.lengths
        series = self.rng.integers(0, windows.panel.n_series, n)
        latest = lengths[series] - 2
        earliest = np.minimum((view.sequence_length - 1) * view.sequence_stride, latest)
        ends = self.rng.integers(earliest, latest + 1)
        batch = cut(windows, series, ends, self.scale_power, target_stride=self.target_stride)
        within = np.arange(view.horizon) < kind.horizon
        batch.weights[:] *= np.where(within, 1.0, _WEIGHT_BEYOND).astype(np.float32)
        return tuple(vars(batch.negated(self.rng.choice([-1, 1], n), windows)).values())


def shared_out(n: int, kinds: tuple[Kind, ...]) -> list[int]:
    """Split n into a whole number per kind, in proportion to the shares of the kinds."""
    shares = np.array([kind.share for kind in kinds])
    bounds = np.round(np.concatenate([[0], np.cumsum(shares / shares.sum())]) * n).astype(int)
    return [int(count) for count in np.diff(bounds)]
