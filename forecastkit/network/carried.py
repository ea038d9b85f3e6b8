"""Networks whose states are carried on: a new observation advances them by one step.

A forecast from the carried state is that of the whole history: the components of the series are
continued by `forecastkit.series.online`, and the recurrent states by one step at every anchor of
the sequence. Memory and time per observation do not depend on the length of the history.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecastkit.layers.cells import CELLS
from forecastkit.layers.gates import input_part
from forecastkit.network.config import NetworkConfig
from forecastkit.network.head import gelu, quantile_paths
from forecastkit.network.runtime import Member, head_outputs, layer_weights, negated, numpy_ops
from forecastkit.series.components import Components
from forecastkit.series.online import OnlineComponents, SeasonState
from forecastkit.series.panel import Panel
from forecastkit.series.ragged import Ragged, offsets_of
from forecastkit.series.seasonal import Season
from forecastkit.series.view import View
from forecastkit.series.windows import Windows


@dataclass(eq=False)
class SequenceState:
    """Recurrent states of a network after the last anchor of every series.

    Attributes
    ----------
    states : list of ndarray, shape (n_series, units)
        States of every layer, one after the other: h and c of an LSTM.
    outputs : ndarray, shape (n_series, units)
        Output of the last recurrent layer, with the residual connections.
    """

    states: list[np.ndarray]
    outputs: np.ndarray

    @classmethod
    def start(cls, n: int, network: NetworkConfig) -> SequenceState:
        """Zero states."""
        n_states = network.n_layers * len(CELLS[network.cell].states)
        shape = (n, network.units)
        return cls([np.zeros(shape, np.float32) for _ in range(n_states)], np.zeros(shape, "f"))

    def stepped(self, member: Member, rows: np.ndarray, x: np.ndarray) -> SequenceState:
        """States of some series after one step with inputs x, shape (k, n_inputs)."""
        network, weights = member.network, member.weights
        cell = CELLS[network.cell]
        x = gelu(input_part(x, weights["input/kernel"], weights["input/bias"], np), np)
        states: list[np.ndarray] = []
        for layer in range(network.n_layers):
            own = layer_weights(weights, layer)
            input_bias, recurrent_bias = cell.split_bias(own["bias"])
            a = input_part(x, own["kernel"], input_bias, np)
            product = cell.recurrent_product(own["recurrent_kernel"], recurrent_bias, np)
            first = layer * len(cell.states)
            before = tuple(self.states[first + k][rows] for k in range(len(cell.states)))
            after, _ = cell.step(a, before, product, numpy_ops)
            states += [*after]
            x = x + after[0]
        return SequenceState(states, x)

    def assign(self, rows: np.ndarray, after: SequenceState) -> None:
        """Replace the states of some series."""
        for mine, new in zip(self.states, after.states, strict=True):
            mine[rows] = new
        self.outputs[rows] = after.outputs


class CarriedNetwork:
    """A network and the series that it follows, on their transformed scale.

    Parameters
    ----------
    member : Member
        Its view is anchored and has no covariates.
    n : int
        Number of series.
    origins : ndarray of int, shape (n,)
        First cutoff of each series, as a step; see `Windows.origins`.

    Raises
    ------
    ValueError
        If the sequences of the network are not anchored, or it reads covariates.
    """

    def __init__(self, member: Member, n: int, origins: np.ndarray) -> None:
        view = member.network.view
        if not view.anchored or view.uses_covariates:
            raise ValueError("only an anchored network without covariates has a state to carry on")
        self.member, self.origins = member, origins
        self.components = OnlineComponents(n, view.season_lengths)
        self.reach = _reach(view)
        self.values, self.levels = (np.full((n, self.reach), np.nan) for _ in range(2))
        self.sequences = [SequenceState.start(n, member.network) for _ in range(2)]  # and mirrored

    @classmethod
    def of(cls, member: Member, panel: Panel) -> CarriedNetwork:
        """Follow the series of a panel, on the transformed scale, from their starts."""
        windows = Windows.of(panel, member.network.view)
        series = np.arange(panel.n_series)
        carried = cls(member, panel.n_series, windows.origins(series, panel.lengths - 1))
        for t in range(int(panel.lengths.max(initial=0))):
            rows = np.flatnonzero(panel.lengths > t)
            carried.advance(rows, panel.values[panel.offsets[rows] + t])
        return carried

    def advance(self, rows: np.ndarray, z: np.ndarray) -> None:
        """Follow some series by one observation each; NaN for a missing value."""
        t = self.components.steps[rows]
        self.components.advance(rows, z)
        self.values[rows, t % self.reach] = z
        self.levels[rows, t % self.reach] = self.components.now(rows)["level"]
        stride = self.member.network.view.sequence_stride
        is_anchor = (t >= self.origins[rows]) & ((t - self.origins[rows]) % stride == 0)
        if is_anchor.any():
            self._step(rows[is_anchor], keep=True)

    def quantiles(self, rows: np.ndarray) -> tuple[np.ndarray, Windows]:
        """Quantiles of the deviation from the baseline forecast, as `network_quantiles` gives them.

        Returns
        -------
        quantiles : ndarray of float32, shape (k, horizon, n_quantiles)
        windows : Windows
            Of the latest steps of these series; the last cutoff of each is at its end.
        """
        network = self.member.network
        (original, mirrored), windows, error = self._step(rows, keep=False)
        paths = [
            quantile_paths(
                head_outputs(network, self.member.weights, state), error, network.quantiles, np
            )
            for state in (original, mirrored)
        ]
        return np.asarray(0.5 * (paths[0] - paths[1][..., ::-1])), windows

    def _step(self, rows: np.ndarray, keep: bool) -> tuple[list[np.ndarray], Windows, np.ndarray]:
        """Outputs of the sequences at the latest step; `keep` makes it an anchor."""
        windows, view = self._windows(rows), self.member.network.view
        ends = windows.panel.offsets[1:] - 1
        t, stride = self.components.steps[rows] - 1, view.sequence_stride
        since = np.maximum(t - self.origins[rows], 0)
        gap = np.where(since == 0, stride, (since - 1) % stride + 1)
        # the cutoff before, so that the input of the gap is right
        cutoffs = np.stack([np.where(since > 0, ends - gap, -1), ends], axis=1)
        x = windows.inputs(np.arange(len(rows)), cutoffs)[:, 1]
        is_anchor = (t >= self.origins[rows]) & (since % stride == 0)
        outputs = []
        for sequence, inputs in zip(self.sequences, (x, negated(x, view)), strict=True):
            after = sequence.stepped(self.member, rows, inputs)
            if keep:
                sequence.assign(rows, after)
            # at an anchor the states have made this step already
            outputs.append(np.where(is_anchor[:, None], sequence.outputs[rows], after.outputs))
        return outputs, windows, windows.standard_error(ends[:, None])[:, 0]

    def _windows(self, rows: np.ndarray) -> Windows:
        """Windows of the latest steps of some series, with the components at the last of them."""
        t = self.components.steps[rows] - 1
        lengths = np.minimum(t + 1, self.reach)
        offsets = offsets_of(lengths)
        owner = np.repeat(np.arange(len(rows)), lengths)
        step = np.arange(len(owner)) - offsets[owner] + (t + 1 - lengths)[owner]
        position = rows[owner], step % self.reach
        ends = offsets[1:] - 1
        arrays = {}
        for name, values in self.components.now(rows).items():
            arrays[name] = np.zeros((len(owner), *values.shape[1:]))
            arrays[name][ends] = values
        arrays["level"] = self.levels[position]
        seasons = tuple(_season(state, rows, t, ends) for state in self.components.seasons)
        slow = self.components.slow
        components = Components(
            **arrays,
            seasons=tuple(Season(*season) for season in _laid_out(seasons, len(owner), offsets)),
            slow_season=None
            if slow is None
            else Season(*_laid_out((_season(slow, rows, t, ends),), len(owner), offsets)[0]),
        )
        panel = Panel(Ragged(self.values[position], offsets))
        return Windows(panel, components, self.member.network.view)


_Season = tuple[int, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def _season(state: SeasonState, rows: np.ndarray, t: np.ndarray, ends: np.ndarray) -> _Season:
    """Length; phase means of the latest known season, and their positions; centre, strength."""
    m, half = state.length, state.length // 2
    step = t[:, None] - half - np.arange(m)
    means = state.mean[rows[:, None], step % m]
    return (
        m,
        np.where(step >= 0, means, 0.0),
        ends[:, None] - half - np.arange(m),
        *(array[rows] for array in (state.centre, state.strength)),
    )


def _laid_out(
    seasons: tuple[_Season, ...], n_values: int, offsets: np.ndarray
) -> list[tuple[int, np.ndarray, np.ndarray, np.ndarray]]:
    """Arrays of `Season` that hold the latest estimates at their positions, else 0."""
    result = []
    for m, means, positions, centre, strength in seasons:
        phase_mean, centres, strengths = (np.zeros(n_values) for _ in range(3))
        inside = positions >= offsets[:-1, None]
        phase_mean[positions[inside]] = means[inside]
        centres[offsets[1:] - 1], strengths[offsets[1:] - 1] = centre, strength
        result.append((m, phase_mean, centres, strengths))
    return result


def _reach(view: View) -> int:
    """Number of latest steps that inputs at a cutoff depend on."""
    longest = max(view.season_lengths)
    return max((*view.lags, 0)) + view.input_size + 2 * longest + view.sequence_stride + 1
