"""Forecasts of methods that are computed once for each past of a series."""

from __future__ import annotations

from hashlib import blake2b
from itertools import pairwise

import numpy as np

from forecastkit.methods.paths import Paths
from forecastkit.methods.registry import METHODS
from forecastkit.series.panel import Panel


class MethodForecasts:
    """Runs methods over panels and stores the forecasts by the values of each series.

    A fit forecasts the same pasts several times: to weight a blend, to score it and to score the
    baselines. Here they are computed once.

    Parameters
    ----------
    h : int
        Longest horizon that is asked for.

    Examples
    --------
    >>> forecasts = MethodForecasts(3)
    >>> panel = Panel.of([np.array([1.0, 2.0]), np.array([5.0])])
    >>> forecasts("Naive", panel, 2, 1)[0].tolist()
    [[2.0, 2.0], [5.0, 5.0]]
    """

    def __init__(self, h: int) -> None:
        self.h = h
        self._stored: dict[tuple[str, int, bytes], np.ndarray] = {}  # (2, h) each
        self._upcoming: dict[bytes, np.ndarray] = {}
        self._last: tuple[tuple[bytes, ...], Panel] = (), Panel.of([])

    def expect(self, panel: Panel) -> None:
        """Announce a panel that will be forecast later, to be computed with the next one."""
        self._upcoming.update(_rows(panel))

    def __call__(self, name: str, panel: Panel, h: int, season_length: int) -> Paths:
        """Forecasts of a method; see `Method.forecast`."""
        rows = _rows(panel)
        if any((name, season_length, digest) not in self._stored for digest, _ in rows):
            self._compute(name, dict(rows) | self._upcoming, season_length)
        stored = [self._stored[name, season_length, digest][:, :h] for digest, _ in rows]
        paths = np.array(stored).reshape(-1, 2, h)
        return paths[:, 0], paths[:, 1]

    def _compute(self, name: str, rows: dict[bytes, np.ndarray], season_length: int) -> None:
        """Forecast those of some pasts that are new, in one run."""
        new = tuple(one for one in rows if (name, season_length, one) not in self._stored)
        if self._last[0] != new:  # else another method has just forecast the same
            self._last = new, Panel.of([rows[one] for one in new])
        paths = METHODS[name].forecast(self._last[1], self.h, season_length)
        for digest, each in zip(new, np.stack(paths, axis=1), strict=True):
            self._stored[name, season_length, digest] = each


def _rows(panel: Panel) -> list[tuple[bytes, np.ndarray]]:
    """Values of each series, and a digest that identifies them."""
    rows = [panel.values[a:b] for a, b in pairwise(panel.offsets)]
    return [(blake2b(y.tobytes(), digest_size=16).digest(), y) for y in rows]
