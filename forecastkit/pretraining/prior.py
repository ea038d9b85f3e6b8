"""The prior of the synthetic series: kinds by sampling frequency, probabilities of components."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """Distribution of the series of one sampling frequency.

    Attributes
    ----------
    season_lengths : tuple of int
        Shortest first; (1,) for none.
    share : float
        Fraction of all series.
    lengths : tuple of int
        Minimum and maximum number of steps; lengths are log-uniform between them.
    horizon : int
        Usual forecast horizon.
    trending : float
        Probability of persistent growth.
    counted : float
        Probability of a series of counts.
    """

    season_lengths: tuple[int, ...]
    share: float
    lengths: tuple[int, int]
    horizon: int
    trending: float = 0.6
    counted: float = 0.05

    @property
    def is_subdaily(self) -> bool:
        """Whether the series has 24 steps per day or more."""
        return min(self.season_lengths) >= 24 and 52 not in self.season_lengths


KINDS = (
    Kind((1,), 0.24, (10, 120), 8, trending=0.45),
    Kind((4,), 0.14, (14, 130), 10),
    Kind((12,), 0.22, (24, 300), 20, counted=0.13),
    Kind((7,), 0.06, (30, 500), 28, trending=0.3, counted=0.2),
    Kind((7, 365), 0.05, (400, 1400), 28, trending=0.3, counted=0.1),
    Kind((5,), 0.02, (30, 300), 20, trending=0.3),
    Kind((52,), 0.09, (70, 700), 16, trending=0.4, counted=0.1),
    Kind((24,), 0.03, (80, 1000), 48, trending=0.2),
    Kind((24, 168), 0.11, (360, 1600), 48, trending=0.2),
    Kind((48, 336), 0.02, (700, 1800), 48, trending=0.2),
    Kind((288,), 0.02, (900, 2000), 48, trending=0.2),
)


@dataclass(frozen=True)
class Prior:
    """Probability of each optional component; 0 leaves it out.

    Attributes
    ----------
    growth_curves : float
        A smooth curve in place of a stochastic trend: logistic, Gompertz, exponential, piecewise
        linear, steps. Series without seasons have it one and a half times as often, sub-daily ones
        less than a third as often.
    cumulative : float
        Observations are cumulative sums of a positive flow.
    flows : float
        Mean reversion to a constant level; less than a third as often in sub-daily series.
    bends : float
        Piecewise linear changes of the level, of a given total excursion.
    envelopes : float
        The amplitude of a season follows another, slower season.
    swells : float
        The amplitude of a season follows a random walk; twice as often in long seasons.
    changes : float
        The pattern of a season evolves.
    calm : float
        Seasons dominate the noise; in sub-daily series at least in half of all.
    calendar : float
        Working days, movable feasts and days off may have effects.
    regimes : float
        Level and volatility alternate between two regimes.
    unrest : float
        The volatility changes every 20 steps.
    heavy_tails : float
        Innovations follow Student's t distribution with 3 or 5 degrees of freedom.
    jumps, outliers : float
        Level shifts and additive outliers.
    spikes : float
        Spikes at a regular interval.
    held : float
        Values are held constant, or zero, over some stretches.
    capped : float
        Values are capped above or below.
    counts : float
        Factor of the probability of counts.
    gaps : float
        Missing stretches of up to a horizon; single missing values half as often.
    """

    growth_curves: float = 0.08
    cumulative: float = 0.03
    flows: float = 0.12
    bends: float = 0.15
    envelopes: float = 0.25
    swells: float = 0.25
    changes: float = 0.5
    calm: float = 0.15
    calendar: float = 1.0
    regimes: float = 0.08
    unrest: float = 0.2
    heavy_tails: float = 0.65
    jumps: float = 0.4
    outliers: float = 0.4
    spikes: float = 0.04
    held: float = 0.05
    capped: float = 0.07
    counts: float = 1.0
    gaps: float = 0.12


PRIOR = Prior()
