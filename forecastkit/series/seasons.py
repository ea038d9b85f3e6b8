"""Season lengths that series show of themselves, where their frequency does not tell them."""

from __future__ import annotations

import numpy as np

from forecastkit.series.panel import Panel

_MOST_SERIES = 200
_MOST_VALUES = 4000
_LONGEST = 400
# a correlation counts from this size on, and this many standard errors away from none
_LEAST = 0.25
_ERRORS = 4.0
# of the series that could show it: the first season, the second
_SHARES = (0.5, 0.3)
# a shorter lag is preferred to a longer one that is as good as this
_NEARLY = 0.85
# the second season holds at least so many of the first: days in a week, weeks in a month
_FEWEST_INSIDE = 4
# by how much its correlation stands above those one short season away
_ABOVE = 0.05


def find_seasons(panel: Panel) -> tuple[int, ...]:
    """Find at most two season lengths that most series of a panel share.

    The changes of every series are correlated with themselves (Box & Jenkins, *Time Series
    Analysis*, 1970, section 2.1). A lag is a season where the correlation stands far above its
    standard error under a moving average (Bartlett 1946), in most series that have three such
    seasons. Then its pattern is taken out, and a longer season that holds it is looked for.

    Parameters
    ----------
    panel : Panel
        On the scale of `forecastkit.series.scale`, NaN where missing.

    Returns
    -------
    tuple of int
        Shortest first; (1,) where nothing is found.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> y = np.tile([0.0, 3.0, 5.0, 1.0, 2.0, 9.0, 8.0], 20) + rng.normal(size=140)
    >>> find_seasons(Panel.of([y])), find_seasons(Panel.of([rng.normal(size=140).cumsum()]))
    ((7,), (1,))
    """
    rows = np.flatnonzero(panel.lengths >= 8)
    chosen = rows[:: max(1, len(rows) // _MOST_SERIES)][:_MOST_SERIES]
    changes = [np.diff(series) for series in _values(panel.take(chosen))]
    first = _shared_season(changes)
    if first is None:
        return (1,)
    rest = [_without(series, first) for series in changes]
    second = _shared_season(rest, inside=first)
    return (first,) if second is None else (first, second)


def _values(panel: Panel) -> list[np.ndarray]:
    """The last values of every series, missing ones as the mean of what is there."""
    found = []
    for start, stop in zip(panel.offsets[:-1], panel.offsets[1:], strict=True):
        series = panel.values[max(start, stop - _MOST_VALUES) : stop]
        known = ~np.isnan(series)
        if known.sum() >= 8:
            steps = np.arange(len(series))
            found.append(np.interp(steps, steps[known], series[known]))
    return found


def _shared_season(changes: list[np.ndarray], inside: int = 0) -> int | None:
    """Length that passes the test in most series; with `inside` one that holds shorter seasons."""
    longest = min(_LONGEST, max((len(x) // 3 for x in changes), default=0))
    strength, passes, could = (np.zeros(longest + 1) for _ in range(3))
    for series in changes:
        most = min(longest, len(series) // 3)
        r = _autocorrelation(series, most)
        bartlett = np.sqrt((1 + 2 * np.concatenate([[0], np.cumsum(r[1:] ** 2)])) / len(series))
        error = np.concatenate([[np.inf], bartlett[:-1]])[: most + 1]
        peak = np.ones(most + 1, bool)
        peak[1:-1] = (r[1:-1] >= r[:-2]) & (r[1:-1] >= r[2:])
        strength[: most + 1] += r
        passes[: most + 1] += (r > _LEAST) & (r > _ERRORS * error) & peak
        could[: most + 1] += 1
    lags = np.arange(longest + 1)
    fits = (
        (passes > _SHARES[inside > 0] * could) & (lags >= 2) & (could >= 0.5 * could.max(initial=1))
    )
    mean = strength / np.maximum(could, 1)
    if inside:
        fits &= (lags % inside == 0) & (lags >= _FEWEST_INSIDE * inside)
        around = [np.roll(mean, shift) for shift in (-inside, inside)]
        fits &= mean > np.maximum(*around) + _ABOVE
    if not fits.any():
        return None
    mean = np.where(fits, mean, -1.0)
    best = mean.max() if inside else _NEARLY * mean.max()
    return int(np.flatnonzero(mean >= best)[0])


def _autocorrelation(x: np.ndarray, most: int) -> np.ndarray:
    """Correlation with itself at lags 0 to `most`, by fast Fourier transform."""
    x = x - x.mean()
    size = 2 ** int(np.ceil(np.log2(2 * len(x))))
    power = np.abs(np.fft.rfft(x, size)) ** 2
    covariance = np.fft.irfft(power, size)[: most + 1]
    return covariance / covariance[0] if covariance[0] > 0 else np.zeros(most + 1)


def _without(x: np.ndarray, m: int) -> np.ndarray:
    """Take the mean of every phase away."""
    phase = np.arange(len(x)) % m
    return x - (np.bincount(phase, x, m) / np.maximum(np.bincount(phase, minlength=m), 1))[phase]
