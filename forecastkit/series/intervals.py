"""Levels of prediction intervals, and the quantiles that are their ends."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from forecastkit.errors import OptionError

Level = float | int


def checked_levels(level: Sequence[Level] | Level | None) -> tuple[Level, ...]:
    """Return levels in percent, ascending, each once.

    Raises
    ------
    OptionError
        If one is not above 1 and below 100: 0.8 is taken for a slip.

    Examples
    --------
    >>> checked_levels([95, 80])
    (80, 95)
    """
    if level is None:
        return ()
    wanted = [level] if isinstance(level, int | float | np.number | str) else list(level)
    for one in wanted:
        if isinstance(one, str) or not 1 <= one < 100:
            share = not isinstance(one, str) and 0 < one < 1
            hint = f" (level={100 * one:g} for {one:g})" if share else ""
            raise OptionError(
                f"level {one!r} is not a percentage from 1 to below 100.",
                value=one,
                fix=f"Give levels in percent, for instance level=[80, 95]{hint}.",
            )
    return tuple(sorted({int(one) if one == int(one) else float(one) for one in wanted}))


def column_names(alias: str, level: Level) -> tuple[str, str]:
    """Names of the lower and the upper end of an interval.

    Examples
    --------
    >>> column_names("LSTM", 80)
    ('LSTM-lo-80', 'LSTM-hi-80')
    """
    return f"{alias}-lo-{level}", f"{alias}-hi-{level}"


def tails(level: Level) -> tuple[float, float]:
    """Quantiles at the ends of a central interval.

    Examples
    --------
    >>> tails(80)
    (0.1, 0.9)
    """
    outside = round(0.5 - level / 200.0, 12)
    return outside, round(1.0 - outside, 12)


def normal(q: float) -> float:
    """Quantile of the standard normal distribution.

    Examples
    --------
    >>> round(normal(0.975), 2)
    1.96
    """
    return NormalDist().inv_cdf(q)


def quantiles_at(paths: np.ndarray, quantiles: tuple[float, ...], z: np.ndarray) -> np.ndarray:
    """Read any quantiles off those that a network gives, other ones at every step if wanted.

    Between two of them, and beyond the outermost, the distribution counts as normal: the values
    lie on a straight line over the quantiles of the standard normal distribution. So intervals of
    different levels cannot cross.

    Parameters
    ----------
    paths : ndarray, shape (n, horizon, n_quantiles)
    quantiles : tuple of float
        What they are, ascending.
    z : ndarray, shape (horizon, n_wanted)
        Which are wanted, as quantiles of the standard normal distribution: 1.96 for 0.975.

    Returns
    -------
    ndarray, shape (n, horizon, n_wanted)

    Examples
    --------
    >>> paths = np.array([[[-1.2816, 0.0, 1.2816]]])
    >>> quantiles_at(paths, (0.1, 0.5, 0.9), np.array([[0.0, 1.96]])).round(2)
    array([[[0.  , 1.96]]])
    """
    known = np.array([normal(q) for q in quantiles])
    right = np.clip(np.searchsorted(known, z), 1, len(known) - 1)  # (horizon, n_wanted)
    share = (z - known[right - 1]) / (known[right] - known[right - 1])
    low, high = (
        np.take_along_axis(paths, np.broadcast_to(index, (len(paths), *index.shape)), axis=-1)
        for index in (right - 1, right)
    )
    return low + share * (high - low)
