"""What the rest of the package knows of a recurrent cell: its states, its gates, its step.

A `Cell` binds the equations of `forecastkit.layers.gates`. The loops over time in TensorFlow and in
NumPy, the network and the model file depend on this record and on no name: any cell in `CELLS` can
be trained, stored, used for prediction and inspected.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from forecastkit.layers.gates import (
    gru_reset_before_step,
    gru_reset_before_step_gradient,
    gru_step,
    gru_step_gradient,
    lstm_step,
    lstm_step_gradient,
    masked_product,
    rnn_step,
    rnn_step_gradient,
)

Array = Any
State = tuple[Array, ...]  # hidden state first
Kept = tuple[Array, ...]
Step = Callable[..., tuple[State, Kept]]
StepGradient = Callable[..., tuple[Array, Array, State]]


@dataclass(frozen=True, eq=False)
class Cell:
    """A recurrent cell.

    Attributes
    ----------
    layer : str
        Name of its Keras layer in `forecastkit.layers`.
    options : mapping of str to object
        Arguments of that layer that select this cell, where the layer has several.
    states : tuple of str
        Letters of its states; "h", the output, is the first.
    gates : mapping of str to str
        Letters of the gates and of the candidate, in the order of `kept`, to their names; none for
        a simple cell.
    n_gates : int
        Blocks of `units` columns that kernel, recurrent kernel and bias have.
    step : callable
        (a, state, product, ops, activation=None, recurrent_activation=None) -> state, kept. `a` is
        W x + b of the step, `product(h)` is U h; `kept` is what the gradient and an inspection
        need: the gates first.
    step_gradient : callable
        (dstate, h, kept, back, ops) -> da, du, dstate. From the gradients of the states after the
        step, and the hidden state after it, to those of `a`, of the product U h, and of the states
        before; `back(du)` is the gradient of the product with respect to h.
    n_kept : int
        Arrays of the shape of h in `kept`.
    retention : str or None
        Letter of the gate that multiplies the state before a step: how long it is remembered.
    additive : bool
        Whether `a` and U h are only ever added up, so that their gradients are one array.
    recurrent_bias : bool
        Whether U h has a bias of its own.
    inputs : callable, optional
        (h, kept) -> list of (array, number of gates): what the columns of U are multiplied by,
        where that is not h for all gates.
    """

    layer: str
    states: tuple[str, ...]
    gates: Mapping[str, str]
    n_gates: int
    step: Step
    step_gradient: StepGradient
    n_kept: int
    retention: str | None = None
    additive: bool = True
    recurrent_bias: bool = False
    inputs: Callable[[Array, Kept], list[tuple[Array, int]]] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def weight_shapes(self, features: int, units: int) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the weights of a layer, as Keras has them.

        Examples
        --------
        >>> CELLS["lstm"].weight_shapes(3, 2)
        {'kernel': (3, 8), 'recurrent_kernel': (2, 8), 'bias': (8,)}
        """
        columns = self.n_gates * units
        return {
            "kernel": (features, columns),
            "recurrent_kernel": (units, columns),
            "bias": (2, columns) if self.recurrent_bias else (columns,),
        }

    def split_bias(self, bias: Array | None) -> tuple[Array | None, Array | None]:
        """Return the bias of W x and that of U h, None for one that does not exist."""
        return (bias[0], bias[1]) if self.recurrent_bias and bias is not None else (bias, None)

    def recurrent_product(
        self, U: Array, bias: Array | None, ops: Any, masks: Sequence[Array] = ()
    ) -> Callable[..., Array]:
        """Return product(h, first=0, stop=n_gates), which computes U h for a range of gates.

        Parameters
        ----------
        U : array, shape (units, n_gates * units)
        bias : array, shape (n_gates * units,), or None
        ops : namespace
            With `matmul`, and for several masks `split` and `concatenate`.
        masks : sequence of array, shape (batch, units)
            Recurrent dropout: none, one, or one per gate.

        Examples
        --------
        >>> import numpy as np
        >>> product = CELLS["lstm"].recurrent_product(np.ones((2, 8)), None, np)
        >>> product(np.ones((3, 2))).shape, product(np.ones((3, 2)), 1, 2).shape
        ((3, 8), (3, 2))
        """
        units = U.shape[0]

        def product(h: Array, first: int = 0, stop: int = self.n_gates) -> Array:
            def columns(x: Array) -> Array:
                return x[..., first * units : stop * units] if stop - first < self.n_gates else x

            own = masks[first:stop] if len(masks) > 1 else masks
            u = masked_product(h, columns(U), own, ops)
            return u if bias is None else u + columns(bias)

        return product


