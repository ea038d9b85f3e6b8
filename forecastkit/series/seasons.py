"""Infer season lengths from the autocorrelation of series whose frequency does not imply them."""

from __future__ import annotations

import numpy as np

from forecastkit.series.panel import Panel

_MAX_SERIES = 200
_MAX_VALUES = 4000
_MAX_LENGTH = 400
# minimum mean autocorrelation: for a single series, for many; minimum number of standard errors
_MIN_SINGLE_CORRELATION, _MIN_CORRELATION = 0.25, 0.12
_MIN_STANDARD_ERRORS = 4.0
# the shortest lag with at least this share of the highest correlation is selected
_MIN_RELATIVE_CORRELATION = 0.85
# minimum ratio of the second season length to the first
_MIN_RATIO = 4
# minimum prominence of the second season over lags one short season away: single series, many
_MIN_SINGLE_PROMINENCE, _MIN_PROMINENCE = 0.1, 0.02


def find_seasons(panel: Panel) -> tuple[int, ...]:
    """Infer at most two season lengths that most series of a panel share.

    The autocorrelations of the differenced series (Box & Jenkins, *Time Series Analysis*, 1970,
    section 2.1) are averaged over series with at least three cycles. A lag is a season length if
    the mean has a peak there that is several standard errors above zero, with standard errors for a
    moving average process (Bartlett 1946). The seasonal means are then subtracted, and a multiple
    of this length is tested as a second season.

    Parameters
    ----------
    panel : Panel
        On the transformed scale of `forecastkit.series.scale`, NaN where missing.

    Returns
    -------
    tuple of int
        Shortest first; (1,) if there is no season.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> y = np.tile([0.0, 3.0, 5.0, 1.0, 2.0, 9.0, 8.0], 20) + rng.normal(size=140)
    >>> find_seasons(Panel.of([y])), find_seasons(Panel.of([rng.normal(size=140).cumsum()]))
    ((7,), (1,))
    """
    rows = np.flatnonzero(panel.lengths >= 8)
    sample = rows[:: max(1, len(rows) // _MAX_SERIES)][:_MAX_SERIES]
    differences = [np.diff(series) for series in _filled_series(panel.take(sample))]
    first = _shared_season(differences)
    if first is None:
        return (1,)
    adjusted = [_deseasonalised(series, first) for series in differences]
    second = _shared_season(adjusted, multiple_of=first)
    return (first,) if second is None else (first, second)


def _filled_series(panel: Panel) -> list[np.ndarray]:
    """Last values of every series with at least 8 of them, missing ones interpolated linearly."""
    filled = []
    for start, stop in zip(panel.offsets[:-1], panel.offsets[1:], strict=True):
        series = panel.values[max(start, stop - _MAX_VALUES) : stop]
        observed = ~np.isnan(series)
        if observed.sum() >= 8:
            steps = np.arange(len(series))
            filled.append(np.interp(steps, steps[observed], series[observed]))
    return filled


def _shared_season(differences: list[np.ndarray], multiple_of: int = 0) -> int | None:
    """Season length that most series share, among multiples of `multiple_of` if given."""
    max_lag = min(_MAX_LENGTH, max((len(x) // 3 for x in differences), default=0))
    correlation_sum, z_sum, count = (np.zeros(max_lag + 1) for _ in range(3))
    for series in differences:
        n_lags = min(max_lag, len(series) // 3)
        r = _autocorrelation(series, n_lags)
        bartlett = np.sqrt((1 + 2 * np.concatenate([[0], np.cumsum(r[1:] ** 2)])) / len(series))
        standard_error = np.concatenate([[np.inf], bartlett[:-1]])[: n_lags + 1]
        correlation_sum[: n_lags + 1] += r
        z_sum[: n_lags + 1] += r / standard_error
        count[: n_lags + 1] += 1
    n = np.maximum(count, 1)
    mean, z = correlation_sum / n, z_sum / np.sqrt(n)
    lags = np.arange(max_lag + 1)
    is_season = mean > np.maximum(_MIN_CORRELATION, _MIN_SINGLE_CORRELATION / np.sqrt(n))
    is_season &= (z > _MIN_STANDARD_ERRORS) & (lags >= 2) & (count >= 0.5 * count[:2].max())
    if multiple_of:
        is_season &= (lags % multiple_of == 0) & (lags >= _MIN_RATIO * multiple_of)
        neighbours = np.maximum(*(np.roll(mean, shift) for shift in (-multiple_of, multiple_of)))
        prominence = np.maximum(_MIN_PROMINENCE, _MIN_SINGLE_PROMINENCE / np.sqrt(n))
        is_season &= mean > neighbours + prominence
    else:
        is_season &= np.array([_is_peak(mean, int(lag)) for lag in lags])
    if not is_season.any():
        return None
    mean = np.where(is_season, mean, -1.0)
    threshold = mean.max() if multiple_of else _MIN_RELATIVE_CORRELATION * mean.max()
    return int(np.flatnonzero(mean >= threshold)[0])


def _is_peak(correlation: np.ndarray, lag: int) -> bool:
    """Whether no lag from 0.5 to 1.5 times this one has a higher correlation."""
    neighbours = correlation[(lag + 1) // 2 : lag + lag // 2 + 1]
    return bool(correlation[lag] >= neighbours.max(initial=-1.0))


def _autocorrelation(x: np.ndarray, max_lag: int) -> np.ndarray:
    """Autocorrelation at lags 0 to `max_lag`, by fast Fourier transform."""
    x = x - x.mean()
    size = 2 ** int(np.ceil(np.log2(2 * len(x))))
    power = np.abs(np.fft.rfft(x, size)) ** 2
    covariance = np.fft.irfft(power, size)[: max_lag + 1]
    return covariance / covariance[0] if covariance[0] > 0 else np.zeros(max_lag + 1)


def _deseasonalised(x: np.ndarray, m: int) -> np.ndarray:
    """Subtract the mean of each phase."""
    phase = np.arange(len(x)) % m
    return x - (np.bincount(phase, x, m) / np.maximum(np.bincount(phase, minlength=m), 1))[phase]
