"""Registry of the statistical methods, for baselines, blends and the command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from forecastkit.methods.damped_trend import damped_trend
from forecastkit.methods.ets import ets
from forecastkit.methods.naive import drift, naive, seasonal_naive, window_average
from forecastkit.methods.paths import Paths
from forecastkit.methods.theta import theta
from forecastkit.series.panel import Panel


@dataclass(frozen=True)
class Method:
    """A statistical method.

    Attributes
    ----------
    forecast : callable
        From a panel, the horizon and the season length to point forecasts and the standard
        deviations of the forecast errors, both of shape (n_series, h).
    is_baseline : bool
        Whether scoreboards and backtests include it as a baseline.
    prior : float
        Prior weight in a blend, relative to its other parts; methods with 0 are not in blends.
    """

    forecast: Callable[[Panel, int, int], Paths]
    is_baseline: bool = True
    prior: float = 0.0


METHODS: dict[str, Method] = {
    "DampedTrend": Method(damped_trend, is_baseline=False, prior=0.1),
    "ETS": Method(ets, prior=0.1),
    "Theta": Method(theta, prior=0.05),
    "SeasonalNaive": Method(seasonal_naive, prior=0.05),
    "Naive": Method(naive),
    "Drift": Method(drift),
    "WindowAverage": Method(window_average),
}
BASELINES = tuple(name for name, method in METHODS.items() if method.is_baseline)
BLENDED = tuple(name for name, method in METHODS.items() if method.prior > 0)
