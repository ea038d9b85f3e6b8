"""Levels of prediction intervals, and the quantiles at their bounds."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from forecastkit.errors import OptionError

Level = float | int


def checked_levels(level: Sequence[Level] | Level | None) -> tuple[Level, ...]:
    """Validate interval levels in percent; sort them and remove duplicates.

    Raises
    ------
    OptionError
        If a level is less than 1 or at least 100; for a fraction such as 0.8 the message suggests
        the percentage.

    Examples
    --------
    >>> checked_levels([95, 80])
    (80, 95)
    """
    if level is None:
        return ()
    levels = [level] if isinstance(level, int | float | np.number | str) else list(level)
    for value in levels:
        if isinstance(value, str) or not 1 <= value < 100:
            is_fraction = not isinstance(value, str) and 0 < value < 1
            hint = f" (level={100 * value:g} for {value:g})" if is_fraction else ""
            raise OptionError(
                f"level {value!r} is not a percentage from 1 to below 100.",
                value=value,
                fix=f"Give levels in percent, for instance level=[80, 95]{hint}.",
            )
    numbers = {int(value) if value == int(value) else float(value) for value in levels}
    return tuple(sorted(numbers))


def column_names(alias: str, level: Level) -> tuple[str, str]:
    """Column names of the lower and upper bound of an interval.

    Examples
    --------
    >>> column_names("LSTM", 80)
    ('LSTM-lo-80', 'LSTM-hi-80')
    """
    return f"{alias}-lo-{level}", f"{alias}-hi-{level}"


def checked_quantiles(quantiles: Sequence[float] | float | None) -> tuple[float, ...]:
    """Validate probabilities of quantiles; sort them and remove duplicates.

    Raises
    ------
    OptionError
        If one is not between 0 and 1; for a percentage such as 90 the message suggests 0.9.

    Examples
    --------
    >>> checked_quantiles([0.9, 0.1])
    (0.1, 0.9)
    """
    if quantiles is None:
        return ()
    values = [quantiles] if isinstance(quantiles, int | float | np.number | str) else [*quantiles]
    for value in values:
        if isinstance(value, str) or not 0 < value < 1:
            is_percentage = not isinstance(value, str) and 1 <= value < 100
            hint = f" (quantiles={value / 100:g} for {value:g})" if is_percentage else ""
            raise OptionError(
                f"quantile {value!r} is not a number between 0 and 1.",
                value=value,
                fix=f"Give probabilities, for instance quantiles=[0.1, 0.9]{hint}.",
            )
    return tuple(sorted({float(value) for value in values}))


def quantile_column(alias: str, quantile: float) -> str:
    """Column name of a quantile forecast, with its probability in percent.

    Examples
    --------
    >>> quantile_column("LSTM", 0.1), quantile_column("LSTM", 0.025)
    ('LSTM-q-10', 'LSTM-q-2.5')
    """
    return f"{alias}-q-{round(100 * quantile, 10):g}"


def tails(level: Level) -> tuple[float, float]:
    """Probabilities of the quantiles that bound a central interval.

    Examples
    --------
    >>> tails(80)
    (0.1, 0.9)
    """
    lower = round(0.5 - level / 200.0, 12)
    return lower, round(1.0 - lower, 12)


def normal(q: float) -> float:
    """Quantile of the standard normal distribution.

    Examples
    --------
    >>> round(normal(0.975), 2)
    1.96
    """
    return NormalDist().inv_cdf(q)


def quantiles_at(paths: np.ndarray, quantiles: tuple[float, ...], z: np.ndarray) -> np.ndarray:
    """Interpolate arbitrary quantiles from those of a network, separately for each step.

    Values are interpolated, and extrapolated beyond the outermost quantiles, linearly in the
    quantiles of the standard normal distribution, so that intervals of different levels cannot
    cross.

    Parameters
    ----------
    paths : ndarray, shape (n, horizon, n_quantiles)
        Quantiles of the network.
    quantiles : tuple of float
        Their probabilities, ascending.
    z : ndarray, shape (horizon, n_requested)
        Requested quantiles, as quantiles of the standard normal distribution: 1.96 for 0.975.

    Returns
    -------
    ndarray, shape (n, horizon, n_requested)

    Examples
    --------
    >>> paths = np.array([[[-1.2816, 0.0, 1.2816]]])
    >>> quantiles_at(paths, (0.1, 0.5, 0.9), np.array([[0.0, 1.96]])).round(2)
    array([[[0.  , 1.96]]])
    """
    return interpolated(paths, np.array([normal(q) for q in quantiles]), z)


def interpolated(paths: np.ndarray, nodes: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Interpolate values between nodes along the last axis, and extrapolate beyond them.

    Parameters
    ----------
    paths : ndarray, shape (n, horizon, n_nodes)
        Values at the nodes.
    nodes : ndarray, shape (n_nodes,)
        Ascending.
    z : ndarray, shape (horizon, n_requested) or (n, horizon, n_requested)

    Returns
    -------
    ndarray, shape (n, horizon, n_requested)
    """
    right = np.clip(np.searchsorted(nodes, z), 1, len(nodes) - 1)
    weight = (z - nodes[right - 1]) / (nodes[right] - nodes[right - 1])
    shape = (len(paths), *z.shape[-2:])
    low, high = (
        np.take_along_axis(paths, np.broadcast_to(index, shape), axis=-1)
        for index in (right - 1, right)
    )
    return low + weight * (high - low)
