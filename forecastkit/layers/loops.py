"""The loops over time: fast because their gradients are written by hand, not because of other math.

Each loop takes a sequence whose input part W x + b is computed already, all steps in one product,
time first. Going forward it keeps what the gradient needs. Going back it runs only the recursion of
the pre-activations' gradient; the gradient of the recurrent kernel is one large product over all
steps, outside the loop.

Inside a graph the loops are compiled by XLA, which fuses the gate math of a step into one pass.
They are plain TensorFlow where compiling does not pay: in eager mode, for sequences of unknown
length, and where batches of any size may come and nothing is learnt, since every size is compiled
anew. A compiled loop knows derivatives by `tf.GradientTape`, of any order; forward-mode ones, which
TensorFlow has for loops in eager mode alone, it refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import tensorflow as tf
from tensorflow.python.eager import forwardprop_util

from forecastkit.layers.gates import (
    lstm_gates,
    lstm_step_gradient,
    lstm_update,
    masked_product,
    rnn_step,
    rnn_step_gradient,
)

ops = SimpleNamespace(
    matmul=tf.matmul,
    split=tf.split,
    tanh=tf.tanh,
    sigmoid=tf.sigmoid,
    concatenate=tf.concat,
)


def lstm_sequence(
    a: Any,
    h: Any,
    c: Any,
    U: Any,
    mask: Any = None,
    masks: Sequence[Any] = (),
    training: bool = True,
) -> tuple[Any, Any]:
    """Run `lstm_step` over a sequence.

    Parameters
    ----------
    a : tensor, shape (time, batch, 4 * units)
        W x + b of every step.
    h, c : tensor, shape (batch, units)
        States before the first step.
    U : tensor, shape (units, 4 * units)
        Recurrent kernel.
    mask : tensor of bool, shape (time, batch, 1), optional
        Steps at which the states move; at the others they stay.
    masks : sequence of tensor, shape (batch, units)
        What h is multiplied by before every step, one or one a gate: recurrent dropout.
    training : bool
        Whether the same batch sizes come again and again, so that compiling them pays.

    Returns
    -------
    h : tensor, shape (time, batch, units)
        Hidden state after every step.
    c : tensor, shape (batch, units)
        Cell state after the last step.
    """
    forward, backward = (_compiled(a, one, training) for one in (_lstm_forward, _lstm_backward))

    @tf.custom_gradient
    def run(a: Any, h: Any, c: Any, U: Any) -> Any:
        last, H, C, *gates = forward(a, h, c, U, mask, *masks)

        def gradient(dH: Any, dc: Any) -> Any:
            dz, dh, dc = backward(C, *gates, U, dH, dc, mask, *masks)
            return dz, dh, dc, _kernel_gradient(h, H, masks, dz)

        return (H, last), gradient

    return run(a, h, c, U)


def rnn_sequence(
    a: Any, h: Any, U: Any, mask: Any = None, masks: Sequence[Any] = (), training: bool = True
) -> Any:
    """Run `rnn_step` over a sequence.

    Parameters
    ----------
    a : tensor, shape (time, batch, units)
    h : tensor, shape (batch, units)
    U : tensor, shape (units, units)
    mask, masks, training
        As in `lstm_sequence`.

    Returns
    -------
    tensor, shape (time, batch, units)
        The state after every step.
    """
    forward, backward = (_compiled(a, one, training) for one in (_rnn_forward, _rnn_backward))

    @tf.custom_gradient
    def run(a: Any, h: Any, U: Any) -> Any:
        H = forward(a, h, U, mask, *masks)

        def gradient(dH: Any) -> Any:
            dz, dh = backward(H, U, dH, mask, *masks)
            return dz, dh, _kernel_gradient(h, H, masks, dz)

        return H, gradient

    return run(a, h, U)


def _lstm_forward(a: Any, h: Any, c: Any, U: Any, mask: Any, *masks: Any) -> Any:
    """Last c; then h after, c before, and i, f, g, o of every step, (time, batch, units)."""
    n = _steps(a)

    def step(t: Any, h: Any, c: Any, *kept: Any) -> Any:
        gates = lstm_gates(a[t] + masked_product(h, U, masks, ops), ops)
        h, c_after = _moved(mask, t, lstm_update(gates, c, ops), (h, c))
        new = zip(kept, (h, c, *gates), strict=True)
        return t + 1, h, c_after, *(array.write(t, x) for array, x in new)

    arrays = [_array(a, n, h.shape) for _ in range(6)]
    state = tf.while_loop(lambda t, *_: t < n, step, (0, h, c, *arrays), maximum_iterations=n)
    return state[2], *(array.stack() for array in state[3:])


def _lstm_backward(
    C: Any,
    i: Any,
    f: Any,
    g: Any,
    o: Any,
    U: Any,
    dH: Any,
    dc: Any,
    mask: Any,
    *masks: Any,
) -> Any:
    """Gradients of the pre-activations of every step, and of the states before the first."""
    n, back = _steps(C), _back_through(U, masks)

    def step(t: Any, dh: Any, dc: Any, dZ: Any) -> Any:
        dh = dh + dH[t]
        gates = (i[t], f[t], g[t], o[t])
        dz, dc_before = lstm_step_gradient(dh, dc, gates, C[t], ops)
        dz = _zero_where_masked(mask, t, dz)
        dh_before = back(dz)
        if mask is not None:  # where the states stayed, their gradients pass through
            dh_before = dh_before + tf.where(mask[t], tf.zeros_like(dh), dh)
            dc_before = tf.where(mask[t], dc_before, dc)
        return t - 1, dh_before, dc_before, dZ.write(t, dz)

    start = (n - 1, tf.zeros_like(dc), dc, _array(C, n, (C.shape[1], 4 * C.shape[2])))
    _, dh, dc, dZ = tf.while_loop(lambda t, *_: t >= 0, step, start, maximum_iterations=n)
    return dZ.stack(), dh, dc


def _rnn_forward(a: Any, h: Any, U: Any, mask: Any, *masks: Any) -> Any:
    n = _steps(a)

    def step(t: Any, h: Any, H: Any) -> Any:
        (h,) = _moved(mask, t, (rnn_step(a[t], h * masks[0] if masks else h, U, ops),), (h,))
        return t + 1, h, H.write(t, h)

    start = (0, h, _array(a, n, h.shape))
    return tf.while_loop(lambda t, *_: t < n, step, start, maximum_iterations=n)[2].stack()


def _rnn_backward(H: Any, U: Any, dH: Any, mask: Any, *masks: Any) -> Any:
    n, back = _steps(H), _back_through(U, masks)

    def step(t: Any, dh: Any, dZ: Any) -> Any:
        dh = dh + dH[t]
        dz = _zero_where_masked(mask, t, rnn_step_gradient(dh, H[t]))
        dh_before = back(dz)
        if mask is not None:
            dh_before = dh_before + tf.where(mask[t], tf.zeros_like(dh), dh)
        return t - 1, dh_before, dZ.write(t, dz)

    start = (n - 1, tf.zeros_like(H[0]), _array(H, n, H.shape[1:]))
    _, dh, dZ = tf.while_loop(lambda t, *_: t >= 0, step, start, maximum_iterations=n)
    return dZ.stack(), dh


def _back_through(U: Any, masks: Any) -> Callable[[Any], Any]:
    """What takes the gradient of a step's pre-activations to that of the h before it."""
    if not masks:
        turned = tf.transpose(U)
        return lambda dz: tf.matmul(dz, turned)
    parts = [tf.transpose(part) for part in tf.split(U, len(masks), axis=-1)]

    def back(dz: Any) -> Any:
        each = zip(masks, tf.split(dz, len(masks), axis=-1), parts, strict=True)
        return tf.add_n([mask * tf.matmul(one, part) for mask, one, part in each])

    return back


def _kernel_gradient(h: Any, H: Any, masks: Any, dz: Any) -> Any:
    """Gradient of U: the states before each step against the gradients after it, in one product."""
    before, columns = tf.concat([h[None], H[:-1]], axis=0), tf.split(dz, len(masks) or 1, axis=-1)
    products = [
        tf.matmul(_rows(before if mask is None else before * mask), _rows(one), transpose_a=True)
        for mask, one in zip(masks or (None,), columns, strict=True)
    ]
    return tf.concat(products, axis=-1)


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


_COMPILED: dict[Callable[..., Any], Callable[..., Any]] = {
    loop: _compile(loop) for loop in (_lstm_forward, _lstm_backward, _rnn_forward, _rnn_backward)
}
