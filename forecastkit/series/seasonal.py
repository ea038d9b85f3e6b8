"""Estimate of one season at every step: decayed phase means of a detrended series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forecastkit.series.recurrence import decayed_sum

SEASON_ARRAYS = ("phase_mean", "centre", "strength")
# minimum weight of the observed values in a moving average
MIN_OBSERVED_WEIGHT = 0.75


@dataclass(frozen=True)
class Season:
    """Seasonal component of a single length; every array has shape (n_periods,).

    Attributes
    ----------
    length : int
        Number of steps per season, at least 2.
    phase_mean : ndarray
        Mean deviation from the moving average in the phase of step t, available half a season
        later.
    centre, strength : ndarray
        Mean of the phase means, and the share of the seasonal variance that is not noise (0 to 1),
        both available at step t.
    """

    length: int
    phase_mean: np.ndarray
    centre: np.ndarray
    strength: np.ndarray

    def at(self, cutoff: np.ndarray, step: np.ndarray, start: np.ndarray) -> np.ndarray:
        """Seasonal component at `step`, past or future, as estimated at `cutoff`.

        Parameters
        ----------
        cutoff, step, start : ndarray of int, broadcastable
            Positions in the flat array: last observed step, requested step, first step of the
            series.

        Returns
        -------
        ndarray
            0 if the phase of `step` has not been estimated yet.
        """
        latest = cutoff - self.length // 2
        source = latest - (latest - step) % self.length
        index = np.clip(source, 0, len(self.phase_mean) - 1)
        deviation = self.phase_mean[index] - self.centre[cutoff]
        return np.where(source >= start, self.strength[cutoff] * deviation, 0.0)


def estimate_season(z: np.ndarray, m: int, decay: float) -> dict[str, np.ndarray]:
    """Decayed phase means of deviations from a centred moving average, and their strength.

    Beside the arrays of `Season`, the decayed sums of each phase: `weight`, `total` and `square`.
    """
    rows, steps = z.shape
    deviation = z - _centred_average(z, m)  # available m // 2 steps later
    observed = ~np.isnan(deviation)
    r = np.where(observed, deviation, 0.0)
    weight, total, square = (
        _decay_by_cycle(x, m, decay) for x in (observed.astype(float), r, r * r)
    )  # each (rows, steps), for the phase of the step
    mean = total / np.maximum(weight, 1e-9)
    # sums over all phases: the latest entry of each is among the last m steps
    by_phase = phase_sums(weight, total, square, mean)
    centre, strength = centre_and_strength([_rolling_sum(x, m) for x in by_phase], m)
    half = m // 2
    return {
        "phase_mean": mean,
        "centre": shifted(centre, half),
        "strength": shifted(strength, half),
        "weight": weight,
        "total": total,
        "square": square,
    }


def component_at_steps(season: dict[str, np.ndarray], m: int) -> np.ndarray:
    """Seasonal component of every step as estimated at that step, shape (rows, steps)."""
    deviation = shifted(season["phase_mean"], m) - season["centre"]
    return season["strength"] * deviation


def component_sums(mean: np.ndarray, observed: np.ndarray, m: int) -> list[np.ndarray]:
    """Sum over the observed steps of the phase means as known at each step, and with time.

    Parameters
    ----------
    mean, observed : ndarray, shape (rows, steps)
        Phase means, and 1 for observed steps, 0 for missing ones.
    m : int
        Steps per season.

    Returns
    -------
    list of ndarray, shape (rows, steps)
        The sum, and the sum of the products with time.
    """
    half, time = m // 2, np.arange(mean.shape[1])
    old, new = shifted(mean, half + m), shifted(mean, half)
    sums = []
    for x in (observed, observed * time):
        phase_sum = cumulative_sum_by_phase(x, m)
        # the phase of this step gains a value; the phase of half a season ago, a new mean
        change = shifted(mean, m) * x + (new - old) * shifted(phase_sum, half)
        sums.append(np.cumsum(change, axis=1))
    return sums


def cumulative_sum_by_phase(x: np.ndarray, m: int) -> np.ndarray:
    """Sum over the steps of the same phase so far."""
    rows, steps = x.shape
    n_cycles = -(-steps // m)
    padded = np.zeros((rows, n_cycles * m))
    padded[:, :steps] = x
    return np.cumsum(padded.reshape(rows, n_cycles, m), axis=1).reshape(rows, -1)[:, :steps]


def phase_sums(
    weight: np.ndarray, total: np.ndarray, square: np.ndarray, mean: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Terms of each phase whose sums over all phases give the strength of a season."""
    return weight, square - total * mean, mean, mean * mean, (weight > 0.1).astype(float)


