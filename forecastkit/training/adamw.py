"""AdamW as a pure function of weights, gradients and moments.

Keras's optimizers own their variables, which ties a compiled step to one training run. A step that
is a function of its state is compiled once for any number of parallel runs.
"""

from __future__ import annotations

from typing import Any

_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-7


def clip_by_global_norm(gradients: list[Any], max_norm: float, ops: Any) -> list[Any]:
    """Scale gradients by a common factor so that their global norm is at most `max_norm`.

    Examples
    --------
    >>> import numpy as np
    >>> clip_by_global_norm([np.array([3.0]), np.array([4.0])], 1.0, np)
    [array([0.6]), array([0.8])]
    """
    norm = ops.sqrt(sum(ops.sum(ops.square(gradient)) for gradient in gradients))
    return [gradient * (max_norm / ops.maximum(norm, max_norm)) for gradient in gradients]


def adamw(
    weights: list[Any],
    gradients: list[Any],
    moments: tuple[list[Any], list[Any]],
    step: Any,
    rates: Any,
    decay: float,
    ops: Any,
) -> tuple[list[Any], tuple[list[Any], list[Any]]]:
    """Take one AdamW step.

    Parameters
    ----------
    weights, gradients : list of array
    moments : (list of array, list of array)
        Exponential moving averages of the gradients and of their squares; initially zero.
    step : int
        Number of this step, from 1.
    rates : array, shape (n_weights,)
        Learning rate of each weight array; an array with rate 0 is not updated.
    decay : float
        Weight decay, decoupled from the gradient and multiplied by the learning rate.
    ops : namespace
        With `sqrt` and `square`.

    Returns
    -------
    weights, moments
        Updated.

    References
    ----------
    Kingma & Ba, "Adam", ICLR 2015, end of section 2; Loshchilov & Hutter, "Decoupled weight decay
    regularization", ICLR 2019, algorithm 2.

    Examples
    --------
    The size of the first step is the learning rate, whatever the gradient:

    >>> import numpy as np
    >>> w, g, zero = [np.array([1.0])], [np.array([40.0])], [np.array([0.0])]
    >>> adamw(w, g, (zero, zero), 1, np.array([0.1]), 0.0, np)[0][0].round(6)
    array([0.9])
    """
    first = [m + (1 - _BETA_1) * (g - m) for m, g in zip(moments[0], gradients, strict=True)]
    second = [
        v + (1 - _BETA_2) * (ops.square(g) - v) for v, g in zip(moments[1], gradients, strict=True)
    ]
    bias_correction = ops.sqrt(1 - _BETA_2**step) / (1 - _BETA_1**step)
    updated = [
        w - rates[k] * (decay * w + bias_correction * m / (ops.sqrt(v) + _EPSILON))
        for k, (w, m, v) in enumerate(zip(weights, first, second, strict=True))
    ]
    return updated, (first, second)
