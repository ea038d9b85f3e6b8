"""The equations of the recurrent cells: arrays in, arrays out, no weights of their own, no state.

Each function takes `ops`, a namespace with `matmul`, `split`, `concatenate`, `tanh` and `sigmoid`:
`keras.ops` or TensorFlow when a network is trained, a handful of NumPy functions when it predicts.
So the math is written once. Letters are those of the papers: `x` input, `h` hidden state, `c` cell
state; `i`, `f`, `o` input, forget and output gate, `g` candidate; `W`, `U`, `b` kernel, recurrent
kernel, bias; `z` the pre-activation W x + b + U h.

References
----------
Elman, "Finding structure in time", Cognitive Science 14 (1990).
Hochreiter & Schmidhuber, "Long short-term memory", Neural Computation 9 (1997).
Gers, Schmidhuber & Cummins, "Learning to forget", Neural Computation 12 (2000): the forget gate.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Array = Any
Activation = Callable[[Array], Array] | None


def input_part(x: Array, W: Array, b: Array | None, ops: Any) -> Array:
    """Compute W x + b, the contribution of the input to a step; all steps can go at once.

    Parameters
    ----------
    x : array, shape (..., features)
    W : array, shape (features, gates * units)
    b : array, shape (gates * units,), or None
    ops : namespace
        With `matmul`.

    Returns
    -------
    array, shape (..., gates * units)
    """
    a = ops.matmul(x, W)
    return a if b is None else a + b


def masked_product(x: Array, W: Array, masks: Sequence[Array], ops: Any) -> Array:
    """Compute W x with dropout of x: one mask for all gates, or one per gate.

    Gal & Ghahramani, "A theoretically grounded application of dropout in recurrent neural
    networks", NIPS 2016: the masks stay the same for all steps of a sequence.

    Parameters
    ----------
    x : array, shape (..., features)
    W : array, shape (features, gates * units)
    masks : sequence of array, each of the shape of x or broadcast to it
        None, one, or as many as there are gates.
    ops : namespace
        With `matmul`, and for several masks `split` and `concatenate`.

    Returns
    -------
    array, shape (..., gates * units)
    """
    if not masks:
        return ops.matmul(x, W)
    if len(masks) == 1:
        return ops.matmul(x * masks[0], W)
    parts = zip(masks, ops.split(W, len(masks), axis=-1), strict=True)
    return ops.concatenate([ops.matmul(x * mask, part) for mask, part in parts], axis=-1)


def rnn_step(z: Array, ops: Any, activation: Activation = None) -> Array:
    """One step of a simple recurrent network: h' = tanh(W x + b + U h).

    Parameters
    ----------
    z : array, shape (batch, units)
        Pre-activation W x + b + U h.
    ops : namespace
        With `tanh`.
    activation : callable, optional
        In place of tanh.

    Returns
    -------
    array, shape (batch, units)
        Hidden state after the step.

    Examples
    --------
    >>> import numpy as np
    >>> W, U, x, h = 0.5, -0.5, 1.0, 1.0
    >>> rnn_step(np.array([[W * x + U * h]]), np)
    array([[0.]])
    """
    return (activation or ops.tanh)(z)


def rnn_step_gradient(dh: Array, h: Array) -> Array:
    """Gradient of `rnn_step` with tanh: from that of h' to that of the pre-activation.

    The derivative of tanh(z) is 1 - tanh(z)^2, and tanh(z) is h'.

    Parameters
    ----------
    dh, h : array, shape (batch, units)
        Gradient of the loss with respect to the state after the step, and that state.

    Returns
    -------
    array, shape (batch, units)
    """
    return dh * (1.0 - h * h)


def lstm_step(
    z: Array,
    c: Array,
    ops: Any,
    activation: Activation = None,
    recurrent_activation: Activation = None,
) -> tuple[Array, Array, tuple[Array, Array, Array, Array]]:
    """One step of a long short-term memory.

    ::

        i = sigmoid(W_i x + U_i h + b_i)     input gate: what to write
        f = sigmoid(W_f x + U_f h + b_f)     forget gate: what to keep
        g = tanh   (W_g x + U_g h + b_g)     candidate: what could be written
        o = sigmoid(W_o x + U_o h + b_o)     output gate: what to show
        c' = f * c + i * g
        h' = o * tanh(c')

    Parameters
    ----------
    z : array, shape (batch, 4 * units)
        Pre-activations W x + b + U h in the order i, f, g, o (Keras's order).
    c : array, shape (batch, units)
        Cell state before the step.
    ops : namespace
        With `split`, `tanh` and `sigmoid`.
    activation, recurrent_activation : callable, optional
        In place of tanh and sigmoid.

    Returns
    -------
    h, c : array, shape (batch, units)
        Hidden state and cell state after the step.
    gates : tuple of four arrays, shape (batch, units)
        i, f, g, o.

    Examples
    --------
    With the forget gate open and the input gate closed, the cell keeps its state.

    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> ops = SimpleNamespace(split=np.split, tanh=np.tanh, sigmoid=lambda z: 1 / (1 + np.exp(-z)))
    >>> h, c, gates = lstm_step(np.array([[-50.0, 50.0, 1.0, 50.0]]), np.array([[0.7]]), ops)
    >>> c.round(6)
    array([[0.7]])
    """
    tanh, sigmoid = activation or ops.tanh, recurrent_activation or ops.sigmoid
    i, f, g, o = ops.split(z, 4, axis=-1)
    i, f, g, o = sigmoid(i), sigmoid(f), tanh(g), sigmoid(o)
    c = f * c + i * g
    return o * tanh(c), c, (i, f, g, o)


def lstm_step_gradient(
    dh: Array,
    dc: Array,
    gates: tuple[Array, Array, Array, Array],
    c: Array,
    ops: Any,
) -> tuple[Array, Array]:
    """Gradient of `lstm_step` with tanh and sigmoid: backpropagation through one step.

    ::

        dc  = dc' + dh' * o * (1 - tanh(c')^2)
        dz_i = dc * g * i * (1 - i)          dz_f = dc * c * f * (1 - f)
        dz_g = dc * i * (1 - g^2)            dz_o = dh' * tanh(c') * o * (1 - o)

    Parameters
    ----------
    dh, dc : array, shape (batch, units)
        Gradients of the loss with respect to h' and c', the states after the step.
    gates : tuple of four arrays, shape (batch, units)
        i, f, g, o of the step.
    c : array, shape (batch, units)
        Cell state before the step.
    ops : namespace
        With `tanh` and `concatenate`.

    Returns
    -------
    dz : array, shape (batch, 4 * units)
        With respect to the pre-activations, in the order i, f, g, o.
    dc : array, shape (batch, units)
        With respect to the cell state before the step.
    """
    i, f, g, o = gates
    s = ops.tanh(f * c + i * g)  # tanh(c')
    dc = dc + dh * o * (1.0 - s * s)
    dz = [
        dc * g * i * (1.0 - i),
        dc * c * f * (1.0 - f),
        dc * i * (1.0 - g * g),
        dh * s * o * (1.0 - o),
    ]
    return ops.concatenate(dz, axis=-1), dc * f