def centre_and_strength(sums: Sequence[np.ndarray], m: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean of all phases, and the strength of the season: 1 less the share of noise.

    Parameters
    ----------
    sums : sequence of ndarray
        Sums of `phase_sums` over all phases.
    m : int
        Steps per season.
    """
    weights, within, mean, square, n_phases = sums
    degrees_of_freedom = weights - m
    variance = np.maximum(within / np.maximum(degrees_of_freedom, 1e-9), 0.0)
    centre = mean / m
    between = np.maximum(square - m * centre**2, 0.0) / (m - 1)
    noise = variance / np.maximum(weights / m, 1e-9)
    strength = np.clip(1.0 - noise / np.maximum(between, 1e-12), 0.0, 1.0)
    # with a tolerance for sums that are equal but for rounding
    enough = (n_phases >= m - 0.5) & (degrees_of_freedom >= 0.5 * m - 1e-9)
    return centre, np.where(enough, strength, 0.0)


def moving_average_weights(m: int) -> np.ndarray:
    """Weights of a centred moving average over a season, 2 x m if m is even.

    Examples
    --------
    >>> moving_average_weights(3).round(3).tolist(), moving_average_weights(2).tolist()
    ([0.333, 0.333, 0.333], [0.25, 0.5, 0.25])
    """
    weights = np.ones(2 * (m // 2) + 1) / m
    if m % 2 == 0:
        weights[[0, -1]] /= 2
    return weights


def _centred_average(z: np.ndarray, m: int) -> np.ndarray:
    """Centred moving average over a season (2 x m if m is even); NaN with too few values."""
    half, observed = m // 2, ~np.isnan(z)
    # relative to the first value of each row, so that the cumulative sums stay small
    centre = np.nan_to_num(np.take_along_axis(z, observed.argmax(1)[:, None], axis=1))
    values = np.where(observed, z - centre, 0.0)
    total, weight = (_weighted_window(x, half, m) for x in (values, observed.astype(float)))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(weight >= MIN_OBSERVED_WEIGHT, total / weight + centre, np.nan)


def _weighted_window(x: np.ndarray, half: int, m: int) -> np.ndarray:
    """Weighted sum over [t - half, t + half]; 0 where the window is incomplete."""
    rows, steps = x.shape
    out = np.zeros((rows, steps))
    width = 2 * half + 1
    if steps < width:
        return out
    sums = np.concatenate([np.zeros((rows, 1)), np.cumsum(x, axis=1)], axis=1)
    window = sums[:, width:] - sums[:, :-width]
    if m % 2 == 0:
        window = window - 0.5 * (x[:, : steps - width + 1] + x[:, width - 1 :])
    out[:, half : steps - half] = window / m
    return out


def _decay_by_cycle(x: np.ndarray, m: int, decay: float) -> np.ndarray:
    """Sum over the steps of the same phase so far, decayed with each cycle."""
    rows, steps = x.shape
    n_cycles = -(-steps // m)
    padded = np.zeros((rows, n_cycles * m))
    padded[:, :steps] = x
    sums = decayed_sum(padded.reshape(rows, n_cycles, m), decay, axis=1)
    return sums.reshape(rows, -1)[:, :steps]


def _rolling_sum(x: np.ndarray, m: int) -> np.ndarray:
    """Sum of the last m steps; 0 in the first m - 1 steps."""
    sums = np.concatenate([np.zeros((len(x), 1)), np.cumsum(x, axis=1)], axis=1)
    out = np.zeros(x.shape)
    out[:, m - 1 :] = sums[:, m:] - sums[:, :-m]
    return out


def shifted(x: np.ndarray, steps: int) -> np.ndarray:
    """Shift values to later steps; 0 in the first `steps` steps."""
    out = np.zeros(x.shape)
    out[:, steps:] = x[:, : max(x.shape[1] - steps, 0)]
    return out
