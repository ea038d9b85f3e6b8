"""Pretrained networks of the package, and their adaptation to seasons and a horizon."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save

from forecastkit.errors import ModelFileError
from forecastkit.files import write_whole
from forecastkit.network.config import PRETRAINED_HORIZON, NetworkConfig, pretrained_view
from forecastkit.network.runtime import Weights

_FOLDER = "weights"
# tuned on the training parts of public panels, see benchmarks/README.md
SLOW_CORRECTION_SHARE = 0.7


def write_weights(
    path: Path, network: NetworkConfig, weights: Weights, card: dict[str, Any]
) -> None:
    """Write weights with their configuration and model card to a safetensors file."""
    metadata = {"network": json.dumps(network.to_dict()), "card": json.dumps(card)}
    write_whole(path, save(weights, metadata=metadata))


def read_weights(path: Path) -> tuple[NetworkConfig, Weights, dict[str, Any]]:
    """Read a file that `write_weights` wrote: configuration, weights and model card.

    Raises
    ------
    ModelFileError
        If an array does not have the shape that the configuration implies.
    """
    with safe_open(str(path), framework="np") as file:
        metadata = file.metadata()
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no dict)
    network = NetworkConfig.from_dict(json.loads(metadata["network"]))
    if {name: weight.shape for name, weight in weights.items()} != network.weight_shapes():
        raise ModelFileError("The weights do not fit their configuration.", file=path.name)
    return network, weights, json.loads(metadata["card"])


@cache
def pretrained(cell: str) -> tuple[NetworkConfig, Weights, dict[str, Any]]:
    """Configuration, weights and model card of the pretrained network with a cell."""
    path = Path(str(files("forecastkit"))) / _FOLDER / f"{cell}.safetensors"
    return read_weights(path)


def adapt_to(
    network: NetworkConfig, weights: Weights, season_lengths: tuple[int, ...], horizon: int
) -> tuple[NetworkConfig, Weights]:
    """Adapt a pretrained network to seasons and a horizon.

    A shorter horizon uses the first outputs. Beyond the trained horizon, the correction of the
    baseline forecast repeats that of the same phase of the longest season within it (without
    seasons, that of the last step); baseline forecast and standard error continue by their
    formulas. For yearly to monthly series, the correction of the median is shrunk, as they are less
    regular than the synthetic series. Inputs of unused lags, which are always zero, are dropped.

    Parameters
    ----------
    network, weights
        From `pretrained`.
    season_lengths : tuple of int
    horizon : int

    Returns
    -------
    network : NetworkConfig
    weights : dict of ndarray

    Examples
    --------
    >>> network = NetworkConfig("rnn", 4, pretrained_view((1,)))
    >>> weights = {name: np.zeros(shape) for name, shape in network.weight_shapes().items()}
    >>> network, weights = adapt_to(network, weights, (12,), horizon=60)
    >>> network.view.horizon, weights["head/bias"].shape, network.view.lags
    (60, (660,), ())
    """
    view = pretrained_view(season_lengths, horizon, network.view.anchored)
    kernel = weights["input/kernel"]
    if not any(view.lags):
        n_equivariant, without = network.view.n_equivariant, network.view.n_without_lags
        n_invariant = network.view.n_inputs - n_equivariant - len(view.lags)
        rows = np.r_[0:without, n_equivariant : n_equivariant + n_invariant]
        kernel, view = kernel[rows], replace(view, lags=(), lag_steps=0)
    n_quantiles = len(network.quantiles)
    head, bias = _head_at(network, weights, season_lengths, horizon)
    if view.trend_share:
        share = np.where(np.arange(n_quantiles) == 0, SLOW_CORRECTION_SHARE, 1.0).astype(head.dtype)
        head, bias = head * share, bias * share  # the first output of a step is the median
    adapted = {
        "input/kernel": kernel,
        "head/kernel": head.reshape(network.units, -1),
        "head/bias": bias.ravel(),
    }
    adapted = {name: np.ascontiguousarray(weight) for name, weight in adapted.items()}
    return replace(network, view=view), {**weights, **adapted}


def with_horizon(
    network: NetworkConfig, weights: Weights, horizon: int
) -> tuple[NetworkConfig, Weights]:
    """Change the horizon of a network; beyond its own, corrections repeat as in `adapt_to`.

    Parameters
    ----------
    network : NetworkConfig
    weights : dict of ndarray
    horizon : int

    Returns
    -------
    network : NetworkConfig
    weights : dict of ndarray
        Of a pretrained network those for this horizon, from the package.

    Examples
    --------
    >>> network = NetworkConfig("rnn", 4, pretrained_view((12,), 6))
    >>> weights = {name: np.zeros(shape) for name, shape in network.weight_shapes().items()}
    >>> with_horizon(network, weights, 20)[1]["head/bias"].shape
    (220,)
    """
    view = network.view
    if horizon == view.horizon:
        return network, weights
    if (Path(str(files("forecastkit"))) / _FOLDER / f"{network.cell}.safetensors").exists():
        whole = pretrained(network.cell)[:2]
        same, arrays = adapt_to(*whole, view.season_lengths, view.horizon)
        if same == network and all(np.array_equal(arrays[name], weights[name]) for name in arrays):
            return adapt_to(*whole, view.season_lengths, horizon)
    head, bias = _head_at(network, weights, view.season_lengths, horizon)
    changed = {"head/kernel": head.reshape(network.units, -1), "head/bias": bias.ravel()}
    changed = {name: np.ascontiguousarray(weight) for name, weight in changed.items()}
    return replace(network, view=replace(view, horizon=horizon)), {**weights, **changed}


def _head_at(
    network: NetworkConfig, weights: Weights, season_lengths: tuple[int, ...], horizon: int
) -> tuple[np.ndarray, np.ndarray]:
    """Weights of the last layer for a horizon: (units, horizon, n_quantiles) and without units."""
    steps = _trained_steps(season_lengths, horizon, network.view.horizon)
    n_quantiles = len(network.quantiles)
    head = weights["head/kernel"].reshape(network.units, -1, n_quantiles)[:, steps]
    return head, weights["head/bias"].reshape(-1, n_quantiles)[steps]


def add_covariate_inputs(
    network: NetworkConfig,
    weights: Weights,
    n_future: int = 0,
    n_historical: int = 0,
    n_static: int = 0,
) -> tuple[NetworkConfig, Weights]:
    """Add covariate inputs to a network; initially they do not change its outputs.

    Parameters
    ----------
    network : NetworkConfig
    weights : dict of ndarray
    n_future, n_historical, n_static : int
        Numbers of features, as in `View`.

    Returns
    -------
    network : NetworkConfig
    weights : dict of ndarray

    Examples
    --------
    >>> network = NetworkConfig("rnn", 4, pretrained_view((1,)))
    >>> weights = {name: np.zeros(shape, "f") for name, shape in network.weight_shapes().items()}
    >>> network, weights = add_covariate_inputs(network, weights, 3, 2, 5)
    >>> {name: weight.shape for name, weight in weights.items()} == network.weight_shapes()
    True
    """
    if n_future + n_historical + n_static == 0:
        return network, weights
    view = replace(network.view, n_future=n_future, n_historical=n_historical, n_static=n_static)
    network = replace(network, view=view)
    kernel = weights["input/kernel"]
    new_rows = np.zeros((n_historical + n_static, kernel.shape[1]), kernel.dtype)
    weights = {**weights, "input/kernel": np.concatenate([kernel, new_rows])}
    rng = np.random.default_rng(0)
    for name, shape in network.weight_shapes().items():
        if name in ("told/state", "told/kernel"):
            weights[name] = rng.normal(0, shape[0] ** -0.5, shape).astype(np.float32)
        elif name.startswith("told/"):
            weights[name] = np.zeros(shape, np.float32)
    return network, weights


def _trained_steps(
    season_lengths: tuple[int, ...], horizon: int, trained: int = PRETRAINED_HORIZON
) -> np.ndarray:
    """Trained step that is used for each step of the horizon, counted from 0.

    Examples
    --------
    >>> _trained_steps((12,), horizon=6, trained=4).tolist()  # no season fits: repeat the last step
    [0, 1, 2, 3, 3, 3]
    >>> _trained_steps((2,), horizon=9, trained=4).tolist()
    [0, 1, 2, 3, 2, 3, 2, 3, 2]
    """
    period = max((m for m in season_lengths if m <= trained), default=1)
    steps = np.arange(horizon)
    beyond = trained - period + (steps - trained) % period
    return np.where(steps < trained, steps, beyond)
