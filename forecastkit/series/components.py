"""Season, level, slope and noise of every series at every step, from its past alone.

Each component at step t is a function of the values up to t, so that a network sees at every
cutoff of its training what it will see when it predicts. One pass gives all steps at once; what is
kept is a few numbers a step, from which the season of any cutoff can be looked up.

::

    z = season + level + slope * time + noise            on the scale of `forecastkit.series.scale`

References
----------
Cleveland et al., "STL", Journal of Official Statistics 6 (1990): moving averages, phase by phase.
Hyndman & Athanasopoulos, *Forecasting: Principles and Practice*, 3rd ed., chapters 3 and 8.
Assimakopoulos & Nikolopoulos, "The theta model", IJF 16 (2000); Hyndman & Billah, "Unmasking the
Theta method", IJF 19 (2003): smoothing with half the slope of the trend line is the Theta method.
James & Stein (1961): shrinking an estimate by the share of its variance that is noise.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from forecastkit.series.panel import Panel
from forecastkit.series.recurrence import decayed_sum, smoothed

ALPHAS = np.array([0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
LEVELS_KEPT = (1, 5, 8)  # the levels by alpha 0.1, 0.5, 0.8 are kept beside the best one
# of a season's memory, a cycle
SEASON_DECAY = 0.8
# a season of so many steps is looked at twice: what it always is, and what it lately was
LONG_SEASON, ALWAYS_DECAY, LATELY_DECAY = 24, 0.95, 0.5
NOISE_DECAY = 0.98  # a step
ERROR_DECAY = 0.995  # a step
NOISE_FLOOR = 2e-3
# a moving average counts where this share of its weights stands on values
_WEIGHT_SEEN = 0.75


@dataclass(frozen=True)
class Season:
    """The season of one length, step by step; every array has shape (n_periods,).

    Attributes
    ----------
    length : int
        Steps in one season, at least 2.
    phase_mean : ndarray
        Mean deviation from the moving average of the phase that step t is in, as known half a
        season later.
    centre, strength : ndarray
        What is taken off every phase mean, and the share of the season's variance that is not
        noise (0 to 1), as known at step t.
    """

    length: int
    phase_mean: np.ndarray
    centre: np.ndarray
    strength: np.ndarray

    def at(self, cutoff: np.ndarray, step: np.ndarray, start: np.ndarray) -> np.ndarray:
        """Season of `step`, past or to come, as known at `cutoff`.

        Parameters
        ----------
        cutoff, step, start : ndarray of int, broadcastable
            Positions in the flat array: last step that is known, step that is asked for, first
            step of the series.
        """
        known = cutoff - self.length // 2
        update = known - (known - step) % self.length
        index = np.clip(update, 0, len(self.phase_mean) - 1)
        deviation = self.phase_mean[index] - self.centre[cutoff]
        return np.where(update >= start, self.strength[cutoff] * deviation, 0.0)


@dataclass(frozen=True)
class Components:
    """What is known at each step of a panel; every array has shape (n_periods,).

    Attributes
    ----------
    level, alpha, error : ndarray
        Smoothed level of the deseasonalised series by the rate `alpha` that has foretold best so
        far, and the root of its mean squared one-step error.
    levels : ndarray, shape (n_periods, 3)
        Levels by slow, middle and fast smoothing.
    slope : ndarray
        Ordinary least squares slope of the deseasonalised series, a step.
    noise : ndarray
        Mean absolute change from value to value, 0 while the series is constant.
    count : ndarray
        Values so far.
    seasons : tuple of Season
        One after the other, each found in what those before it left; see `looks`.
    """

    level: np.ndarray
    alpha: np.ndarray
    error: np.ndarray
    levels: np.ndarray
    slope: np.ndarray
    noise: np.ndarray
    count: np.ndarray
    seasons: tuple[Season, ...]

    def season(self, cutoff: np.ndarray, step: np.ndarray, start: np.ndarray) -> np.ndarray:
        """Sum of all seasons at `step` as known at `cutoff`; see `Season.at`."""
        shape = np.broadcast_shapes(cutoff.shape, step.shape, start.shape)
        return sum((one.at(cutoff, step, start) for one in self.seasons), np.zeros(shape))

    @property
    def seasonal_strength(self) -> np.ndarray:
        """Share of the variance of all seasons together that is not noise, from 0 to 1."""
        weakness = np.ones_like(self.level)
        for one in self.seasons:
            weakness = weakness * (1.0 - one.strength)
        return 1.0 - weakness

    @property
    def scale(self) -> np.ndarray:
        """The noise, floored: the unit in which a network sees the series."""
        return np.maximum(self.noise, NOISE_FLOOR)


def measure(panel: Panel, season_lengths: tuple[int, ...]) -> Components:
    """Find the components of every series at every step.

    Parameters
    ----------
    panel : Panel
        Values on the scale of `forecastkit.series.scale`, NaN where missing.
    season_lengths : tuple of int
        Steps in each season, shortest first; lengths below 2 are left out.

    Returns
    -------
    Components

    Examples
    --------
    >>> panel = Panel.of([np.tile([0.0, 1.0], 10) + np.arange(20) / 10])
    >>> found = measure(panel, (2,))
    >>> end = np.array([19])
    >>> found.slope[end].round(2), found.season(end, np.array([20, 21]), np.array([0])).round(2)
    (array([0.1]), array([-0.5,  0.5]))
    """
    in_turn = looks(season_lengths)
    n = len(panel.values)
    flat: dict[str, np.ndarray] = {}
    seasons = [{name: np.zeros(n) for name in _SEASON_ARRAYS} for _ in in_turn]
    for index, inside in panel.blocks():
        z = np.where(inside, panel.values[index], np.nan)  # (rows, steps)
        where, keep = index[inside], inside
        found, found_seasons = _measure_block(z, in_turn)
        for name, values in found.items():
            if name not in flat:
                flat[name] = np.zeros((n, *values.shape[2:]))
            flat[name][where] = values[keep]
        for store, season in zip(seasons, found_seasons, strict=True):
            for name in _SEASON_ARRAYS:
                store[name][where] = season[name][keep]
    for name in _FLAT_ARRAYS:
        flat.setdefault(name, np.zeros((n, len(LEVELS_KEPT)) if name == "levels" else n))
    made = tuple(Season(m, **store) for (m, _), store in zip(in_turn, seasons, strict=True))
    return Components(seasons=made, **flat)


def looks(season_lengths: tuple[int, ...]) -> tuple[tuple[int, float], ...]:
    """Which seasons are looked for, one in what the other left, and their memory a cycle.

    A short season is looked at once. Where the shortest has many steps, as a day has hours, it is
    looked at with a long memory first; what it lately was is found in what is left in the end.

    Parameters
    ----------
    season_lengths : tuple of int
        Shortest first; lengths below 2 are left out.

    Examples
    --------
    >>> looks((1,)), looks((12,))
    ((), ((12, 0.8),))
    >>> looks((24, 168))
    ((24, 0.95), (168, 0.8), (24, 0.5))
    """
    lengths = tuple(m for m in season_lengths if m >= 2)
    if not lengths or lengths[0] < LONG_SEASON:
        return tuple((m, SEASON_DECAY) for m in lengths)
    longer = tuple((m, SEASON_DECAY) for m in lengths[1:])
    return ((lengths[0], ALWAYS_DECAY), *longer, (lengths[0], LATELY_DECAY))


_SEASON_ARRAYS = ("phase_mean", "centre", "strength")
_FLAT_ARRAYS = tuple(field.name for field in fields(Components) if field.name != "seasons")


def _measure_block(
    z: np.ndarray, in_turn: tuple[tuple[int, float], ...]
) -> tuple[dict[str, np.ndarray], list[dict[str, np.ndarray]]]:
    """`measure` for a rectangle of series, shape (rows, steps), NaN where missing."""
    seen = ~np.isnan(z)
    trend = _Trend(z, seen)
    rest, seasons = z, []
    for m, decay in in_turn:
        season = _season(rest, m, decay)
        trend.remove(season, m)
        rest = rest - season["strength"] * (_shifted(season["phase_mean"], m) - season["centre"])
        seasons.append(season)
    return {**_levels(rest, seen), "slope": trend.slope(), "count": trend.n}, seasons


def _season(z: np.ndarray, m: int, decay: float) -> dict[str, np.ndarray]:
    """Decayed phase means of the deviation from a centred moving average, and their worth."""
    rows, steps = z.shape
    deviation = z - _centred_average(z, m)  # known m // 2 steps later
    known = ~np.isnan(deviation)
    r = np.where(known, deviation, 0.0)
    weight, total, square = (
        _decay_by_cycle(x, m, decay) for x in (known.astype(float), r, r * r)
    )  # each (rows, steps): of the phase of that step
    safe = np.maximum(weight, 1e-9)
    mean = total / safe
    # over the phases: each has its newest entry among the last m steps
    weights = _rolling_sum(weight, m)
    freedom = weights - m
    within = _rolling_sum(square - total * mean, m) / np.maximum(freedom, 1e-9)
    centre = _rolling_sum(mean, m) / m
    between = np.maximum(_rolling_sum(mean * mean, m) - m * centre**2, 0.0) / (m - 1)
    noise = np.maximum(within, 0.0) / np.maximum(weights / m, 1e-9)
    strength = np.clip(1.0 - noise / np.maximum(between, 1e-12), 0.0, 1.0)
    all_seen = _rolling_sum((weight > 0.1).astype(float), m) >= m - 0.5
    strength = np.where(all_seen & (freedom >= 0.5 * m), strength, 0.0)
    half = m // 2
    return {
        "phase_mean": mean,
        "centre": _shifted(centre, half),
        "strength": _shifted(strength, half),
    }


def _centred_average(z: np.ndarray, m: int) -> np.ndarray:
    """Centred moving average over a season (2 x m for an even m); NaN where too little is seen."""
    half = m // 2
    weights = np.ones(2 * half + 1) / m
    if m % 2 == 0:
        weights[[0, -1]] /= 2
    seen = ~np.isnan(z)
    # around each row's first value, so that the cumulative sums stay small
    centre = np.nan_to_num(np.take_along_axis(z, seen.argmax(1)[:, None], axis=1))
    values = np.where(seen, z - centre, 0.0)
    total, share = (_weighted_window(x, half, m) for x in (values, seen.astype(float)))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(share >= _WEIGHT_SEEN, total / share + centre, np.nan)


def _weighted_window(x: np.ndarray, half: int, m: int) -> np.ndarray:
    """Sum of weights times values over [t - half, t + half]; 0 where the window is not whole."""
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
    """Sum over the steps of the same phase so far, forgetting with each cycle."""
    rows, steps = x.shape
    n_cycles = -(-steps // m)
    padded = np.zeros((rows, n_cycles * m))
    padded[:, :steps] = x
    sums = decayed_sum(padded.reshape(rows, n_cycles, m), decay, axis=1)
    return sums.reshape(rows, -1)[:, :steps]


def _rolling_sum(x: np.ndarray, m: int) -> np.ndarray:
    """Sum of the last m steps; 0 before there are m."""
    sums = np.concatenate([np.zeros((len(x), 1)), np.cumsum(x, axis=1)], axis=1)
    out = np.zeros(x.shape)
    out[:, m - 1 :] = sums[:, m:] - sums[:, :-m]
    return out


def _shifted(x: np.ndarray, steps: int) -> np.ndarray:
    """Move along time: what was at t - steps stands at t; 0 before."""
    out = np.zeros(x.shape)
    out[:, steps:] = x[:, : max(x.shape[1] - steps, 0)]
    return out


class _Trend:
    """Running least squares slope of a rectangle of series, less the slope of its seasons.

    The slope is linear in the series, so the slope of z less the seasons is the slope of z less
    the slope of each season, and a season's sums change by one phase a step.
    """

    def __init__(self, z: np.ndarray, seen: np.ndarray) -> None:
        self.seen = seen.astype(float)
        self.time = np.arange(z.shape[1], dtype=float)
        self.n = np.cumsum(self.seen, axis=1)
        filled = np.where(seen, z, 0.0)
        sum_t = np.cumsum(self.seen * self.time, axis=1)
        self.mean_t = sum_t / np.maximum(self.n, 1)
        self.spread = np.cumsum(self.seen * self.time**2, axis=1) - self.n * self.mean_t**2
        self.product = np.cumsum(filled * self.time, axis=1) - self.mean_t * np.cumsum(
            filled, axis=1
        )

    def remove(self, season: dict[str, np.ndarray], m: int) -> None:
        """Take the season, as known at each step, out of the sums."""
        half, mean = m // 2, season["phase_mean"]
        old, new = _shifted(mean, half + m), _shifted(mean, half)
        sums = []
        for x in (self.seen, self.seen * self.time):
            of_phase = _counts_by_phase(x, m)
            # this step's own phase gains a value; the phase of half a season ago a new mean
            change = _shifted(mean, m) * x + (new - old) * _shifted(of_phase, half)
            sums.append(np.cumsum(change, axis=1))
        self.product = self.product - season["strength"] * (sums[1] - self.mean_t * sums[0])

    def slope(self) -> np.ndarray:
        """Slope at each step, a step; 0 with fewer than three values."""
        return np.where(self.n >= 3, self.product / np.maximum(self.spread, 1e-9), 0.0)


def _counts_by_phase(x: np.ndarray, m: int) -> np.ndarray:
    rows, steps = x.shape
    n_cycles = -(-steps // m)
    padded = np.zeros((rows, n_cycles * m))
    padded[:, :steps] = x
    return np.cumsum(padded.reshape(rows, n_cycles, m), axis=1).reshape(rows, -1)[:, :steps]


def _levels(x: np.ndarray, seen: np.ndarray) -> dict[str, np.ndarray]:
    """Smoothed levels and noise of the deseasonalised series, missing values passed over."""
    # the values that are there, moved to the front, and where each step finds the newest of them
    order = np.argsort(~seen, axis=1, kind="stable")
    packed = np.take_along_axis(np.where(seen, x, 0.0), order, axis=1)
    present = np.take_along_axis(seen, order, axis=1)
    n = np.cumsum(seen, axis=1)
    newest = np.maximum(n - 1, 0)

    def spread(values: np.ndarray) -> np.ndarray:
        return np.where(n > 0, np.take_along_axis(values, newest, axis=1), 0.0)

    candidates = np.stack([smoothed(packed, alpha) for alpha in ALPHAS])  # (alphas, rows, steps)
    errors = np.zeros_like(candidates)
    errors[:, :, 1:] = np.where(present[:, 1:], packed[:, 1:] - candidates[:, :, :-1], 0.0)
    squares = decayed_sum(errors**2, ERROR_DECAY)
    best = squares.argmin(axis=0)[None]
    change = np.abs(np.diff(packed, axis=1, prepend=packed[:, :1])) * present
    pairs = present.astype(float)
    pairs[:, 0] = 0.0
    noise = decayed_sum(change, NOISE_DECAY) / np.maximum(decayed_sum(pairs, NOISE_DECAY), 1.0)
    mean_square = np.take_along_axis(squares, best, axis=0)[0] / np.clip(
        np.cumsum(present, axis=1), 1, 200
    )
    return {
        "level": spread(np.take_along_axis(candidates, best, axis=0)[0]),
        "alpha": spread(ALPHAS[best[0]]),
        "error": spread(np.sqrt(mean_square)),
        "levels": np.stack([spread(candidates[k]) for k in LEVELS_KEPT], axis=-1),
        "noise": spread(noise),
    }
