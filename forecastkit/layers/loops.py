"""The loops over time: fast because their gradients are written by hand, not because of other math.

There is one loop for all cells (`forecastkit.layers.cells`), forward and backward. It takes a
sequence whose input part W x + b is computed already, all steps in one product, time first. Forward
it keeps what the gradient needs. Backward it runs only the recursion of the pre-activations'
gradient; the gradient of the recurrent kernel is one large product over all steps, outside it.

Inside a graph the loops are compiled by XLA, which fuses the gate math of a step into one pass.
They are plain TensorFlow where compiling does not pay: in eager mode, for sequences of unknown
length, and where batches of any size may come and nothing is learnt, since every size is compiled
anew. A compiled loop knows derivatives by `tf.GradientTape`, of any order; forward-mode ones, which
TensorFlow has for loops in eager mode alone, it refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial, update_wrapper
from types import SimpleNamespace
from typing import Any

import tensorflow as tf
from tensorflow.python.eager import forwardprop_util

from forecastkit.layers.cells import CELLS, Cell

ops = SimpleNamespace(
    matmul=tf.matmul,
    split=tf.split,
    tanh=tf.tanh,
    sigmoid=tf.sigmoid,
    concatenate=tf.concat,
)


def run_sequence(
    cell: str,
    a: Any,
    state: Sequence[Any],
    weights: Sequence[Any],
    mask: Any = None,
    masks: Sequence[Any] = (),
    training: bool = True,
) -> tuple[Any, list[Any]]:
    """Run the step of a cell over a sequence.

    Parameters
    ----------
    cell : str
        A name in `CELLS`.
    a : tensor, shape (time, batch, gates * units)
        W x + b of every step.
    state : sequence of tensor, shape (batch, units)
        States before the first step.
    weights : sequence of tensor
        Recurrent kernel, shape (units, gates * units); and its bias where the cell has one.
    mask : tensor of bool, shape (time, batch, 1), optional
        Steps at which the states change; at the others they stay.
    masks : sequence of tensor, shape (batch, units)
        Factors of h before every step, one or one per gate: recurrent dropout.
    training : bool
        Whether the same batch sizes come again and again, so that compiling them pays.

    Returns
    -------
    H : tensor, shape (time, batch, units)
        Hidden state after every step.
    last : list of tensor, shape (batch, units)
        All states after the last step.
    """
    kind, n = CELLS[cell], len(state)
    forward, backward = (_compiled(a, loop, training) for loop in LOOPS[cell])

    @tf.custom_gradient
    def run(a: Any, *given: Any) -> Any:
        weights = given[n:]
        found = forward(a, *given, mask, *masks)
        last, H, kept = found[1:n], found[n], found[n + 1 :]

        def gradient(dH: Any, *dlast: Any) -> Any:
            back = backward(H, *kept, *weights, dH, *dlast, mask, *masks)
            dstate, da, du = back[:n], back[n], back[-1]
            return da, *dstate, *_weight_gradients(kind, given[0], H, kept, masks, du)

        return (H, *last), gradient

    H, *others = run(a, *state, *weights)
    return H, [H[-1], *others]


def _forward(cell: Cell, a: Any, *given: Any) -> Any:
    """Last states; then h after every step and what the cell keeps, (time, batch, units)."""
    n_states, n = len(cell.states), _steps(a)
    state, (weights, (mask, *masks)) = given[:n_states], _split_weights(cell, given[n_states:])
    U, *bias = weights
    product = cell.recurrent_product(U, bias[0] if bias else None, ops, masks)

    def step(t: Any, state: Any, arrays: Any) -> Any:
        new, kept = cell.step(a[t], state, product, ops)
        new = _moved(mask, t, new, state)
        pairs = zip(arrays, (new[0], *kept), strict=True)
        return t + 1, new, tuple(array.write(t, x) for array, x in pairs)

    arrays = tuple(_array(a, n, state[0].shape) for _ in range(1 + cell.n_kept))
    start = (0, tuple(state), arrays)
    _, last, arrays = tf.while_loop(lambda t, *_: t < n, step, start, maximum_iterations=n)
    return *last, *(array.stack() for array in arrays)


def _backward(cell: Cell, H: Any, *given: Any) -> Any:
    """Gradients of the states before the first step, of a, and of U h of every step."""
    kept, n = given[: cell.n_kept], _steps(H)
    weights, (dH, *rest) = _split_weights(cell, given[cell.n_kept :])
    dlast, (mask, *masks) = rest[: len(cell.states) - 1], rest[len(cell.states) - 1 :]
    back = _back_product(cell, weights[0], masks)
    n_arrays, width = (1 if cell.additive else 2), cell.n_gates * H.shape[2]

    def step(t: Any, dstate: Any, arrays: Any) -> Any:
        dstate = (dstate[0] + dH[t], *dstate[1:])
        here = tuple(x[t] for x in kept)
        *found, before = cell.step_gradient(dstate, H[t], here, back, ops)
        before = _moved(mask, t, before, dstate)  # where the states stayed, so do their gradients
        kept_gradients = [_zero_where_masked(mask, t, x) for x in found[:n_arrays]]
        pairs = zip(arrays, kept_gradients, strict=True)
        return t - 1, before, tuple(array.write(t, x) for array, x in pairs)

    arrays = tuple(_array(H, n, (H.shape[1], width)) for _ in range(n_arrays))
    start = (n - 1, (tf.zeros_like(H[0]), *dlast), arrays)
    _, dstate, arrays = tf.while_loop(lambda t, *_: t >= 0, step, start, maximum_iterations=n)
    return *dstate, *(array.stack() for array in arrays)


def _split_weights(cell: Cell, given: Sequence[Any]) -> tuple[Sequence[Any], Sequence[Any]]:
    n = 2 if cell.recurrent_bias else 1
    return given[:n], given[n:]


def _back_product(cell: Cell, U: Any, masks: Sequence[Any]) -> Callable[..., Any]:
    """Return back(du, first, stop): from the gradient of U h of some gates to that of h."""
    n, units, transposed = cell.n_gates, U.shape[0], tf.transpose(U)

    def back(du: Any, first: int = 0, stop: int = n) -> Any:
        rows = transposed if stop - first == n else transposed[first * units : stop * units]
        own = masks[first:stop] if len(masks) > 1 else masks
        if not own:
            return tf.matmul(du, rows)
        parts = zip(own, tf.split(du, len(own), axis=-1), tf.split(rows, len(own)), strict=True)
        return tf.add_n([mask * tf.matmul(columns, part) for mask, columns, part in parts])

    return back


def _weight_gradients(cell: Cell, h: Any, H: Any, kept: Any, masks: Any, du: Any) -> list[Any]:
    """Gradient of U, all steps in one product, and of its bias."""
    before = tf.concat([h[None], H[:-1]], axis=0)
    inputs = cell.inputs(before, kept) if cell.inputs else [(before, cell.n_gates)]
    units, first, products = H.shape[-1], 0, []
    for x, n in inputs:
        columns = du[..., first * units : (first + n) * units] if len(inputs) > 1 else du
        own = masks[first : first + n] if len(masks) > 1 else masks or (None,)
        for mask, one in zip(own, tf.split(columns, len(own), axis=-1), strict=True):
            masked = x if mask is None else x * mask
            products.append(tf.matmul(_rows(masked), _rows(one), transpose_a=True))
        first += n
    dU = tf.concat(products, axis=-1)
    return [dU, tf.reduce_sum(du, axis=(0, 1))] if cell.recurrent_bias else [dU]


def _rows(x: Any) -> Any:
    return tf.reshape(x, (-1, x.shape[-1]))


def _steps(x: Any) -> Any:
    return tf.shape(x)[0] if x.shape[0] is None else x.shape[0]


def _array(x: Any, n: Any, shape: Any) -> tf.TensorArray:
    return tf.TensorArray(x.dtype, size=n, element_shape=shape)


def _moved(mask: Any, t: Any, new: tuple[Any, ...], old: tuple[Any, ...]) -> tuple[Any, ...]:
    if mask is None:
        return new
    return tuple(tf.where(mask[t], one, other) for one, other in zip(new, old, strict=True))


def _zero_where_masked(mask: Any, t: Any, dz: Any) -> Any:
    return dz if mask is None else tf.where(mask[t], dz, tf.zeros_like(dz))


def _compiled(a: Any, loop: Callable[..., Any], training: bool) -> Callable[..., Any]:
    """The loop, compiled where that pays; see above."""
    any_size = a.shape[1] is None and not training
    if tf.executing_eagerly() or a.shape[0] is None or any_size:
        return loop
    return _COMPILED[loop]


def _compile(loop: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a loop; what is differentiated, for second derivatives, is the plain one."""
    fast = tf.function(loop, jit_compile=True)

    def call(*given: Any) -> Any:
        _refuse_forward_mode(given)
        moves = [x is not None and x.dtype.is_floating for x in given]

        def whole(some: tuple[Any, ...]) -> list[Any]:
            those = iter(some)
            return [next(those) if move else x for move, x in zip(moves, given, strict=True)]

        @tf.custom_gradient
        def run(*some: Any) -> Any:
            def gradient(*upstream: Any) -> Any:
                with tf.GradientTape() as tape:
                    tape.watch(some)
                    again = tf.nest.flatten(loop(*whole(some)))
                return tape.gradient(again, some, list(upstream), "zero")

            # nothing of the compiled loop itself is to be differentiated
            return fast(*whole(tuple(tf.stop_gradient(x) for x in some))), gradient

        return run(*(x for move, x in zip(moves, given, strict=True) if move))

    return call


def _refuse_forward_mode(given: Sequence[Any]) -> None:
    """Raise where a `tf.autodiff.ForwardAccumulator` follows a tensor: tangents would be lost."""
    if forwardprop_util.pack_tangents([x for x in given if x is not None]).tangents:
        raise TypeError(
            "A recurrent layer has no forward-mode derivatives inside a tf.function. Leave the "
            "tf.function out, or use tf.GradientTape."
        )


def _named(loop: Callable[..., Any], name: str, cell: Cell) -> Callable[..., Any]:
    """The loop of one cell, under a name that a graph shows."""
    bound = update_wrapper(partial(loop, cell), loop)
    bound.__name__ = f"{name}{loop.__name__}"
    return bound


# forward and backward, by the name of the cell
LOOPS = {
    name: (_named(_forward, name, cell), _named(_backward, name, cell))
    for name, cell in CELLS.items()
}
_COMPILED = {loop: _compile(loop) for pair in LOOPS.values() for loop in pair}
