"""The loops over time: fast because their gradients are written by hand, not because of other math.

Each loop takes a sequence whose input part W x + b is computed already, all steps in one product,
time first. Going forward it keeps what the gradient needs. Going back it runs only the recursion of
the pre-activations' gradient; the gradient of the recurrent kernel is one large product over all
steps, outside the loop.

Inside a graph the loops are compiled by XLA, which fuses the gate math of a step into one pass; in
eager mode and for sequences of unknown length they are plain TensorFlow.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import tensorflow as tf

from forecastkit.layers.gates import (
    lstm_gates,
    lstm_step_gradient,
    lstm_update,
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
    a: Any, h: Any, c: Any, U: Any, mask: Any = None, dropped: Any = None
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
    dropped : tensor, shape (batch, units), optional
        What h is multiplied by before every step: recurrent dropout.

    Returns
    -------
    h : tensor, shape (time, batch, units)
        Hidden state after every step.
    c : tensor, shape (batch, units)
        Cell state after the last step.
    """
    forward, backward = _compiled(a, _lstm_forward), _compiled(a, _lstm_backward)

    @tf.custom_gradient
    def run(a: Any, h: Any, c: Any, U: Any) -> Any:
        last, H, C, *gates = forward(a, h, c, U, mask, dropped)

        def gradient(dH: Any, dc: Any) -> Any:
            dz, dh, dc = backward(C, *gates, U, dH, dc, mask, dropped)
            return dz, dh, dc, _kernel_gradient(h, H, dropped, dz)

        return (H, last), gradient

    return run(a, h, c, U)


def rnn_sequence(a: Any, h: Any, U: Any, mask: Any = None, dropped: Any = None) -> Any:
    """Run `rnn_step` over a sequence.

    Parameters
    ----------
    a : tensor, shape (time, batch, units)
    h : tensor, shape (batch, units)
    U : tensor, shape (units, units)
    mask, dropped : tensor, optional
        As in `lstm_sequence`.

    Returns
    -------
    tensor, shape (time, batch, units)
        The state after every step.
    """
    forward, backward = _compiled(a, _rnn_forward), _compiled(a, _rnn_backward)

    @tf.custom_gradient
    def run(a: Any, h: Any, U: Any) -> Any:
        H = forward(a, h, U, mask, dropped)

        def gradient(dH: Any) -> Any:
            dz, dh = backward(H, U, dH, mask, dropped)
            return dz, dh, _kernel_gradient(h, H, dropped, dz)

        return H, gradient

    return run(a, h, U)


def _lstm_forward(a: Any, h: Any, c: Any, U: Any, mask: Any, dropped: Any) -> Any:
    """Last c; then h after, c before, and i, f, g, o of every step, (time, batch, units)."""
    n = _steps(a)

    def step(t: Any, h: Any, c: Any, *kept: Any) -> Any:
        gates = lstm_gates(a[t] + ops.matmul(_thinned(h, dropped), U), ops)
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
    dropped: Any,
) -> Any:
    """Gradients of the pre-activations of every step, and of the states before the first."""
    n, turned = _steps(C), tf.transpose(U)

    def step(t: Any, dh: Any, dc: Any, dZ: Any) -> Any:
        dh = dh + dH[t]
        gates = (i[t], f[t], g[t], o[t])
        dz, dc_before = lstm_step_gradient(dh, dc, gates, C[t], ops)
        dz = _zero_where_masked(mask, t, dz)
        dh_before = _thinned(tf.matmul(dz, turned), dropped)
        if mask is not None:  # where the states stayed, their gradients pass through
            dh_before = dh_before + tf.where(mask[t], tf.zeros_like(dh), dh)
            dc_before = tf.where(mask[t], dc_before, dc)
        return t - 1, dh_before, dc_before, dZ.write(t, dz)

    start = (n - 1, tf.zeros_like(dc), dc, _array(C, n, (C.shape[1], 4 * C.shape[2])))
    _, dh, dc, dZ = tf.while_loop(lambda t, *_: t >= 0, step, start, maximum_iterations=n)
    return dZ.stack(), dh, dc


def _rnn_forward(a: Any, h: Any, U: Any, mask: Any, dropped: Any) -> Any:
    n = _steps(a)

    def step(t: Any, h: Any, H: Any) -> Any:
        (h,) = _moved(mask, t, (rnn_step(a[t], _thinned(h, dropped), U, ops),), (h,))
        return t + 1, h, H.write(t, h)

    start = (0, h, _array(a, n, h.shape))
    return tf.while_loop(lambda t, *_: t < n, step, start, maximum_iterations=n)[2].stack()


def _rnn_backward(H: Any, U: Any, dH: Any, mask: Any, dropped: Any) -> Any:
    n, turned = _steps(H), tf.transpose(U)

    def step(t: Any, dh: Any, dZ: Any) -> Any:
        dh = dh + dH[t]
        dz = _zero_where_masked(mask, t, rnn_step_gradient(dh, H[t]))
        dh_before = _thinned(tf.matmul(dz, turned), dropped)
        if mask is not None:
            dh_before = dh_before + tf.where(mask[t], tf.zeros_like(dh), dh)
        return t - 1, dh_before, dZ.write(t, dz)

    start = (n - 1, tf.zeros_like(H[0]), _array(H, n, H.shape[1:]))
    _, dh, dZ = tf.while_loop(lambda t, *_: t >= 0, step, start, maximum_iterations=n)
    return dZ.stack(), dh


def _kernel_gradient(h: Any, H: Any, dropped: Any, dz: Any) -> Any:
    """Gradient of U: the states before each step against the gradients after it, in one product."""
    before = _thinned(tf.concat([h[None], H[:-1]], axis=0), dropped)
    before = tf.reshape(before, (-1, H.shape[-1]))
    return tf.matmul(before, tf.reshape(dz, (-1, dz.shape[-1])), transpose_a=True)


def _steps(x: Any) -> Any:
    return tf.shape(x)[0] if x.shape[0] is None else x.shape[0]


def _array(x: Any, n: Any, shape: Any) -> tf.TensorArray:
    return tf.TensorArray(x.dtype, size=n, element_shape=shape)


def _thinned(h: Any, dropped: Any) -> Any:
    return h if dropped is None else h * dropped


def _moved(mask: Any, t: Any, new: tuple[Any, ...], old: tuple[Any, ...]) -> tuple[Any, ...]:
    if mask is None:
        return new
    return tuple(tf.where(mask[t], one, other) for one, other in zip(new, old, strict=True))


def _zero_where_masked(mask: Any, t: Any, dz: Any) -> Any:
    return dz if mask is None else tf.where(mask[t], dz, tf.zeros_like(dz))


def _compiled(a: Any, loop: Callable[..., Any]) -> Callable[..., Any]:
    """The loop, compiled where that pays: in a graph, for a known number of steps."""
    if tf.executing_eagerly() or a.shape[0] is None:
        return loop
    return _COMPILED[loop]


def _compile(loop: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a loop; what is differentiated, for second derivatives, is the plain one."""
    fast = tf.function(loop, jit_compile=True)

    def call(*given: Any) -> Any:
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


_COMPILED: dict[Callable[..., Any], Callable[..., Any]] = {
    loop: _compile(loop) for loop in (_lstm_forward, _lstm_backward, _rnn_forward, _rnn_backward)
}