def _rnn(
    a: Array, state: State, product: Any, ops: Any, activation: Any = None, _: Any = None
) -> tuple[State, Kept]:
    return (rnn_step(a + product(state[0]), ops, activation),), ()


def _rnn_gradient(
    dstate: State, h: Array, _: Kept, back: Any, __: Any
) -> tuple[Array, Array, State]:
    dz = rnn_step_gradient(dstate[0], h)
    return dz, dz, (back(dz),)


def _lstm(
    a: Array,
    state: State,
    product: Any,
    ops: Any,
    activation: Any = None,
    recurrent_activation: Any = None,
) -> tuple[State, Kept]:
    h, c = state
    h, c_after, gates = lstm_step(a + product(h), c, ops, activation, recurrent_activation)
    return (h, c_after), (*gates, c)


def _lstm_gradient(
    dstate: State, _: Array, kept: Kept, back: Any, ops: Any
) -> tuple[Array, Array, State]:
    i, f, g, o, c = kept
    dh, dc = dstate
    dz, dc = lstm_step_gradient(dh, dc, (i, f, g, o), c, ops)
    return dz, dz, (back(dz), dc)


def _gru(
    a: Array, state: State, product: Any, ops: Any, activation: Any = None, gate: Any = None
) -> tuple[State, Kept]:
    (h,) = state
    h_after, gates, u_g = gru_step(a, h, product, ops, activation, gate)
    return (h_after,), (*gates, u_g, h)


def _gru_gradient(
    dstate: State, _: Array, kept: Kept, back: Any, ops: Any
) -> tuple[Array, Array, State]:
    *gates, u_g, h = kept
    da, du, dh = gru_step_gradient(dstate[0], h, tuple(gates), u_g, back, ops)
    return da, du, (dh,)


def _gru_reset_before(
    a: Array, state: State, product: Any, ops: Any, activation: Any = None, gate: Any = None
) -> tuple[State, Kept]:
    (h,) = state
    h_after, gates = gru_reset_before_step(a, h, product, ops, activation, gate)
    return (h_after,), (*gates, h)


def _gru_reset_before_gradient(
    dstate: State, _: Array, kept: Kept, back: Any, ops: Any
) -> tuple[Array, Array, State]:
    *gates, h = kept
    da, dh = gru_reset_before_step_gradient(dstate[0], h, tuple(gates), back, ops)
    return da, da, (dh,)


def _gru_reset_before_inputs(h: Array, kept: Kept) -> list[tuple[Array, int]]:
    return [(h, 2), (kept[1] * h, 1)]  # the candidate reads r * h


_GRU_GATES = {"z": "update", "r": "reset", "g": "candidate"}

CELLS: dict[str, Cell] = {
    "lstm": Cell(
        layer="LSTM",
        states=("h", "c"),
        gates={"i": "input", "f": "forget", "g": "candidate", "o": "output"},
        retention="f",
        n_gates=4,
        step=_lstm,
        step_gradient=_lstm_gradient,
        n_kept=5,
    ),
    "rnn": Cell(
        layer="SimpleRNN",
        states=("h",),
        gates={},
        n_gates=1,
        step=_rnn,
        step_gradient=_rnn_gradient,
        n_kept=0,
    ),
    "gru": Cell(
        layer="GRU",
        states=("h",),
        gates=_GRU_GATES,
        retention="z",
        n_gates=3,
        step=_gru,
        step_gradient=_gru_gradient,
        n_kept=5,
        additive=False,
        recurrent_bias=True,
        options={"reset_after": True},
    ),
    "gru_reset_before": Cell(
        layer="GRU",
        states=("h",),
        gates=_GRU_GATES,
        retention="z",
        n_gates=3,
        step=_gru_reset_before,
        step_gradient=_gru_reset_before_gradient,
        n_kept=4,
        inputs=_gru_reset_before_inputs,
        options={"reset_after": False},
    ),
}
