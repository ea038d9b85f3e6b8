"""How far back a fitted network listens, and what its gates do."""

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

_SHARE_HEARD = 0.95
_SHUT, _OPEN = 0.05, 0.95
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_MAX_SERIES = 256
_MAX_NAMED = 8
# steps of which it says nothing that all of them, or few of them, are heard
_TOO_FEW_FOR_ALL, _TOO_FEW_FOR_FEW = 3, 8
_SILENT = 1e-9
# values and forecasts are in the same unit: a forecast that follows its values sums to about one
_EXPLODED = 10.0


@dataclass(frozen=True)
class Diagnosis:
    """What `diagnose` found.

    Attributes
    ----------
    gradient : DataFrame
        `lag` (0 is the last value before the cutoff) and `gradient`, mean |d loss / d x| over the
        series that have a value there.
    memory_length : int
        Fewest newest steps that hold 95 % of the sum of the gradients.
    reach, input_size : int
        Steps that the network could hear of at all, through its windows, its looks back by whole
        seasons and its recurrence, in series as long as these; and steps of one window.
    by_series : DataFrame
        `unique_id`, `memory_length`, `reach`.
    by_group : DataFrame
        `group`, `lag`, `gradient`: as `gradient`, group by group.
    gates : DataFrame
        `layer`, `gate`, `mean`, share `shut` (below 0.05) and `open` (above 0.95), and quantiles
        `q05` to `q95` over series, time and units; empty for a network without gates.
    cell_memory : DataFrame
        `layer`, `steps`: median number of steps after which the product of the forget gates of a
        unit falls below 0.05; `at_least` where that is as far as the network was followed.
    warnings : list of str
        What looks wrong, and what to do.
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
        """Return numbers, text and lists alone, as JSON holds them."""
        return {
            name: value.to_dict("records") if isinstance(value, pd.DataFrame) else value
            for name, value in vars(self).items()
        }

    def __str__(self) -> str:
        """Say it in a few lines."""
        lines = [
            f"95 % of the gradient falls on the last {self.memory_length} of {self.reach} steps."
        ]
        for row in self.gates.to_dict("records"):
            lines.append(
                f"Layer {row['layer']}, {row['gate']} gate: mean {row['mean']:.2f}, "
                f"{100 * row['shut']:.0f} % closed, {100 * row['open']:.0f} % open."
            )
        for row in self.cell_memory.to_dict("records"):
            least = "at least " if row["at_least"] else ""
            lines.append(f"Layer {row['layer']}: median cell memory {least}{row['steps']} steps.")
        return "\n".join([*lines, *self.warnings])


@dataclass(frozen=True)
class _Seen:
    """What the network saw of some series at their last known cutoffs.

    `x` and `shown` are per series and cutoff, `targets` per series and horizon; `valued` says
    which inputs stand for a value that exists, and `lags` how many steps before the last cutoff.
    """

    x: np.ndarray
    shown: np.ndarray
    targets: np.ndarray
    valued: np.ndarray
    lags: np.ndarray
    told: np.ndarray


@single_blas_thread()
def diagnose(model: Any, groups: Mapping[str, str] | None = None) -> Diagnosis:
    """Look into a fitted model: into the networks that lead, of an ensemble of several kinds.

    The loss is the mean absolute error of the medians over the last `h` known steps of every
    series; its gradient is taken with respect to the values that the network sees, in units of the
    series' noise, through the windows of all cutoffs that it reads.

    Parameters
    ----------
    model : forecaster or Predictor
        FittedModel, or loaded from a file; TensorFlow is not needed.
    groups : mapping of str to str, optional
        Name of the group of each `unique_id`; series that are not named form a group of others.
        Of more than 256 series the longest are looked at, of every group some. Left out, few series
        stand each for itself, many by their length.

    Returns
    -------
    Diagnosis

    Raises
    ------
    OptionError
        If it is not such a model.
    """
    fitted = fitted_model(model, "network")
    network = fitted.blend.leading[0].network
    windows, series, ends = _last_known_windows(fitted, network, groups or {})
    seen = _look(windows, series, ends)
    sums = [_by_lag(network, member.weights, seen) for member in fitted.blend.leading]
    by_lag = np.mean(sums, axis=0)  # (series, lags)
    reaches = 1 + np.where(seen.valued, seen.lags, -1).max(axis=(1, 2))
    reach = int(reaches.max())
    mean = _mean_by_lag(by_lag, reaches)
    ids = fitted.history.index.ids[series]
    by_series = {
        UNIQUE_ID: ids,
        "memory_length": [_memory_length(one) for one in by_lag],
        "reach": reaches,
    }
    gates, memory = _gates(fitted, seen)
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


def _last_known_windows(
    fitted: FittedModel, network: NetworkConfig, groups: Mapping[str, str]
) -> tuple[Windows, np.ndarray, np.ndarray]:
    """Windows that end one horizon before the end, of the longest series of every group first."""
    panel = fitted.history.panel
    windows = fitted.blend.windows(panel, network.view)
    order = np.argsort(-panel.lengths, kind="stable")
    names = pd.Series([groups.get(one, "") for one in fitted.history.index.ids[order]])
    rank = names.groupby(names).cumcount().to_numpy()  # within its group
    series = np.sort(order[np.argsort(rank, kind="stable")][:_MAX_SERIES])
    return windows, series, np.maximum(panel.lengths[series] - 1 - network.view.horizon, 0)


def _look(windows: Windows, series: np.ndarray, ends: np.ndarray) -> _Seen:
    view, panel = windows.view, windows.panel
    cutoffs = windows.cutoffs(series, ends)
    ages = view.ages[view.ages >= 0]
    steps = cutoffs[..., None] - ages  # (series, time, values)
    inside = steps >= panel.offsets[series][:, None, None]
    known = ~np.isnan(panel.values[np.where(inside, steps, 0)])
    shown = windows.is_used(cutoffs)
    back = np.arange(view.sequence_length - 1, -1, -1)[:, None] * view.sequence_stride
    return _Seen(
        windows.inputs(series, cutoffs),
        shown,
        windows.targets(series, cutoffs[:, -1:])[:, 0],
        inside & known & shown[..., None],
        back + ages,
        windows.future(series, cutoffs[:, -1:])[:, 0],
    )


def _by_lag(network: NetworkConfig, weights: Weights, seen: _Seen) -> np.ndarray:
    """Absolute gradient with respect to the value at each lag, shape (series, lags)."""
    medians = network_outputs(network, weights, seen.x, seen.told)[..., 0]
    known = ~np.isnan(seen.targets)
    size = np.maximum(known.sum(axis=1, keepdims=True), 1)
    upstream = np.where(known, np.sign(medians - np.nan_to_num(seen.targets)), 0.0) / size
    of_value = np.flatnonzero(network.view.ages >= 0)
    dx = input_gradient(network, weights, seen.x, upstream.astype(seen.x.dtype), seen.told)
    dx = dx[..., of_value]
    out = np.zeros((len(dx), int(seen.lags.max()) + 1))
    for row, one, valued in zip(out, dx, seen.valued, strict=True):
        np.add.at(row, seen.lags[valued], one[valued])
    return np.abs(out)


def _mean_by_lag(by_lag: np.ndarray, reaches: np.ndarray) -> np.ndarray:
    """Mean over the series that reach a lag, shape (longest reach,)."""
    lags = np.arange(max(1, reaches.max()))
    there = lags < reaches[:, None]
    total = np.where(there, by_lag[:, : len(lags)], 0.0).sum(axis=0)
    return total / np.maximum(there.sum(axis=0), 1)


def _curve(gradient: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"lag": np.arange(len(gradient)), "gradient": gradient})


def _group_names(
    ids: np.ndarray, lengths: np.ndarray, groups: Mapping[str, str] | None
) -> np.ndarray:
    """Name of the group of each series."""
    if groups is not None:
        return np.array([groups.get(one, "others") for one in ids], dtype=object)
    if len(ids) <= _MAX_NAMED:
        return ids.astype(object)
    bounds = np.unique(np.quantile(lengths, [0, 1 / 3, 2 / 3]).astype(int))
    part = np.searchsorted(bounds, lengths, side="right") - 1
    names = [f"{lengths[part == k].min()} to {lengths[part == k].max()} periods" for k in part]
    return np.array(names, dtype=object)


def _by_group(by_lag: np.ndarray, reaches: np.ndarray, names: np.ndarray) -> pd.DataFrame:
    parts = []
    for name in dict.fromkeys(names):
        rows = names == name
        curve = _curve(_mean_by_lag(by_lag[rows], reaches[rows]))
        parts.append(curve.assign(group=name)[["group", "lag", "gradient"]])
    return pd.concat(parts, ignore_index=True)


def _memory_length(gradient: np.ndarray) -> int:
    total = gradient.sum()
    if total <= _SILENT:
        return 0
    return int(np.searchsorted(np.cumsum(gradient), _SHARE_HEARD * total) + 1)


def _gates(fitted: FittedModel, seen: _Seen) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows: list[dict[str, Any]] = []
    memory: list[dict[str, Any]] = []
    quantiles = [f"q{100 * q:02.0f}" for q in _QUANTILES]
    network = fitted.blend.leading[0].network
    found = [traces(network, member.weights, seen.x) for member in fitted.blend.leading]
    cell = CELLS[network.cell]
    for layer in range(network.n_layers if cell.gates else 0):
        gates = [gate_values(network, trace[layer]) for trace in found]
        together = {letter: np.stack([one[letter] for one in gates]) for letter in cell.gates}
        for letter, values in together.items():
            name = cell.gates[letter]
            of_cutoffs = values[:, seen.shown]  # (members, cutoffs, units)
            if name != "candidate" and of_cutoffs.size:
                shut, open_ = (of_cutoffs < _SHUT).mean(), (of_cutoffs > _OPEN).mean()
                row = {"mean": of_cutoffs.mean(), "shut": shut, "open": open_}
                row |= dict(zip(quantiles, np.quantile(of_cutoffs, _QUANTILES), strict=True))
                numbers = {name: float(value) for name, value in row.items()}
                rows.append({"layer": layer, "gate": name, **numbers})
        if cell.retention:
            kept = _cell_memory(together[cell.retention], seen.shown, network)
            memory.append({"layer": layer, **kept})
    columns = ["layer", "gate", "mean", "shut", "open", *quantiles]
    return (
        pd.DataFrame(rows, columns=columns),
        pd.DataFrame(memory, columns=["layer", "steps", "at_least"]),
    )


def _cell_memory(forget: np.ndarray, shown: np.ndarray, network: NetworkConfig) -> dict[str, Any]:
    """Median number of steps that cells keep what they hold; forget gates have members first."""
    kept = np.cumprod(forget[:, :, ::-1], axis=2) >= _SHUT  # (members, series, time, units)
    cutoffs = (kept & shown[None, :, ::-1, None]).sum(axis=2)
    median = float(np.median(cutoffs))
    followed = float(np.median(shown.sum(axis=1)))
    steps = int(median * network.view.sequence_stride)
    return {"steps": steps, "at_least": bool(median >= followed > 0)}


def _warnings(gradient: np.ndarray, network: NetworkConfig) -> list[str]:
    total, reach, window = gradient.sum(), len(gradient), network.view.input_size
    if total <= _SILENT:
        return ["The network is inactive: the forecast is the statistical baseline forecast."]
    found = []
    heard = _memory_length(gradient)
    if heard >= 0.97 * reach and reach > _TOO_FEW_FOR_ALL:
        found.append(
            f"The network is sensitive to all {reach} steps of its input: longer series or "
            "a larger input_size may lower the error."
        )
    half, recent = reach // 2, gradient[:window]
    cure = "; an LSTM may do better than an RNN" if not CELLS[network.cell].gates else ""
    if total > _EXPLODED or (reach > 3 and gradient[half:].mean() > 10 * gradient[:half].mean()):
        found.append(
            f"Exploding gradients: the forecast changes by {total:.3g} per unit of the values. "
            "Train for fewer steps, or on more series."
        )
    if len(recent) > 3 and recent.std() < 0.02 * recent.mean():
        found.append("The gradient is flat: the network averages its window and ignores the order.")
    elif reach > _TOO_FEW_FOR_FEW and heard <= 0.1 * reach:
        newest = "the last value" if heard == 1 else f"the last {heard} values"
        found.append(
            f"Vanishing gradients: the forecast depends on {newest} only. "
            f"A smaller input_size would be enough{cure}."
        )
    elif reach > 2 * window and gradient[half:].sum() < 1e-4 * total:
        found.append(
            f"Vanishing gradients: no sensitivity beyond {half} steps. A smaller input_size "
            f"would be enough{cure}."
        )
    return found
