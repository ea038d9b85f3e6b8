"""Weights of the parts of a blend."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forecastkit.evaluation.scoreboard import seasonal_errors
from forecastkit.methods.registry import METHODS
from forecastkit.model.calibration import shrinkage_weight
from forecastkit.model.distribution import Distribution
from forecastkit.training.holdout import SCORED_QUANTILES, Holdout, scoring_levels

# prior weights of networks; those of statistical methods are in their registry
NETWORK_PRIORS = {"LSTM": 0.55, "RNN": 0.15}
# names of the parts of a fine-tuned ensemble, and share of the pretrained network in its prior
TRAINED, ZERO_SHOT, ZERO_SHOT_SHARE = " trained", " zero-shot", 0.3
# prior sample sizes: series, and windows, at which the estimate counts as much as the prior
_PRIOR_SERIES, _PRIOR_WINDOWS = 30.0, 1.0
_STEPS, _LEARNING_RATE = 200, 0.5
# rate at which a prior weight decays with relative excess loss: to 1/e at one third (many series)
_PRIOR_DECAY = 3.0
_MIN_WEIGHT = 0.01
# minimum loss in divisions, in seasonal naive errors; bound of the exponent of one update
_MIN_LOSS, _MAX_EXPONENT = 1e-9, 50.0


def prior_weight(name: str) -> float:
    """Return the prior weight of a part, up to a constant factor.

    Examples
    --------
    >>> prior_weight("LSTM"), round(prior_weight("LSTM zero-shot"), 3)
    (0.55, 0.165)
    """
    for suffix, share in ((TRAINED, 1 - ZERO_SHOT_SHARE), (ZERO_SHOT, ZERO_SHOT_SHARE)):
        if name.endswith(suffix):
            return share * NETWORK_PRIORS[name.removesuffix(suffix)]
    return NETWORK_PRIORS[name] if name in NETWORK_PRIORS else METHODS[name].prior


def blend_weights(
    holdouts: Sequence[tuple[Holdout, Distribution]],
    prior: Sequence[float],
    season_length: int,
    n_windows: float,
) -> list[float]:
    """Estimate the weights of parts on hold-outs, shrunk towards a prior.

    The mean quantile loss of the blend is minimised by exponentiated gradient descent (Kivinen &
    Warmuth, "Exponentiated gradient versus gradient descent for linear predictors", 1997),
    starting from the prior. The result is averaged with the prior, in which parts with a higher
    loss than the best are discounted: the fewer series and windows, the more the prior counts.

    Parameters
    ----------
    holdouts : sequence of (Holdout, Distribution)
        Hold-outs, and the distributions that the parts forecast for them.
    prior : sequence of float
        Positive weight of each part; normalised to sum to 1.
    season_length : int
        Of the seasonal naive errors by which losses are scaled.
    n_windows : float
        Effective number of windows that do not overlap.

    Returns
    -------
    list of float
        They sum to 1; weights below 0.01 are set to 0.
    """
    prior_weights = np.array(prior, float) / np.sum(prior)
    scaled = [_scaled(holdout, distribution, season_length) for holdout, distribution in holdouts]
    n_series = sum(n for _, _, n in scaled)
    if n_series == 0:
        return prior_weights.tolist()
    paths = np.concatenate([q for q, _, _ in scaled], axis=1)  # (parts, values, quantiles)
    actual = np.concatenate([values for _, values, _ in scaled])
    estimate, taus = prior_weights.copy(), np.array(SCORED_QUANTILES)
    for _ in range(_STEPS):
        error = actual[:, None] - np.tensordot(estimate, paths, axes=1)
        upstream = np.where(error > 0, -taus, 1.0 - taus)
        gradient = (paths * upstream).mean(axis=(1, 2))
        loss = np.maximum(taus * error, (taus - 1.0) * error).mean()
        step = _LEARNING_RATE * (gradient - estimate @ gradient) / max(loss, _MIN_LOSS)
        estimate = estimate * np.exp(np.clip(-step, -_MAX_EXPONENT, _MAX_EXPONENT))
        estimate /= estimate.sum()
    error = actual[:, None] - paths
    losses = np.maximum(taus * error, (taus - 1.0) * error).mean(axis=(1, 2))
    excess = np.maximum(losses, _MIN_LOSS) / max(losses.min(), _MIN_LOSS) - 1.0
    decay = np.exp(-_PRIOR_DECAY * excess * n_series / (n_series + _PRIOR_SERIES))
    prior_weights = prior_weights * decay
    prior_weights = prior_weights / prior_weights.sum()
    shrinkage = shrinkage_weight(n_series, n_windows, _PRIOR_SERIES, _PRIOR_WINDOWS)
    weights = shrinkage * estimate + (1.0 - shrinkage) * prior_weights
    weights = np.where(weights < _MIN_WEIGHT, 0.0, weights)
    return (weights / weights.sum()).tolist()


def _scaled(
    holdout: Holdout, distribution: Distribution, season_length: int
) -> tuple[np.ndarray, np.ndarray, int]:
    """Return scaled quantiles of every part, scaled values, and the number of series."""
    past, actual = holdout.past, holdout.actual
    scale = seasonal_errors(past, season_length)
    has_scale = np.isfinite(scale) & (scale > 0)
    observed = ~np.isnan(actual) & has_scale[:, None]
    scale = np.where(has_scale, scale, 1.0)[:, None]
    z = scoring_levels(actual.shape[1])
    paths = [
        (
            distribution.clip_to_support(distribution.component_quantiles(part, z))
            / scale[..., None]
        )[observed]
        for part in distribution.parts
    ]
    return np.stack(paths), (actual / scale)[observed], int(observed.any(axis=1).sum())
