"""Memoised forecasts of the statistical methods, computed once per history of a series."""

from __future__ import annotations

from hashlib import blake2b
from itertools import pairwise

import numpy as np

from forecastkit.methods.paths import Paths
from forecastkit.methods.registry import METHODS
from forecastkit.series.panel import Panel


class MethodForecasts:
    """Forecasts of methods on panels, cached by the values of each series.

    A fit forecasts the same histories several times: to weight a blend, to score it and to score
    the baselines. Each is computed once.

    Parameters
    ----------
    h : int
        Longest horizon requested.

    Examples
    --------
    >>> forecasts = MethodForecasts(3)
    >>> panel = Panel.of([np.array([1.0, 2.0]), np.array([5.0])])
    >>> forecasts("Naive", panel, 2, 1)[0].tolist()
    [[2.0, 2.0], [5.0, 5.0]]
    """

    def __init__(self, h: int) -> None:
        self.h = h
        self._cache: dict[tuple[str, int, bytes], np.ndarray] = {}  # (2, h) each
        self._expected: dict[bytes, np.ndarray] = {}
        self._last_computed: tuple[tuple[bytes, ...], Panel] = (), Panel.of([])

    def expect(self, panel: Panel) -> None:
        """Register a panel that is forecast later, so that it is computed with the next one."""
        self._expected.update(_by_digest(panel))

    def __call__(self, name: str, panel: Panel, h: int, season_length: int) -> Paths:
        """Forecast by the method of this name; see `Method.forecast`."""
        series = _by_digest(panel)
        if any((name, season_length, digest) not in self._cache for digest, _ in series):
            self._compute(name, dict(series) | self._expected, season_length)
        cached = [self._cache[name, season_length, digest][:, :h] for digest, _ in series]
        paths = np.array(cached).reshape(-1, 2, h)
        return paths[:, 0], paths[:, 1]

    def _compute(self, name: str, series: dict[bytes, np.ndarray], season_length: int) -> None:
        """Forecast the series that are not cached yet, in one call."""
        new = tuple(digest for digest in series if (name, season_length, digest) not in self._cache)
        if self._last_computed[0] != new:  # else the previous method had the same panel
            self._last_computed = new, Panel.of([series[digest] for digest in new])
        paths = METHODS[name].forecast(self._last_computed[1], self.h, season_length)
        for digest, path in zip(new, np.stack(paths, axis=1), strict=True):
            self._cache[name, season_length, digest] = path


def _by_digest(panel: Panel) -> list[tuple[bytes, np.ndarray]]:
    """Digest and values of each series."""
    values = [panel.values[a:b] for a, b in pairwise(panel.offsets)]
    return [(blake2b(y.tobytes(), digest_size=16).digest(), y) for y in values]
