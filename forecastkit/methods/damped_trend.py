"""Exponential smoothing with a damped trend."""

from __future__ import annotations

import numpy as np

from forecastkit.methods.paths import Paths, original_units
from forecastkit.series.components import measure
from forecastkit.series.panel import Panel
from forecastkit.series.scale import measure_scale, scaled

_DAMPING = 0.9  # factor per step of the slope (Gardner 1985)


def damped_trend(panel: Panel, h: int, season_length: int) -> Paths:
    """Exponential smoothing with a damped trend, on the components that networks see.

    Parameters
    ----------
    panel : Panel
        In the series' own units.
    h, season_length : int

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
    on_scale = scaled(panel, scale)
    components = measure(on_scale, (season_length,))
    at, ahead = (panel.offsets[1:] - 1)[:, None], np.arange(1, h + 1)
    season = components.season(at, at + ahead, panel.offsets[:-1][:, None])
    grown = np.cumsum(_DAMPING**ahead)
    path = components.level[at] + components.slope[at] * grown + season
    spread = components.error[at] * np.sqrt(1.0 + (ahead - 1) * components.alpha[at] ** 2)
    return original_units(scale, path, spread)
