"""Season lengths that series show of themselves, where their frequency does not tell them."""

from __future__ import annotations

import numpy as np

from forecastkit.series.panel import Panel

_MAX_SERIES = 200
_MAX_VALUES = 4000
_LONGEST = 400
# a mean correlation counts from this size on, in one series and in many, and this many standard
# errors away from none
_MIN_IN_ONE, _MIN_CORRELATION = 0.25, 0.12
_ERRORS = 4.0
# a shorter lag is preferred to a longer one that is as good as this
_NEARLY = 0.85
# the second season holds at least so many of the first: days in a week, weeks in a month
_MIN_INSIDE = 4
# by how much its correlation stands above those one short season away
_ABOVE_IN_ONE, _ABOVE = 0.1, 0.02


def find_seasons(panel: Panel) -> tuple[int, ...]:
    """Find at most two season lengths that most series of a panel share.

    The changes of every series are correlated with themselves (Box & Jenkins, *Time Series
    Analysis*, 1970, section 2.1). A lag is a season where the mean correlation of the series that
    have three such seasons peaks far above its standard error under a moving average (Bartlett
    1946). Then its pattern is taken out, and a longer season that holds it is looked for.

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
    chosen = rows[:: max(1, len(rows) // _MAX_SERIES)][:_MAX_SERIES]
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
        series = panel.values[max(start, stop - _MAX_VALUES) : stop]
        known = ~np.isnan(series)
        if known.sum() >= 8:
            steps = np.arange(len(series))
            found.append(np.interp(steps, steps[known], series[known]))
    return found


def _shared_season(changes: list[np.ndarray], inside: int = 0) -> int | None:
    """Length that passes the test; with `inside` one that holds so many shorter seasons."""
    longest = min(_LONGEST, max((len(x) // 3 for x in changes), default=0))
    correlation, away, count = (np.zeros(longest + 1) for _ in range(3))
    for series in changes:
        most = min(longest, len(series) // 3)
        r = _autocorrelation(series, most)
        bartlett = np.sqrt((1 + 2 * np.concatenate([[0], np.cumsum(r[1:] ** 2)])) / len(series))
        error = np.concatenate([[np.inf], bartlett[:-1]])[: most + 1]
        correlation[: most + 1] += r
        away[: most + 1] += r / error
        count[: most + 1] += 1
    several = np.maximum(count, 1)
    mean, errors = correlation / several, away / np.sqrt(several)
    least = np.maximum(_MIN_CORRELATION, _MIN_IN_ONE / np.sqrt(several))
    lags = np.arange(longest + 1)
    fits = (mean > least) & (errors > _ERRORS) & (lags >= 2) & (count >= 0.5 * count[:2].max())
    if inside:
        fits &= (lags % inside == 0) & (lags >= _MIN_INSIDE * inside)
        around = [np.roll(mean, shift) for shift in (-inside, inside)]
        fits &= mean > np.maximum(*around) + np.maximum(_ABOVE, _ABOVE_IN_ONE / np.sqrt(several))
    else:
        fits &= np.array([_is_peak(mean, int(lag)) for lag in lags])
    if not fits.any():
        return None
    mean = np.where(fits, mean, -1.0)
    best = mean.max() if inside else _NEARLY * mean.max()
    return int(np.flatnonzero(mean >= best)[0])


def _is_peak(correlation: np.ndarray, lag: int) -> bool:
    """Whether no lag from half to one and a half of this one is higher."""
    around = correlation[(lag + 1) // 2 : lag + lag // 2 + 1]
    return bool(correlation[lag] >= around.max(initial=-1.0))


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
