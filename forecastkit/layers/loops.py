"""Loops over time in TensorFlow, with hand-written gradients for speed.

A single pair of loops, forward and backward, serves all cells (`forecastkit.layers.cells`). The
input part W x + b of all steps is computed beforehand, in one product, with time as first axis. The
forward loop caches what the gradient needs. The backward loop only runs the recursion of the
gradients of the pre-activations; the gradient of the recurrent kernel is one product over all steps
outside the loop.

Inside a graph, the loops are compiled by XLA, which fuses the operations of a step. They stay plain
TensorFlow where compilation does not pay off: in eager mode, for sequences of unknown length, and
for inference with an unknown batch size, as each size is compiled anew. Compiled loops support
`tf.GradientTape`, of any order; forward-mode derivatives, which TensorFlow supports for loops in
eager mode only, are refused.
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
    """Run a cell over a sequence.

    Parameters
    ----------
    cell : str
        A name in `CELLS`.
    a : tensor, shape (time, batch, gates * units)
        W x + b of every step.
    state : sequence of tensor, shape (batch, units)
        States before the first step.
    weights : sequence of tensor
        Recurrent kernel, shape (units, gates * units), and its bias if the cell has one.
    mask : tensor of bool, shape (time, batch, 1), optional
        Steps at which the states change.
    masks : sequence of tensor, shape (batch, units)
        Recurrent dropout masks of h: none, one, or one per gate.
    training : bool
        Whether batch sizes recur, so that compiling for each size pays off.

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
    def run(a: Any, *states_and_weights: Any) -> Any:
        weights = states_and_weights[n:]
        results = forward(a, *states_and_weights, mask, *masks)
        last, H, cache = results[1:n], results[n], results[n + 1 :]

        def gradient(dH: Any, *dlast: Any) -> Any:
            gradients = backward(H, *cache, *weights, dH, *dlast, mask, *masks)
            dstate, da, du = gradients[:n], gradients[n], gradients[-1]
            h = states_and_weights[0]
            return da, *dstate, *_weight_gradients(kind, h, H, cache, masks, du)

        return (H, *last), gradient

    H, *other_states = run(a, *state, *weights)
    return H, [H[-1], *other_states]


def _forward(cell: Cell, a: Any, *arguments: Any) -> Any:
    """Last states; then h after every step and the cached arrays, (time, batch, units).

    `arguments` are the states before the first step, the weights, the mask and the dropout masks.
    """
    n_states, n = len(cell.states), _n_steps(a)
    state, arguments = arguments[:n_states], arguments[n_states:]
    weights, (mask, *masks) = _split_weights(cell, arguments)
    U, *bias = weights
    product = cell.recurrent_product(U, bias[0] if bias else None, ops, masks)

    def step(t: Any, state: Any, arrays: Any) -> Any:
        new, cache = cell.step(a[t], state, product, ops)
        new = _select(mask, t, new, state)
        pairs = zip(arrays, (new[0], *cache), strict=True)
        return t + 1, new, tuple(array.write(t, x) for array, x in pairs)

    arrays = tuple(_array(a, n, state[0].shape) for _ in range(1 + cell.n_cached))
    start = (0, tuple(state), arrays)
    _, last, arrays = tf.while_loop(lambda t, *_: t < n, step, start, maximum_iterations=n)
    return *last, *(array.stack() for array in arrays)


def _backward(cell: Cell, H: Any, *arguments: Any) -> Any:
    """Gradients of the states before the first step, of a, and of U h of every step.

    `arguments` are the cached arrays, the weights, the gradients of H and of the other last states,
    the mask and the dropout masks.
    """
    cache, n = arguments[: cell.n_cached], _n_steps(H)
    weights, (dH, *rest) = _split_weights(cell, arguments[cell.n_cached :])
    dlast, (mask, *masks) = rest[: len(cell.states) - 1], rest[len(cell.states) - 1 :]
    back = _back_product(cell, weights[0], masks)
    n_arrays, width = (1 if cell.additive else 2), cell.n_gates * H.shape[2]

    def step(t: Any, dstate: Any, arrays: Any) -> Any:
        dstate = (dstate[0] + dH[t], *dstate[1:])
        cache_t = tuple(x[t] for x in cache)
        *gradients, before = cell.step_gradient(dstate, H[t], cache_t, back, ops)
        before = _select(mask, t, before, dstate)  # a masked step passes gradients through
        masked = [_zero_where_masked(mask, t, x) for x in gradients[:n_arrays]]
        pairs = zip(arrays, masked, strict=True)
        return t - 1, before, tuple(array.write(t, x) for array, x in pairs)

    arrays = tuple(_array(H, n, (H.shape[1], width)) for _ in range(n_arrays))
    start = (n - 1, (tf.zeros_like(H[0]), *dlast), arrays)
    _, dstate, arrays = tf.while_loop(lambda t, *_: t >= 0, step, start, maximum_iterations=n)
    return *dstate, *(array.stack() for array in arrays)


def _split_weights(cell: Cell, arguments: Sequence[Any]) -> tuple[Sequence[Any], Sequence[Any]]:
    n = 2 if cell.recurrent_bias else 1
    return arguments[:n], arguments[n:]


