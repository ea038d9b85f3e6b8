"""How much each part of a blend counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forecastkit.evaluation.scoreboard import seasonal_errors
from forecastkit.methods.registry import METHODS
from forecastkit.model.calibration import shrinkage_weight
from forecastkit.model.distribution import Distribution
from forecastkit.training.holdout import SCORED_QUANTILES, Holdout, scoring_levels

# weights of networks before any hold-out is scored; those of methods are in their registry
NETWORK_PRIORS = {"LSTM": 0.55, "RNN": 0.15}
# rows, and windows, at which what they say counts as much as the prior
_PRIOR_ROWS, _PRIOR_WINDOWS = 30.0, 1.0
_STEPS, _RATE = 200, 0.5
# a part with a third more loss than the best keeps 1/e of its prior, where there are many rows
_SLOPE = 3.0
_MIN_WEIGHT = 0.01
# loss, in seasonal naive errors, at which a part counts as perfect; bound of one step of the search
_PERFECT, _MAX_EXPONENT = 1e-9, 50.0


def prior_weight(name: str) -> float:
    """Weight of a part before any hold-out is scored, relative to the other parts."""
    return NETWORK_PRIORS[name] if name in NETWORK_PRIORS else METHODS[name].prior


def blend_weights(
    holdouts: Sequence[tuple[Holdout, Distribution]],
    prior: Sequence[float],
    season_length: int,
    n_windows: float,
) -> list[float]:
    """Weights of parts by windows that they had not seen, shrunk to a prior.

    The weights that minimise the mean quantile loss of the blend are looked for by exponentiated
    gradient descent (Kivinen & Warmuth, "Exponentiated gradient versus gradient descent for linear
    predictors", 1997), from the prior on, and mixed with it: the fewer series and windows there
    are, the more the prior counts. In it a part that did worse than the best one counts less.

    Parameters
    ----------
    holdouts : sequence of (Holdout, Distribution)
        Windows, and the distributions of all parts before them.
    prior : sequence of float
        A number a part; they are made to sum to 1.
    season_length : int
        Of the scale of the losses.
    n_windows : float
        How many windows that do not overlap they are.

    Returns
    -------
    list of float
        They sum to 1; what would be below 0.01 is 0.
    """
    start = np.array(prior, float) / np.sum(prior)
    pieces = [_piece(holdout, distribution, season_length) for holdout, distribution in holdouts]
    rows = sum(n for _, _, n in pieces)
    if rows == 0:
        return [float(one) for one in start]
    paths = np.concatenate([one for one, _, _ in pieces], axis=1)  # (parts, values, quantiles)
    actual = np.concatenate([one for _, one, _ in pieces])
    best, taus = start.copy(), np.array(SCORED_QUANTILES)
    for _ in range(_STEPS):
        error = actual[:, None] - np.tensordot(best, paths, axes=1)
        upstream = np.where(error > 0, -taus, 1.0 - taus)
        gradient = (paths * upstream).mean(axis=(1, 2))
        loss = np.maximum(taus * error, (taus - 1.0) * error).mean()
        step = _RATE * (gradient - best @ gradient) / max(loss, _PERFECT)
        best = best * np.exp(np.clip(-step, -_MAX_EXPONENT, _MAX_EXPONENT))
        best /= best.sum()
    error = actual[:, None] - paths
    each = np.maximum(taus * error, (taus - 1.0) * error).mean(axis=(1, 2))
    worse = np.maximum(each, _PERFECT) / max(each.min(), _PERFECT) - 1.0
    start = start * np.exp(-_SLOPE * worse * rows / (rows + _PRIOR_ROWS))
    start = start / start.sum()
    trust = shrinkage_weight(rows, n_windows, _PRIOR_ROWS, _PRIOR_WINDOWS)
    mixed = trust * best + (1.0 - trust) * start
    mixed = np.where(mixed < _MIN_WEIGHT, 0.0, mixed)
    return [float(one) for one in mixed / mixed.sum()]


def _piece(
    holdout: Holdout, distribution: Distribution, season_length: int
) -> tuple[np.ndarray, np.ndarray, int]:
    """Quantiles of every part and the values, over the scale of their series; and series."""
    past, actual = holdout.past, holdout.actual
    scale = seasonal_errors(past, season_length)
    fine = np.isfinite(scale) & (scale > 0)
    known = ~np.isnan(actual) & fine[:, None]
    over = np.where(fine, scale, 1.0)[:, None]
    z = scoring_levels(actual.shape[1])
    paths = [
        (distribution.clip_to_support(distribution.component_quantiles(part, z)) / over[..., None])[
            known
        ]
        for part in distribution.parts
    ]
    return np.stack(paths), (actual / over)[known], int(known.any(axis=1).sum())
