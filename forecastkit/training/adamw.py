"""AdamW as a pure function: one step from weights and moments to the next.

Keras's optimizers own their variables, so that a compiled step belongs to one run of training. As a
function of its state one compiled step serves any number of runs side by side.
"""

from __future__ import annotations

from typing import Any

_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-7


def clipped(gradients: list[Any], most: float, ops: Any) -> list[Any]:
    """Shorten gradients together so that their common norm is `most` at the most.

    Examples
    --------
    >>> import numpy as np
    >>> clipped([np.array([3.0]), np.array([4.0])], 1.0, np)
    [array([0.6]), array([0.8])]
    """
    norm = ops.sqrt(sum(ops.sum(ops.square(one)) for one in gradients))
    return [one * (most / ops.maximum(norm, most)) for one in gradients]


def adamw(
    weights: list[Any],
    gradients: list[Any],
    moments: tuple[list[Any], list[Any]],
    step: Any,
    rates: Any,
    decay: float,
    ops: Any,
) -> tuple[list[Any], tuple[list[Any], list[Any]]]:
    """Take one step.

    Parameters
    ----------
    weights, gradients : list of array
    moments : (list of array, list of array)
        Running means of gradients and of their squares; zeros at the start.
    step : int
        Counted from 1.
    rates : array, shape (n_weights,)
        Learning rate of each array of weights; 0 leaves it where it is.
    decay : float
        Share of a weight that is taken away, times its rate.
    ops : namespace
        With `sqrt` and `square`.

    Returns
    -------
    weights, moments

    References
    ----------
    Kingma & Ba, "Adam", ICLR 2015, end of section 2; Loshchilov & Hutter, "Decoupled weight decay
    regularization", ICLR 2019, algorithm 2.

    Examples
    --------
    The first step is as long as the rate, whatever the gradient:

    >>> import numpy as np
    >>> w, g, zero = [np.array([1.0])], [np.array([40.0])], [np.array([0.0])]
    >>> adamw(w, g, (zero, zero), 1, np.array([0.1]), 0.0, np)[0][0].round(6)
    array([0.9])
    """
    first = [m + (1 - _BETA_1) * (g - m) for m, g in zip(moments[0], gradients, strict=True)]
    second = [
        v + (1 - _BETA_2) * (ops.square(g) - v) for v, g in zip(moments[1], gradients, strict=True)
    ]
    size = ops.sqrt(1 - _BETA_2**step) / (1 - _BETA_1**step)
    after = [
        w - rates[k] * (decay * w + size * m / (ops.sqrt(v) + _EPSILON))
        for k, (w, m, v) in enumerate(zip(weights, first, second, strict=True))
    ]
    return after, (first, second)