def _back_product(cell: Cell, U: Any, masks: Sequence[Any]) -> Callable[..., Any]:
    """Return back(du, first, stop): U^T du for a range of gates, with recurrent dropout."""
    n, units, transposed = cell.n_gates, U.shape[0], tf.transpose(U)

    def back(du: Any, first: int = 0, stop: int = n) -> Any:
        rows = transposed if stop - first == n else transposed[first * units : stop * units]
        gate_masks = masks[first:stop] if len(masks) > 1 else masks
        if not gate_masks:
            return tf.matmul(du, rows)
        n_masks = len(gate_masks)
        blocks = tf.split(du, n_masks, axis=-1), tf.split(rows, n_masks)
        gates = zip(gate_masks, *blocks, strict=True)
        return tf.add_n([mask * tf.matmul(du_gate, block) for mask, du_gate, block in gates])

    return back


def _weight_gradients(cell: Cell, h: Any, H: Any, cache: Any, masks: Any, du: Any) -> list[Any]:
    """Gradient of U, all steps in one product, and of its bias."""
    before = tf.concat([h[None], H[:-1]], axis=0)
    inputs = cell.inputs(before, cache) if cell.inputs else [(before, cell.n_gates)]
    units, first, products = H.shape[-1], 0, []
    for x, n in inputs:
        columns = du[..., first * units : (first + n) * units] if len(inputs) > 1 else du
        gate_masks = masks[first : first + n] if len(masks) > 1 else masks or (None,)
        blocks = tf.split(columns, len(gate_masks), axis=-1)
        for mask, block in zip(gate_masks, blocks, strict=True):
            masked = x if mask is None else x * mask
            products.append(tf.matmul(_flatten(masked), _flatten(block), transpose_a=True))
        first += n
    dU = tf.concat(products, axis=-1)
    return [dU, tf.reduce_sum(du, axis=(0, 1))] if cell.recurrent_bias else [dU]


def _flatten(x: Any) -> Any:
    """Merge all axes but the last."""
    return tf.reshape(x, (-1, x.shape[-1]))


def _n_steps(x: Any) -> Any:
    return tf.shape(x)[0] if x.shape[0] is None else x.shape[0]


def _array(x: Any, n: Any, shape: Any) -> tf.TensorArray:
    return tf.TensorArray(x.dtype, size=n, element_shape=shape)


def _select(mask: Any, t: Any, new: tuple[Any, ...], old: tuple[Any, ...]) -> tuple[Any, ...]:
    """New tensors at steps that are processed, old ones at masked steps."""
    if mask is None:
        return new
    return tuple(tf.where(mask[t], *pair) for pair in zip(new, old, strict=True))


def _zero_where_masked(mask: Any, t: Any, dz: Any) -> Any:
    return dz if mask is None else tf.where(mask[t], dz, tf.zeros_like(dz))


def _compiled(a: Any, loop: Callable[..., Any], training: bool) -> Callable[..., Any]:
    """Return a loop, compiled if that pays off; see the module."""
    unknown_batch_size = a.shape[1] is None and not training
    if tf.executing_eagerly() or a.shape[0] is None or unknown_batch_size:
        return loop
    return _COMPILED[loop]


def _compile(loop: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a loop; its derivatives, for second-order gradients, are those of the plain loop."""
    compiled = tf.function(loop, jit_compile=True)

    def call(*arguments: Any) -> Any:
        _refuse_forward_mode(arguments)
        is_float = [x is not None and x.dtype.is_floating for x in arguments]

        def with_floats(floats: tuple[Any, ...]) -> list[Any]:
            """All arguments, with these tensors in place of the floating-point ones."""
            values = iter(floats)
            pairs = zip(is_float, arguments, strict=True)
            return [next(values) if floating else x for floating, x in pairs]

        @tf.custom_gradient
        def run(*floats: Any) -> Any:
            def gradient(*upstream: Any) -> Any:
                with tf.GradientTape() as tape:
                    tape.watch(floats)
                    outputs = tf.nest.flatten(loop(*with_floats(floats)))
                return tape.gradient(outputs, floats, list(upstream), "zero")

            # the compiled loop itself must not be differentiated
            return compiled(*with_floats(tuple(tf.stop_gradient(x) for x in floats))), gradient

        return run(*(x for floating, x in zip(is_float, arguments, strict=True) if floating))

    return call


def _refuse_forward_mode(arguments: Sequence[Any]) -> None:
    """Raise if a `tf.autodiff.ForwardAccumulator` watches a tensor: tangents would be lost."""
    if forwardprop_util.pack_tangents([x for x in arguments if x is not None]).tangents:
        raise TypeError(
            "A recurrent layer has no forward-mode derivatives inside a tf.function. Leave the "
            "tf.function out, or use tf.GradientTape."
        )


def _bind(loop: Callable[..., Any], name: str, cell: Cell) -> Callable[..., Any]:
    """Bind a loop to a cell, with a name that identifies it in a graph."""
    bound = update_wrapper(partial(loop, cell), loop)
    bound.__name__ = f"{name}{loop.__name__}"
    return bound


# forward and backward loop, by name of the cell
LOOPS = {
    name: (_bind(_forward, name, cell), _bind(_backward, name, cell))
    for name, cell in CELLS.items()
}
_COMPILED = {loop: _compile(loop) for pair in LOOPS.values() for loop in pair}
