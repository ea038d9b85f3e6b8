"""Networks whose states are carried on: a new observation advances them by one step.

A forecast from the carried state is that of the whole history: the components of the series are
continued by `forecastkit.series.online`, and the recurrent states by one step at every anchor of
the sequence. Memory and time per observation do not depend on the length of the history.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from forecastkit.layers.cells import CELLS
from forecastkit.layers.gates import input_part
from forecastkit.network.config import NetworkConfig
from forecastkit.network.head import gelu, quantile_paths
from forecastkit.network.runtime import (
    ROWS_PER_CHUNK,
    Member,
    head_outputs,
    hidden_layers,
    layer_weights,
    negated,
    numpy_ops,
)
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


class CarriedNetworks:
    """Networks with the same view, and the series that they follow, on their transformed scale.

    Parameters
    ----------
    members : sequence of Member
        Their view is the same and anchored, and has no covariates.
    n : int
        Number of series.

    Raises
    ------
    ValueError
        If the sequences of a network are not anchored, it reads covariates, or views differ.
    """

    def __init__(self, members: Sequence[Member], n: int) -> None:
        if not can_be_carried([member.network for member in members]):
            raise ValueError("only anchored networks without covariates have a state to carry on")
        self.members, self.view = tuple(members), members[0].network.view
        # first cutoff of each series, as a step; -1 before it has enough values
        self.origins = np.full(n, -1)
        self.components = OnlineComponents(n, self.view.season_lengths)
        self.reach = _reach(self.view)
        self.values, self.levels = (np.full((n, self.reach), np.nan) for _ in range(2))
        # of each network, and of its mirror image
        self.sequences = [
            [SequenceState.start(n, member.network) for _ in range(2)] for member in members
        ]

    @classmethod
    def of(
        cls, members: Sequence[Member], panel: Panel, origins: np.ndarray | None = None
    ) -> CarriedNetworks:
        """Follow the series of a panel, on the transformed scale, from their starts.

        Parameters
        ----------
        members : sequence of Member
        panel : Panel
        origins : ndarray of int, shape (n_series,), optional
            First cutoff of each series, -1 where it is not known; see `Windows.origins`.
        """
        carried = cls(members, panel.n_series)
        view, series, ends = carried.view, np.arange(panel.n_series), panel.lengths - 1
        windows = Windows.of(panel, view)
        origins = np.full(panel.n_series, -1) if origins is None else origins
        usual = np.where(windows.first_used <= ends, windows.origins(series, ends), -1)
        carried.origins[:] = np.where(origins < 0, usual, origins)
        carried.components = OnlineComponents.of(panel, view.season_lengths)
        steps = ends[:, None] - np.arange(carried.reach)
        row, step = np.nonzero(steps >= 0)
        step = steps[row, step]
        position = panel.offsets[row] + step
        carried.values[row, step % carried.reach] = panel.values[position]
        carried.levels[row, step % carried.reach] = windows.components.level[position]
        started = np.flatnonzero(carried.origins >= 0)
        for start in range(0, len(started), ROWS_PER_CHUNK):
            carried._follow(windows, started[start : start + ROWS_PER_CHUNK])
        return carried

    def _follow(self, windows: Windows, rows: np.ndarray) -> None:
        """Set the recurrent states of some series to those after their last anchors."""
        origins, stride = self.origins[rows], self.view.sequence_stride
        last = origins + (windows.panel.lengths[rows] - 1 - origins) // stride * stride
        cutoffs = windows.cutoffs(rows, last, origins)
        x, padding = windows.inputs(rows, cutoffs), (cutoffs < 0).sum(axis=1)
        for member, sequences in zip(self.members, self.sequences, strict=True):
            for sequence, inputs in zip(sequences, (x, negated(x, self.view)), strict=True):
                layers = hidden_layers(member.network, member.weights, inputs, padding=padding)
                _, *traces = layers
                states = [state for trace, _ in traces if trace for state in trace.last]
                sequence.assign(rows, SequenceState(states, traces[-1][1][:, -1]))

    def advance(self, rows: np.ndarray, z: np.ndarray) -> None:
        """Follow some series by one observation each; NaN for a missing value."""
        t = self.components.steps[rows]
        self.components.advance(rows, z)
        now = self.components.now(rows)
        self.values[rows, t % self.reach] = z
        self.levels[rows, t % self.reach] = now["level"]
        starts = (self.origins[rows] < 0) & (now["count"] >= self.view.min_values)
        self.origins[rows] = np.where(starts, t, self.origins[rows])
        anchors = rows[self._is_anchor(rows)]
        for start in range(0, len(anchors), ROWS_PER_CHUNK):
            self._step(anchors[start : start + ROWS_PER_CHUNK], keep=True)

    def _is_anchor(self, rows: np.ndarray) -> np.ndarray:
        """Whether the latest step of each series is an anchor of its sequence."""
        since = self.components.steps[rows] - 1 - self.origins[rows]
        is_anchor = (since >= 0) & (since % self.view.sequence_stride == 0)
        return is_anchor & (self.origins[rows] >= 0)

    def quantiles(self, rows: np.ndarray) -> tuple[list[np.ndarray], Windows]:
        """Quantiles of the deviation from the baseline forecast, as `network_quantiles` gives them.

        Returns
        -------
        quantiles : list of ndarray of float32, shape (k, horizon, n_quantiles)
            Of every network.
        windows : Windows
            Of the latest steps of these series; the last cutoff of each is at its end.
        """
        outputs, windows, error = self._step(rows, keep=False)
        quantiles = []
        for member, states in zip(self.members, outputs, strict=True):
            network = member.network
            original, mirrored = (
                quantile_paths(
                    head_outputs(network, member.weights, state), error, network.quantiles, np
                )
                for state in states
            )
            quantiles.append(np.asarray(0.5 * (original - mirrored[..., ::-1])))
        return quantiles, windows

    def _step(
        self, rows: np.ndarray, keep: bool
    ) -> tuple[list[list[np.ndarray]], Windows, np.ndarray]:
        """Outputs of the sequences at the latest step; `keep` makes it an anchor."""
        windows, is_anchor = self._windows(rows), self._is_anchor(rows)
        ends = windows.panel.offsets[1:] - 1
        t, stride = self.components.steps[rows] - 1, self.view.sequence_stride
        since = np.where(self.origins[rows] < 0, 0, np.maximum(t - self.origins[rows], 0))
        gap = np.where(since == 0, stride, (since - 1) % stride + 1)
        # the cutoff before, so that the input of the gap is right
        cutoffs = np.stack([np.where(since > 0, ends - gap, -1), ends], axis=1)
        x = windows.inputs(np.arange(len(rows)), cutoffs)[:, 1]
        outputs: list[list[np.ndarray]] = []
        for member, sequences in zip(self.members, self.sequences, strict=True):
            outputs.append([])
            for sequence, inputs in zip(sequences, (x, negated(x, self.view)), strict=True):
                after = sequence.stepped(member, rows, inputs)
                if keep:
                    sequence.assign(rows, after)
                # at an anchor the states have made this step already
                latest = np.where(is_anchor[:, None], sequence.outputs[rows], after.outputs)
                outputs[-1].append(latest)
        return outputs, windows, windows.standard_error(ends[:, None])[:, 0]

    def arrays(self) -> dict[str, np.ndarray]:
        """All arrays of the state by name, without copies; the first axis is that of the series."""
        named = {f"components/{name}": a for name, a in self.components.arrays().items()}
        named |= {"origins": self.origins, "values": self.values, "levels": self.levels}
        for k, sequences in enumerate(self.sequences):
            for mirror, sequence in zip(("", "mirrored_"), sequences, strict=True):
                for number, state in enumerate(sequence.states):
                    named[f"{mirror}network_{k}/state_{number}"] = state
                named[f"{mirror}network_{k}/outputs"] = sequence.outputs
        return named

    @classmethod
    def from_arrays(
        cls, members: Sequence[Member], arrays: Mapping[str, np.ndarray]
    ) -> CarriedNetworks:
        """State with copies of arrays as `arrays` returns them."""
        carried = cls(members, len(arrays["origins"]))
        for name, array in carried.arrays().items():
            array[...] = arrays[name]
        return carried

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
        return Windows(panel, components, self.view)


def can_be_carried(networks: Sequence[NetworkConfig]) -> bool:
    """Whether networks have a state to carry on: one anchored view, without covariates."""
    views = {network.view for network in networks}
    return len(views) == 1 and all(v.anchored and not v.uses_covariates for v in views)


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
