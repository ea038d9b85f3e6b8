"""Effective memory of a fitted network, and distribution of its gate activations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from forecastkit.layers.cells import CELLS
from forecastkit.model.model import FittedModel, fitted_model
from forecastkit.network.config import NetworkConfig
from forecastkit.network.introspection import gate_values, input_gradient, traces
from forecastkit.network.runtime import Weights, network_outputs
from forecastkit.network.threads import single_blas_thread
from forecastkit.series.windows import Windows
from forecastkit.tables.frame import UNIQUE_ID

_GRADIENT_SHARE = 0.95  # share of the gradient that defines the memory length
_SHUT, _OPEN = 0.05, 0.95
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_MAX_SERIES = 256
_MAX_SINGLE_GROUPS = 8  # up to this many series, each is a group of its own
# a memory of all steps, or of few, is only worth a warning if the reach exceeds
_MIN_REACH_FOR_ALL, _MIN_REACH_FOR_FEW = 3, 8
_INACTIVE_GRADIENT = 1e-9
# values and forecasts have the same unit: the gradient of a forecast usually sums to about 1
_EXPLODING_GRADIENT = 10.0


@dataclass(frozen=True)
class Diagnosis:
    """Result of `diagnose`.

    Attributes
    ----------
    gradient : DataFrame
        `lag` (0 is the last value before the cutoff) and `gradient`, mean |d loss / d x| over the
        series that reach this lag.
    memory_length : int
        Smallest number of most recent steps with 95 % of the sum of the gradients.
    reach, input_size : int
        Number of steps that can influence the forecast at all in series of these lengths, through
        windows, lags and recurrence; and number of steps of one window.
    by_series : DataFrame
        `unique_id`, `memory_length`, `reach`.
    by_group : DataFrame
        `group`, `lag`, `gradient`: as `gradient`, per group.
    gates : DataFrame
        `layer`, `gate`, `mean`, share `shut` (below 0.05) and `open` (above 0.95), and quantiles
        `q05` to `q95` over series, time and units; empty for a network without gates.
    cell_memory : DataFrame
        `layer`, `steps`: median number of steps after which the product of the forget gates of a
        unit falls below 0.05; `at_least`: whether it is censored by the length of the sequences.
    warnings : list of str
        Problems, each with a remedy.
    """

    gradient: pd.DataFrame
    memory_length: int
    reach: int
    input_size: int
    by_series: pd.DataFrame
    by_group: pd.DataFrame
    gates: pd.DataFrame
    cell_memory: pd.DataFrame
    warnings: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return the diagnosis as numbers, text and lists that JSON can hold."""
        return {
            name: value.to_dict("records") if isinstance(value, pd.DataFrame) else value
            for name, value in vars(self).items()
        }

    def __str__(self) -> str:
        """Summarise the diagnosis in a few lines."""
        lines = [
            f"95 % of the gradient falls on the last {self.memory_length} of {self.reach} steps.",
        ]
        for row in self.gates.to_dict("records"):
            lines.append(
                f"Layer {row['layer']}, {row['gate']} gate: mean {row['mean']:.2f}, "
                f"closed (below 0.05) in {100 * row['shut']:.0f} % and open (above 0.95) in "
                f"{100 * row['open']:.0f} % of units and steps."
            )
        for row in self.cell_memory.to_dict("records"):
            bound = "at least " if row["at_least"] else ""
            lines.append(
                f"Layer {row['layer']}: median cell memory {bound}{row['steps']} steps "
                "(until 5 % of a state is left)."
            )
        return "\n".join([*lines, *self.warnings])


@dataclass(frozen=True)
class _Batch:
    """Inputs and targets of the network for one training sequence per series."""

    x: np.ndarray  # (series, time, n_inputs)
    is_used: np.ndarray  # (series, time)
    targets: np.ndarray  # (series, horizon)
    has_value: np.ndarray  # (series, time, values); whether the input is an observed value
    lags: np.ndarray  # (series, time, values), steps before the last cutoff
    future: np.ndarray  # (series, horizon, n_future)


