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


def quantile_at(paths: np.ndarray, quantiles: tuple[float, ...], q: float) -> np.ndarray:
    """Read any quantile off those that a network gives.

    Between two of them, and beyond the outermost, the distribution counts as normal: the values
    lie on a straight line over the quantiles of the standard normal distribution. So intervals of
    different levels cannot cross.

    Parameters
    ----------
    paths : ndarray, shape (..., n_quantiles)
    quantiles : tuple of float
        What they are, ascending.
    q : float
        Above 0 and below 1.

    Returns
    -------
    ndarray, shape (...)

    Examples
    --------
    >>> paths = np.array([-1.2816, 0.0, 1.2816])
    >>> float(quantile_at(paths, (0.1, 0.5, 0.9), 0.975).round(2))
    1.96
    """
    z = np.array([NormalDist().inv_cdf(one) for one in quantiles])
    wanted = NormalDist().inv_cdf(q)
    right = int(np.clip(np.searchsorted(z, wanted), 1, len(z) - 1))
    share = (wanted - z[right - 1]) / (z[right] - z[right - 1])
    return paths[..., right - 1] + share * (paths[..., right] - paths[..., right - 1])
