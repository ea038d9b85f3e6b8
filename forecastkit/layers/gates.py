"""Equations of the recurrent cells, as pure functions of arrays.

Each function takes `ops`, a namespace with `matmul`, `split`, `concatenate`, `tanh` and `sigmoid`:
`keras.ops` or TensorFlow for training, NumPy functions for prediction. So the equations are written
only once. Letters are those of the papers: `x` input, `h` hidden state, `c` cell
state; `i`, `f`, `o` input, forget and output gate, `g` candidate; `W`, `U`, `b` kernel, recurrent
kernel, bias; `z` the pre-activation W x + b + U h. Of a gated recurrent unit `z` and `r` are the
update and the reset gate.

References
----------
Elman, "Finding structure in time", Cognitive Science 14 (1990).
Hochreiter & Schmidhuber, "Long short-term memory", Neural Computation 9 (1997).
Gers, Schmidhuber & Cummins, "Learning to forget", Neural Computation 12 (2000): the forget gate.
Cho et al., "Learning phrase representations using RNN encoder-decoder", EMNLP 2014: the GRU.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Array = Any
Activation = Callable[[Array], Array] | None


def input_part(x: Array, W: Array, b: Array | None, ops: Any) -> Array:
    """Compute W x + b, the contribution of the inputs, for one step or all steps at once.

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
    """Compute W x with dropout of x: no mask, one mask for all gates, or one per gate.

    Parameters
    ----------
    x : array, shape (..., features)
    W : array, shape (features, gates * units)
    masks : sequence of array, each of the shape of x or broadcast to it
        None, one, or one per gate, the same for all steps of a sequence.
    ops : namespace
        With `matmul`, and for several masks `split` and `concatenate`.

    Returns
    -------
    array, shape (..., gates * units)

    References
    ----------
    Gal & Ghahramani, "A theoretically grounded application of dropout in recurrent neural
    networks", NIPS 2016.
    """
    if not masks:
        return ops.matmul(x, W)
    if len(masks) == 1:
        return ops.matmul(x * masks[0], W)
    blocks = zip(masks, ops.split(W, len(masks), axis=-1), strict=True)
    return ops.concatenate([ops.matmul(x * mask, block) for mask, block in blocks], axis=-1)


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
    """Gradient of `rnn_step` with tanh: with respect to the pre-activation.

    The derivative of h' = tanh(z) is 1 - h'^2.

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
    With the forget gate open and the input gate closed, the cell state does not change.

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


def gru_step(
    a: Array,
    h: Array,
    product: Callable[..., Array],
    ops: Any,
    activation: Activation = None,
    recurrent_activation: Activation = None,
) -> tuple[Array, tuple[Array, Array, Array], Array]:
    """One step of a gated recurrent unit, with the reset gate after the recurrent product.

    ::

        z = sigmoid(W_z x + b_z + U_z h + c_z)        update gate: what to keep
        r = sigmoid(W_r x + b_r + U_r h + c_r)        reset gate: what the candidate reads of h
        g = tanh   (W_g x + b_g + r * (U_g h + c_g))  candidate: what could be written
        h' = z * h + (1 - z) * g

    Parameters
    ----------
    a : array, shape (batch, 3 * units)
        W x + b in the order z, r, g (Keras's order).
    h : array, shape (batch, units)
        Hidden state before the step.
    product : callable
        product(h) is U h + c, shape (batch, 3 * units).
    ops : namespace
        With `split`, `tanh` and `sigmoid`.
    activation, recurrent_activation : callable, optional
        In place of tanh and sigmoid.

    Returns
    -------
    h : array, shape (batch, units)
        Hidden state after the step.
    gates : tuple of three arrays, shape (batch, units)
        z, r, g.
    u_g : array, shape (batch, units)
        U_g h + c_g, which the gradient needs.

    References
    ----------
    Cho et al., EMNLP 2014; the reset gate after the product is that of cuDNN and Keras's default.

    Examples
    --------
    With the update gate open, the state does not change.

    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> ops = SimpleNamespace(split=np.split, tanh=np.tanh, sigmoid=lambda z: 1 / (1 + np.exp(-z)))
    >>> a, h = np.array([[50.0, 0.0, 1.0]]), np.array([[0.7]])
    >>> gru_step(a, h, lambda h: np.zeros((1, 3)), ops)[0].round(6)
    array([[0.7]])
    """
    tanh, sigmoid = activation or ops.tanh, recurrent_activation or ops.sigmoid
    a_z, a_r, a_g = ops.split(a, 3, axis=-1)
    u_z, u_r, u_g = ops.split(product(h), 3, axis=-1)
    z, r = sigmoid(a_z + u_z), sigmoid(a_r + u_r)
    g = tanh(a_g + r * u_g)
    return z * h + (1.0 - z) * g, (z, r, g), u_g


def gru_step_gradient(
    dh: Array,
    h: Array,
    gates: tuple[Array, Array, Array],
    u_g: Array,
    back: Callable[..., Array],
    ops: Any,
) -> tuple[Array, Array, Array]:
    """Gradient of `gru_step` with tanh and sigmoid.

    With da the gradient with respect to the pre-activations of z, r and g::

        da_z = dh' * (h - g) * z * (1 - z)      da_g = dh' * (1 - z) * (1 - g^2)
        da_r = da_g * u_g * r * (1 - r)
        du = [da_z, da_r, da_g * r]             dh = dh' * z + U^T du

    Parameters
    ----------
    dh : array, shape (batch, units)
        Gradient of the loss with respect to h'.
    h : array, shape (batch, units)
        Hidden state before the step.
    gates : tuple of three arrays, shape (batch, units)
        z, r, g of the step.
    u_g : array, shape (batch, units)
        U_g h + c_g.
    back : callable
        back(du) is U^T du.
    ops : namespace
        With `concatenate`.

    Returns
    -------
    da, du : array, shape (batch, 3 * units)
        With respect to W x + b and to U h + c, in the order z, r, g.
    dh : array, shape (batch, units)
        With respect to h.
    """
    z, r, g = gates
    da_z = dh * (h - g) * z * (1.0 - z)
    da_g = dh * (1.0 - z) * (1.0 - g * g)
    da_r = da_g * u_g * r * (1.0 - r)
    du = ops.concatenate([da_z, da_r, da_g * r], axis=-1)
    return ops.concatenate([da_z, da_r, da_g], axis=-1), du, dh * z + back(du)


def gru_reset_before_step(
    a: Array,
    h: Array,
    product: Callable[..., Array],
    ops: Any,
    activation: Activation = None,
    recurrent_activation: Activation = None,
) -> tuple[Array, tuple[Array, Array, Array]]:
    """One step of a gated recurrent unit, with the reset gate before the recurrent product.

    As `gru_step`, except for the candidate, and without a bias of U h::

        g = tanh(W_g x + b_g + U_g (r * h))

    Parameters
    ----------
    a, h, ops, activation, recurrent_activation
        As for `gru_step`.
    product : callable
        product(h, first, stop) is U h for the gates `first` to `stop - 1`.

    Returns
    -------
    h : array, shape (batch, units)
        Hidden state after the step.
    gates : tuple of three arrays, shape (batch, units)
        z, r, g.

    References
    ----------
    Cho et al., EMNLP 2014, equations 5 to 8; z and 1 - z as in Keras.
    """
    tanh, sigmoid = activation or ops.tanh, recurrent_activation or ops.sigmoid
    a_z, a_r, a_g = ops.split(a, 3, axis=-1)
    u_z, u_r = ops.split(product(h, 0, 2), 2, axis=-1)
    z, r = sigmoid(a_z + u_z), sigmoid(a_r + u_r)
    g = tanh(a_g + product(r * h, 2, 3))
    return z * h + (1.0 - z) * g, (z, r, g)


def gru_reset_before_step_gradient(
    dh: Array,
    h: Array,
    gates: tuple[Array, Array, Array],
    back: Callable[..., Array],
    ops: Any,
) -> tuple[Array, Array]:
    """Gradient of `gru_reset_before_step` with tanh and sigmoid.

    ::

        da_z = dh' * (h - g) * z * (1 - z)      da_g = dh' * (1 - z) * (1 - g^2)
        p = U_g^T da_g                          da_r = p * h * r * (1 - r)
        dh = dh' * z + p * r + U_z^T da_z + U_r^T da_r

    Parameters
    ----------
    dh, h, gates, ops
        As for `gru_step_gradient`.
    back : callable
        back(du, first, stop) is U^T du for the gates `first` to `stop - 1`.

    Returns
    -------
    da, dh : array, shapes (batch, 3 * units) and (batch, units)
        With respect to the pre-activations, in the order z, r, g, and to h.
    """
    z, r, g = gates
    da_z = dh * (h - g) * z * (1.0 - z)
    da_g = dh * (1.0 - z) * (1.0 - g * g)
    p = back(da_g, 2, 3)
    da_r = p * h * r * (1.0 - r)
    da = ops.concatenate([da_z, da_r, da_g], axis=-1)
    return da, dh * z + p * r + back(ops.concatenate([da_z, da_r], axis=-1), 0, 2)