@single_blas_thread()
def diagnose(model: Any, groups: Mapping[str, str] | None = None) -> Diagnosis:
    """Diagnose a fitted model: memory length and gates of its networks.

    The loss is the mean absolute error of the medians over the last `h` periods of every series;
    its gradient is taken with respect to the input values in units of the series' noise, through
    the windows of all cutoffs. In an ensemble of several configurations, only the networks of the
    leading one are diagnosed.

    Parameters
    ----------
    model : forecaster or Predictor
        Fitted, or loaded from a file; TensorFlow is not needed.
    groups : mapping of str to str, optional
        Name of the group of each `unique_id`; all other series form the group "others". By default
        each of up to 8 series is a group, and more are grouped by length. At most 256 series are
        diagnosed: the longest of each group.

    Returns
    -------
    Diagnosis

    Raises
    ------
    OptionError
        If `model` is not a fitted model.
    """
    fitted = fitted_model(model, "network")
    network = fitted.blend.leading[0].network
    windows, series, ends = _last_scored_windows(fitted, network, groups or {})
    batch = _batch(windows, series, ends)
    gradients = [_by_lag(network, member.weights, batch) for member in fitted.blend.leading]
    by_lag = np.mean(gradients, axis=0)  # (series, lags)
    reaches = 1 + np.where(batch.has_value, batch.lags, -1).max(axis=(1, 2))
    reach = int(reaches.max())
    mean = _mean_by_lag(by_lag, reaches)
    ids = fitted.history.index.ids[series]
    by_series = {
        UNIQUE_ID: ids,
        "memory_length": [_memory_length(gradient) for gradient in by_lag],
        "reach": reaches,
    }
    gates, memory = _gates(fitted, batch)
    return Diagnosis(
        _curve(mean),
        _memory_length(mean),
        reach,
        network.view.input_size,
        pd.DataFrame(by_series),
        _by_group(by_lag, reaches, _group_names(ids, windows.panel.lengths[series], groups)),
        gates,
        memory,
        _warnings(mean, network),
    )


def _last_scored_windows(
    fitted: FittedModel, network: NetworkConfig, groups: Mapping[str, str]
) -> tuple[Windows, np.ndarray, np.ndarray]:
    """Windows, numbers and last cutoffs of the longest series per group, a horizon before the end.

    At most `_MAX_SERIES` series are chosen, in turn from every group.
    """
    panel = fitted.history.panel
    windows = fitted.blend.windows(panel, network.view)
    order = np.argsort(-panel.lengths, kind="stable")
    names = pd.Series([groups.get(series_id, "") for series_id in fitted.history.index.ids[order]])
    rank = names.groupby(names).cumcount().to_numpy()  # within the group
    series = np.sort(order[np.argsort(rank, kind="stable")][:_MAX_SERIES])
    return windows, series, np.maximum(panel.lengths[series] - 1 - network.view.horizon, 0)


def _batch(windows: Windows, series: np.ndarray, ends: np.ndarray) -> _Batch:
    view, panel = windows.view, windows.panel
    cutoffs = windows.cutoffs(series, ends)
    ages = view.ages[view.ages >= 0]
    steps = cutoffs[..., None] - ages  # (series, time, values)
    inside = steps >= panel.offsets[series][:, None, None]
    observed = ~np.isnan(panel.values[np.where(inside, steps, 0)])
    is_used = windows.is_used(cutoffs)
    cutoff_ages = np.where(is_used, cutoffs[:, -1:] - cutoffs, 0)[..., None]
    return _Batch(
        windows.inputs(series, cutoffs),
        is_used,
        windows.targets(series, cutoffs[:, -1:])[:, 0],
        inside & observed & is_used[..., None],
        cutoff_ages + ages,
        windows.future(series, cutoffs[:, -1:])[:, 0],
    )


def _by_lag(network: NetworkConfig, weights: Weights, batch: _Batch) -> np.ndarray:
    """Absolute gradient with respect to the value at each lag, shape (series, lags)."""
    medians = network_outputs(network, weights, batch.x, batch.future)[..., 0]
    observed = ~np.isnan(batch.targets)
    n_targets = np.maximum(observed.sum(axis=1, keepdims=True), 1)
    upstream = np.where(observed, np.sign(medians - np.nan_to_num(batch.targets)), 0.0) / n_targets
    value_inputs = np.flatnonzero(network.view.ages >= 0)
    dx = input_gradient(network, weights, batch.x, upstream.astype(batch.x.dtype), batch.future)
    dx = dx[..., value_inputs]
    by_lag = np.zeros((len(dx), int(batch.lags.max()) + 1))
    rows = zip(by_lag, dx, batch.lags, batch.has_value, strict=True)
    for row, gradient, lags, has_value in rows:
        np.add.at(row, lags[has_value], gradient[has_value])
    return np.abs(by_lag)


def _mean_by_lag(by_lag: np.ndarray, reaches: np.ndarray) -> np.ndarray:
    """Mean over the series that reach a lag, shape (longest reach,)."""
    lags = np.arange(max(1, reaches.max()))
    reached = lags < reaches[:, None]
    total = np.where(reached, by_lag[:, : len(lags)], 0.0).sum(axis=0)
    return total / np.maximum(reached.sum(axis=0), 1)


def _curve(gradient: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"lag": np.arange(len(gradient)), "gradient": gradient})


def _group_names(
    ids: np.ndarray, lengths: np.ndarray, groups: Mapping[str, str] | None
) -> np.ndarray:
    """Name of the group of each series."""
    if groups is not None:
        return np.array([groups.get(series_id, "others") for series_id in ids], dtype=object)
    if len(ids) <= _MAX_SINGLE_GROUPS:
        return ids.astype(object)
    bounds = np.unique(np.quantile(lengths, [0, 1 / 3, 2 / 3]).astype(int))
    third = np.searchsorted(bounds, lengths, side="right") - 1
    names = [f"{lengths[third == k].min()} to {lengths[third == k].max()} periods" for k in third]
    return np.array(names, dtype=object)


