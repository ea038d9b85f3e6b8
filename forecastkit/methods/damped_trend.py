"""Exponential smoothing with a damped trend."""

from __future__ import annotations

import numpy as np

from forecastkit.methods.paths import Paths, original_units
from forecastkit.series.components import measure
from forecastkit.series.panel import Panel
from forecastkit.series.scale import measure_scale, scaled

_DAMPING = 0.9  # factor of the slope per step (Gardner & McKenzie 1985)


def damped_trend(panel: Panel, h: int, season_length: int) -> Paths:
    """Exponential smoothing with a damped trend, from the components that networks use.

    Parameters
    ----------
    panel : Panel
        In the original units.
    h, season_length : int
        Horizon and steps per season.

    Returns
    -------
    point, deviation : ndarray, shape (n_series, h)

    References
    ----------
    Gardner & McKenzie, "Forecasting trends in time series", Management Science 31 (1985);
    Hyndman & Athanasopoulos, *Forecasting: Principles and Practice*, 3rd ed., section 8.2.

    Examples
    --------
    >>> damped_trend(Panel.of([np.full(12, 5.0)]), 2, 1)[0].tolist()
    [[5.0, 5.0]]
    """
    scale = measure_scale(panel)
    components = measure(scaled(panel, scale), (season_length,))
    last, steps = (panel.offsets[1:] - 1)[:, None], np.arange(1, h + 1)
    season = components.season(last, last + steps, panel.offsets[:-1][:, None])
    damped_steps = np.cumsum(_DAMPING**steps)  # phi + ... + phi^k
    point = components.level[last] + components.slope[last] * damped_steps + season
    deviation = components.error[last] * np.sqrt(1.0 + (steps - 1) * components.alpha[last] ** 2)
    return original_units(scale, point, deviation)
