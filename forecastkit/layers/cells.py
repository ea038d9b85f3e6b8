"""Registry of recurrent cells: states, gates, step and gradient of each.

A `Cell` binds the equations of `forecastkit.layers.gates`. The loops over time in TensorFlow and
NumPy, the network and the model file depend on this record only, not on the name of a cell: any
cell in `CELLS` can be trained, stored, used for prediction and inspected.
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
Cache = tuple[Array, ...]
Step = Callable[..., tuple[State, Cache]]
StepGradient = Callable[..., tuple[Array, Array, State]]


@dataclass(frozen=True, eq=False)
class Cell:
    """A recurrent cell.

    Attributes
    ----------
    layer : str
        Name of its Keras layer in `forecastkit.layers`.
    options : mapping of str to object
        Arguments of the layer that select this cell, if the layer has several.
    states : tuple of str
        Letters of its states; the first is "h", the output.
    gates : mapping of str to str
        Names of the gates and of the candidate by letter, in the order of the cache; empty for a
        simple cell.
    n_gates : int
        Number of blocks of `units` columns in kernel, recurrent kernel and bias.
    step : callable
        (a, state, product, ops, activation=None, recurrent_activation=None) -> state, cache. `a` is
        W x + b of the step and `product(h)` is U h; the cache holds the arrays that the gradient
        and inspection need, the gates first.
    step_gradient : callable
        (dstate, h, cache, back, ops) -> da, du, dstate. From the gradients with respect to the
        states after the step, and the hidden state after it, to those with respect to `a`, the
        product U h, and the states before the step; `back(du)` is U^T du.
    n_cached : int
        Number of arrays in the cache, all of the shape of h.
    retention : str or None
        Letter of the gate that multiplies the previous state, and so determines its decay.
    additive : bool
        Whether `a` and U h enter only as their sum, so that their gradients are equal.
    recurrent_bias : bool
        Whether U h has a bias of its own.
    inputs : callable, optional
        (h, cache) -> list of (array, number of gates): the factors of the columns of U, unless it
        is h for all gates.
    """

    layer: str
    states: tuple[str, ...]
    gates: Mapping[str, str]
    n_gates: int
    step: Step
    step_gradient: StepGradient
    n_cached: int
    retention: str | None = None
    additive: bool = True
    recurrent_bias: bool = False
    inputs: Callable[[Array, Cache], list[tuple[Array, int]]] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def weight_shapes(self, features: int, units: int) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the weights of a layer, as in Keras.

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
        """Return the biases of W x and of U h, each None if it does not exist."""
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
            Recurrent dropout masks: none, one, or one per gate.

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

            gate_masks = masks[first:stop] if len(masks) > 1 else masks
            u = masked_product(h, columns(U), gate_masks, ops)
            return u if bias is None else u + columns(bias)

        return product


def _rnn(
    a: Array, state: State, product: Any, ops: Any, activation: Any = None, _: Any = None
) -> tuple[State, Cache]:
    return (rnn_step(a + product(state[0]), ops, activation),), ()


def _rnn_gradient(
    dstate: State, h: Array, _: Cache, back: Any, __: Any
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
) -> tuple[State, Cache]:
    h, c = state
    h, c_after, gates = lstm_step(a + product(h), c, ops, activation, recurrent_activation)
    return (h, c_after), (*gates, c)


def _lstm_gradient(
    dstate: State, _: Array, cache: Cache, back: Any, ops: Any
) -> tuple[Array, Array, State]:
    i, f, g, o, c = cache
    dh, dc = dstate
    dz, dc = lstm_step_gradient(dh, dc, (i, f, g, o), c, ops)
    return dz, dz, (back(dz), dc)


def _gru(
    a: Array, state: State, product: Any, ops: Any, activation: Any = None, gate: Any = None
) -> tuple[State, Cache]:
    (h,) = state
    h_after, gates, u_g = gru_step(a, h, product, ops, activation, gate)
    return (h_after,), (*gates, u_g, h)


def _gru_gradient(
    dstate: State, _: Array, cache: Cache, back: Any, ops: Any
) -> tuple[Array, Array, State]:
    *gates, u_g, h = cache
    da, du, dh = gru_step_gradient(dstate[0], h, tuple(gates), u_g, back, ops)
    return da, du, (dh,)


def _gru_reset_before(
    a: Array, state: State, product: Any, ops: Any, activation: Any = None, gate: Any = None
) -> tuple[State, Cache]:
    (h,) = state
    h_after, gates = gru_reset_before_step(a, h, product, ops, activation, gate)
    return (h_after,), (*gates, h)


def _gru_reset_before_gradient(
    dstate: State, _: Array, cache: Cache, back: Any, ops: Any
) -> tuple[Array, Array, State]:
    *gates, h = cache
    da, dh = gru_reset_before_step_gradient(dstate[0], h, tuple(gates), back, ops)
    return da, da, (dh,)


def _gru_reset_before_inputs(h: Array, cache: Cache) -> list[tuple[Array, int]]:
    return [(h, 2), (cache[1] * h, 1)]  # the candidate reads r * h


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
        n_cached=5,
    ),
    "rnn": Cell(
        layer="SimpleRNN",
        states=("h",),
        gates={},
        n_gates=1,
        step=_rnn,
        step_gradient=_rnn_gradient,
        n_cached=0,
    ),
    "gru": Cell(
        layer="GRU",
        states=("h",),
        gates=_GRU_GATES,
        retention="z",
        n_gates=3,
        step=_gru,
        step_gradient=_gru_gradient,
        n_cached=5,
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
        n_cached=4,
        inputs=_gru_reset_before_inputs,
        options={"reset_after": False},
    ),
}