def _by_group(by_lag: np.ndarray, reaches: np.ndarray, names: np.ndarray) -> pd.DataFrame:
    curves = []
    for name in dict.fromkeys(names):
        rows = names == name
        curve = _curve(_mean_by_lag(by_lag[rows], reaches[rows]))
        curves.append(curve.assign(group=name)[["group", "lag", "gradient"]])
    return pd.concat(curves, ignore_index=True)


def _memory_length(gradient: np.ndarray) -> int:
    total = gradient.sum()
    if total <= _INACTIVE_GRADIENT:
        return 0
    return int(np.searchsorted(np.cumsum(gradient), _GRADIENT_SHARE * total) + 1)


def _gates(fitted: FittedModel, batch: _Batch) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tables `gates` and `cell_memory` of a `Diagnosis`."""
    rows: list[dict[str, Any]] = []
    memory: list[dict[str, Any]] = []
    quantiles = [f"q{100 * q:02.0f}" for q in _QUANTILES]
    network = fitted.blend.leading[0].network
    layers = [traces(network, member.weights, batch.x) for member in fitted.blend.leading]
    cell = CELLS[network.cell]
    for layer in range(network.n_layers if cell.gates else 0):
        by_member = [gate_values(network, trace[layer]) for trace in layers]
        gates = {
            letter: np.stack([values[letter] for values in by_member]) for letter in cell.gates
        }
        for letter, values in gates.items():
            name = cell.gates[letter]
            used = values[:, batch.is_used]  # (members, cutoffs, units)
            if name != "candidate" and used.size:
                shut, open_ = (used < _SHUT).mean(), (used > _OPEN).mean()
                row = {"mean": used.mean(), "shut": shut, "open": open_}
                row |= dict(zip(quantiles, np.quantile(used, _QUANTILES), strict=True))
                statistics = {name: float(value) for name, value in row.items()}
                rows.append({"layer": layer, "gate": name, **statistics})
        if cell.retention:
            steps = _cell_memory(gates[cell.retention], batch.is_used, network)
            memory.append({"layer": layer, **steps})
    columns = ["layer", "gate", "mean", "shut", "open", *quantiles]
    return (
        pd.DataFrame(rows, columns=columns),
        pd.DataFrame(memory, columns=["layer", "steps", "at_least"]),
    )


def _cell_memory(forget: np.ndarray, is_used: np.ndarray, network: NetworkConfig) -> dict[str, Any]:
    """Median number of steps for which cells retain their state.

    The forget gates have shape (members, series, time, units).
    """
    retained = np.cumprod(forget[:, :, ::-1], axis=2) >= _SHUT
    n_retained = (retained & is_used[None, :, ::-1, None]).sum(axis=2)
    median = float(np.median(n_retained))
    n_cutoffs = float(np.median(is_used.sum(axis=1)))
    steps = int(median * network.view.sequence_stride)
    return {"steps": steps, "at_least": bool(median >= n_cutoffs > 0)}


def _warnings(gradient: np.ndarray, network: NetworkConfig) -> list[str]:
    total, reach, window = gradient.sum(), len(gradient), network.view.input_size
    if total <= _INACTIVE_GRADIENT:
        return ["The network is inactive: the forecast is the statistical baseline forecast."]
    warnings = []
    memory = _memory_length(gradient)
    if memory >= 0.97 * reach and reach > _MIN_REACH_FOR_ALL:
        warnings.append(
            f"The gradient does not decay within the {reach} steps that the network reads: the "
            "forecast may depend on older values too. Longer series, or a larger input_size of a "
            "network trained from scratch, may lower the error."
        )
    half, recent = reach // 2, gradient[:window]
    remedy = "; an LSTM may do better than an RNN" if not CELLS[network.cell].gates else ""
    diverges = reach > 3 and gradient[half:].mean() > 10 * gradient[:half].mean()
    if total > _EXPLODING_GRADIENT or diverges:
        warnings.append(
            f"Exploding gradients: the forecast changes by {total:.3g} per unit of the values. "
            "Train for fewer steps, or on more series."
        )
    if len(recent) > 3 and recent.std() < 0.02 * recent.mean():
        warnings.append(
            "The gradient is flat: the network averages its window and ignores the order."
        )
    elif reach > _MIN_REACH_FOR_FEW and memory <= 0.1 * reach:
        last = "the last value" if memory == 1 else f"the last {memory} values"
        warnings.append(
            f"Vanishing gradients: the forecast depends on {last} only. "
            f"A smaller input_size would be enough{remedy}."
        )
    elif reach > 2 * window and gradient[half:].sum() < 1e-4 * total:
        warnings.append(
            f"Vanishing gradients: no sensitivity beyond {half} steps. A smaller input_size "
            f"would be enough{remedy}."
        )
    return warnings
