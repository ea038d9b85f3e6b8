"""How far back a fitted network listens, and what its gates do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from forecastkit.errors import OptionError
from forecastkit.forecasting.fitted import Fitted, panel_of
from forecastkit.network.inside import GATES, input_gradient, traces
from forecastkit.network.runtime import Weights, network_outputs
from forecastkit.series.windows import Windows
from forecastkit.tables.frame import UNIQUE_ID

_SHARE_HEARD = 0.95
_SHUT, _OPEN = 0.05, 0.95
_MOST_SERIES = 256
_SILENT = 1e-9


@dataclass(frozen=True)
class Diagnosis:
    """What `diagnose` found.

    Attributes
    ----------
    gradient : DataFrame
        `lag` (0 is the last value before the cutoff) and `gradient`, mean |d loss / d x|.
    memory_length : int
        Fewest newest steps that hold 95 % of the sum of the gradients.
    reach, input_size : int
        Steps that the network could hear of at all, through its windows, its looks back by whole
        seasons and its recurrence, and steps of one window.
    by_series : DataFrame
        `unique_id`, `memory_length`.
    gates : DataFrame
        `layer`, `gate`, `mean`, share `shut` (below 0.05) and `open` (above 0.95); empty for a
        network without gates.
    cell_memory : DataFrame
        `layer`, `steps`: median number of steps after which the product of the forget gates of a
        unit falls below 0.05.
    warnings : list of str
        What looks wrong, and what to do.
    """

    gradient: pd.DataFrame
    memory_length: int
    reach: int
    input_size: int
    by_series: pd.DataFrame
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
        lines = [f"The network listens to the last {self.memory_length} of {self.reach} steps."]
        for row in self.gates.to_dict("records"):
            lines.append(
                f"Layer {row['layer']}, {row['gate']} gate: mean {row['mean']:.2f}, "
                f"{100 * row['shut']:.0f} % shut, {100 * row['open']:.0f} % open."
            )
        for row in self.cell_memory.to_dict("records"):
            lines.append(
                f"Layer {row['layer']}: a cell keeps what it holds for {row['steps']} steps."
            )
        return "\n".join([*lines, *self.warnings])


def diagnose(model: Any) -> Diagnosis:
    """Look into a fitted model.

    The loss is the mean absolute error of the medians over the last `h` known steps of every
    series; its gradient is taken with respect to the values that the network sees, in units of the
    series' noise, through the windows of all cutoffs that it reads.

    Parameters
    ----------
    model : forecaster or Predictor
        Fitted, or loaded from a file; TensorFlow is not needed.

    Returns
    -------
    Diagnosis

    Raises
    ------
    OptionError
        If it is not such a model.
    """
    fitted = getattr(model, "fitted_", getattr(model, "fitted", None))
    if not isinstance(fitted, Fitted):
        raise OptionError(f"{model!r} is not a fitted network.", fix="Call fit, or load a file.")
    windows, series, ends = _last_known_windows(fitted)
    cutoffs = windows.cutoffs(series, ends)
    x = windows.inputs(series, cutoffs)
    targets = windows.targets(series, cutoffs[:, -1:])[:, 0]
    sums = [_by_lag(fitted, weights, x, targets) for weights in fitted.members]
    by_lag = np.mean(sums, axis=0)  # (series, lags)
    mean = by_lag.mean(axis=0)
    view = fitted.network.view
    gates, memory = _gates(fitted, x)
    return Diagnosis(
        pd.DataFrame({"lag": np.arange(len(mean)), "gradient": mean}),
        _memory_length(mean),
        len(mean),
        view.input_size,
        pd.DataFrame(
            {UNIQUE_ID: fitted.history.ids[series], "memory_length": map(_memory_length, by_lag)}
        ),
        gates,
        memory,
        _warnings(mean, view.input_size),
    )


def _last_known_windows(fitted: Fitted) -> tuple[Windows, np.ndarray, np.ndarray]:
    """Windows that end one horizon before the end, of the longest series first."""
    panel = panel_of(fitted.history)
    windows = Windows.of_series(panel, fitted.network.view)
    series = np.sort(np.argsort(-panel.lengths, kind="stable")[:_MOST_SERIES])
    return windows, series, np.maximum(panel.lengths[series] - 1 - fitted.network.view.horizon, 0)


def _by_lag(fitted: Fitted, weights: Weights, x: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Absolute gradient with respect to the value at each lag, shape (series, lags)."""
    network, view = fitted.network, fitted.network.view
    medians = network_outputs(network, weights, x)[..., 0]
    known = ~np.isnan(targets)
    size = np.maximum(known.sum(axis=1, keepdims=True), 1)
    upstream = np.where(known, np.sign(medians - np.nan_to_num(targets)), 0.0) / size
    of_value = np.flatnonzero(view.ages >= 0)
    dx = input_gradient(network, weights, x, upstream.astype(x.dtype))[..., of_value]
    back = np.arange(view.n_cutoffs - 1, -1, -1)[:, None] * view.stride
    lags = back + view.ages[of_value]  # (time, values)
    out = np.zeros((len(x), int(lags.max()) + 1))
    for row, one in zip(out, dx, strict=True):
        np.add.at(row, lags, one)
    return np.abs(out)


def _memory_length(gradient: np.ndarray) -> int:
    total = gradient.sum()
    if total <= _SILENT:
        return 0
    return int(np.searchsorted(np.cumsum(gradient), _SHARE_HEARD * total) + 1)


def _gates(fitted: Fitted, x: np.ndarray) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows: list[dict[str, Any]] = []
    memory: list[dict[str, Any]] = []
    found = [traces(fitted.network, weights, x) for weights in fitted.members]
    for layer in range(fitted.network.n_layers):
        gates = [trace[layer].gates for trace in found]
        if gates[0] is None:
            continue
        together = np.stack([one for one in gates if one is not None], axis=1)
        for name, values in zip(GATES, together, strict=True):
            if name != "candidate":
                shut, open_ = float((values < _SHUT).mean()), float((values > _OPEN).mean())
                mean = float(values.mean())
                rows.append(
                    {"layer": layer, "gate": name, "mean": mean, "shut": shut, "open": open_}
                )
        forget = together[1]  # (members, series, time, units)
        kept = np.cumprod(forget[:, :, ::-1], axis=2) >= _SHUT
        memory.append({"layer": layer, "steps": int(np.median(kept.sum(axis=2)))})
    columns = ["layer", "gate", "mean", "shut", "open"]
    return pd.DataFrame(rows, columns=columns), pd.DataFrame(memory, columns=["layer", "steps"])


def _warnings(gradient: np.ndarray, input_size: int) -> list[str]:
    total, reach = gradient.sum(), len(gradient)
    if total <= _SILENT:
        return ["The network is silent: the forecast is the statistical base path alone."]
    found = []
    length = _memory_length(gradient)
    if length >= 0.97 * reach and reach > input_size:
        found.append(
            f"The network listens to all of the {reach} steps that reach it: a larger input_size "
            "may bring more."
        )
    half = reach // 2
    if reach > 2 * input_size and gradient[half:].sum() < 1e-4 * total:
        found.append(
            f"Gradients vanish: nothing older than {half} steps is heard. A smaller input_size "
            "would do, or an LSTM in place of an RNN."
        )
    if reach > 3 and gradient[half:].mean() > 10 * gradient[:half].mean():
        found.append("Gradients grow with the lag: training may be unstable; lower the steps.")
    recent = gradient[:input_size]
    if len(recent) > 3 and recent.std() < 0.02 * recent.mean():
        found.append("The gradient is flat: the network averages its window and ignores its order.")
    return found
