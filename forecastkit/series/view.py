"""Which inputs a network reads at each cutoff, and which steps it predicts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecastkit.ranges import MAX_STEPS, check_length, check_number, check_whole
from forecastkit.series.components import LEVEL_ALPHAS, N_SLOW_LEVELS

N_INVARIANT = 8
MAX_SEASONS = 8
MAX_FEATURES = 1000
# minimum number of values up to a cutoff, unless the longest season is shorter
MIN_VALUES = 12


@dataclass(frozen=True)
class View:
    """Specification of the inputs and outputs of a network.

    Attributes
    ----------
    input_size : int
        Length of the window at each cutoff, in steps.
    horizon : int
        Number of steps to forecast after each cutoff.
    season_lengths : tuple of int
        Steps per season, shortest first; (1,) for none.
    trend_share : float
        Share of the slope in the baseline forecast (1/2 in the Theta method).
    sequence_length, sequence_stride : int
        Number of cutoffs in a sequence, and steps between them.
    lags : tuple of int
        Offsets of additional windows in the past, for seasons longer than the main window; 0 for an
        unused one, whose inputs are zero.
    lag_steps : int
        Length of each additional window, in steps.
    n_future, n_historical, n_static : int
        Numbers of covariate features: per step of the horizon, per cutoff, per series.
    season_steps : int
        Coming steps whose season, and its difference from a slow estimate, are inputs, beside
        two slow levels; 0 for none of them.
    anchored : bool
        Whether sequences start at an origin of the series and end at the cutoff, with all cutoffs
        between them a stride apart, so that states can be carried on; otherwise they have
        `sequence_length` cutoffs up to the last one.
    """

    input_size: int
    horizon: int
    season_lengths: tuple[int, ...]
    trend_share: float
    sequence_length: int
    sequence_stride: int
    lags: tuple[int, ...] = ()
    lag_steps: int = 0
    n_future: int = 0
    n_historical: int = 0
    n_static: int = 0
    season_steps: int = 0
    anchored: bool = False

    def __post_init__(self) -> None:
        for name in ("input_size", "horizon", "sequence_length", "sequence_stride"):
            check_whole(name, getattr(self, name), 1, MAX_STEPS)
        check_length("season_lengths", self.season_lengths, 1, MAX_SEASONS)
        check_length("lags", self.lags, 0, MAX_SEASONS)
        for length in self.season_lengths:
            check_whole("a season length", length, 1, MAX_STEPS)
        for lag in (*self.lags, self.lag_steps, self.season_steps):
            check_whole("a lag", lag, 0, MAX_STEPS)
        for name in ("n_future", "n_historical", "n_static"):
            check_whole(name, getattr(self, name), 0, MAX_FEATURES)
        check_number("trend_share", self.trend_share, 0, 1)

    @property
    def min_values(self) -> int:
        """Minimum number of values up to a cutoff that is used."""
        return min(max(self.season_lengths), MIN_VALUES)

    @property
    def has_slow_memory(self) -> bool:
        """Whether the slow levels and the slow season are inputs."""
        return self.season_steps > 0

    @property
    def n_without_lags(self) -> int:
        """Number of sign-equivariant inputs, except those of the lags."""
        slow = N_SLOW_LEVELS * self.has_slow_memory + 2 * self.season_steps
        return self.input_size + len(LEVEL_ALPHAS) + 1 + slow

    @property
    def n_invariant(self) -> int:
        """Number of sign-invariant inputs, except those of covariates."""
        return N_INVARIANT + len(self.lags) + self.anchored

    @property
    def n_equivariant(self) -> int:
        """Number of sign-equivariant inputs."""
        return self.n_without_lags + len(self.lags) * (1 + self.lag_steps)

    @property
    def ages(self) -> np.ndarray:
        """Age in steps of each sign-equivariant input; -1 for inputs that are not values.

        Examples
        --------
        >>> View(3, 2, (4,), 0.0, 8, 1, lags=(4,), lag_steps=2).ages.tolist()
        [2, 1, 0, -1, -1, -1, -1, -1, 3, 2]
        """
        components = np.full(self.n_without_lags - self.input_size, -1)
        lagged = [np.r_[-1, lag - 1 - np.arange(self.lag_steps)] for lag in self.lags]
        return np.concatenate([np.arange(self.input_size)[::-1], components, *lagged]).clip(-1)

    @property
    def n_inputs(self) -> int:
        """Number of inputs of the network at each cutoff."""
        covariates = self.n_historical + self.n_static
        return self.n_equivariant + self.n_invariant + covariates

    @property
    def uses_covariates(self) -> bool:
        """Whether the network has inputs for covariates."""
        return self.n_future + self.n_historical + self.n_static > 0

    @property
    def signs(self) -> np.ndarray:
        """-1 for sign-equivariant and 1 for sign-invariant inputs, shape (n_inputs,).

        Historical covariates are equivariant: an effect on a series changes its sign when the
        series is negated.
        """
        invariant = np.ones(self.n_invariant)
        covariates = [-np.ones(self.n_historical), np.ones(self.n_static)]
        parts = [-np.ones(self.n_equivariant), invariant, *covariates]
        return np.concatenate(parts).astype(np.float32)
