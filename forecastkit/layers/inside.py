"""What the gates of a recurrent layer do with an input, step by step."""

from __future__ import annotations

from typing import Any

from keras import ops

from forecastkit.layers.gates import input_part, lstm_gates, lstm_update

_NAMES = ("i", "f", "g", "o", "h", "c")


def gate_activations(
    layer: Any, x: Any, initial_state: Any = None, mask: Any = None
) -> dict[str, Any]:
    """Run an LSTM layer over an input and keep what its gates and states were at every step.

    The equations are those that the layer itself runs (`forecastkit.layers.gates`); the layer is
    not changed, neither are the states that a stateful one keeps. Dropout is off.

    Parameters
    ----------
    layer : LSTM, or keras.layers.LSTM
        Built: it has been called, or loaded.
    x : array, shape (batch, time, features)
    initial_state : sequence of two arrays, shape (batch, units), optional
        h and c before the first step; zeros when left out.
    mask : array of bool, shape (batch, time), optional
        Steps that count. At the others the states stay, and the gates are NaN.

    Returns
    -------
    dict of ndarray, shape (batch, time, units)
        `i`, `f`, `o` (input, forget and output gate), `g` (candidate), `h` and `c` (states after
        the step). With `go_backwards` the steps are visited from the last to the first, and what
        is returned still stands where its input stands.

    Raises
    ------
    TypeError
        If the layer has no such gates.
    ValueError
        If it is not built, or the input, mask or a state has another shape.

    Examples
    --------
    >>> import numpy as np
    >>> from forecastkit.layers import LSTM
    >>> layer = LSTM(3)
    >>> x = np.zeros((2, 5, 4), "float32")
    >>> found = gate_activations(layer, x) if layer(x) is not None else None
    >>> found["f"].shape, round(float(found["f"][0, 0, 0]), 3)  # its bias starts at 1
    ((2, 5, 3), 0.731)
    """
    cell: Any = getattr(layer, "cell", None)
    size = getattr(cell, "state_size", None)
    if not hasattr(cell, "recurrent_activation") or not isinstance(size, list) or len(size) != 2:
        raise TypeError(
            f"{layer!r} has no gates of an LSTM; give an LSTM layer (of a Bidirectional, its "
            "forward_layer or backward_layer)."
        )
    if not layer.built:
        raise ValueError(f"{layer!r} is not built; call it once, or load its weights.")
    kernel, U = (ops.cast(W, cell.compute_dtype) for W in (cell.kernel, cell.recurrent_kernel))
    bias = None if cell.bias is None else ops.cast(cell.bias, cell.compute_dtype)
    x, counts = _checked(x, mask, features=kernel.shape[0], dtype=cell.compute_dtype)
    a = input_part(x, kernel, bias, ops)  # (batch, time, 4 units)
    states = cell.get_initial_state(x.shape[0]) if initial_state is None else initial_state
    h, c = _checked_states(states, (x.shape[0], U.shape[0]), cell.compute_dtype)
    steps = list(range(x.shape[1]))
    order = steps[::-1] if layer.go_backwards else steps
    kept: dict[int, list[Any]] = {}
    for t in order:
        here = counts[:, t, None]
        z = a[:, t] + ops.matmul(h, U)
        gates = lstm_gates(z, ops, cell.activation, cell.recurrent_activation)
        new = lstm_update(gates, c, ops, cell.activation)
        h, c = (ops.where(here, one, old) for one, old in zip(new, (h, c), strict=True))
        kept[t] = [*(ops.where(here, gate, float("nan")) for gate in gates), h, c]
    columns = zip(*(kept[t] for t in steps), strict=True)
    return {
        name: ops.convert_to_numpy(ops.stack(column, axis=1))
        for name, column in zip(_NAMES, columns, strict=True)
    }


def _checked_states(states: Any, shape: tuple[int, int], dtype: str) -> list[Any]:
    """Two states as tensors of (batch, units)."""
    made = [ops.convert_to_tensor(state, dtype=dtype) for state in states]
    if len(made) != 2 or any(tuple(state.shape) != shape for state in made):
        found = [tuple(state.shape) for state in made]
        raise ValueError(f"initial_state has shapes {found}; it takes h and c of shape {shape}.")
    return made


def _checked(x: Any, mask: Any, features: int, dtype: str) -> tuple[Any, Any]:
    """Inputs and mask as tensors of the shapes that the docstring above asks for."""
    x = ops.convert_to_tensor(x, dtype=dtype)
    if len(x.shape) != 3 or x.shape[1] == 0 or x.shape[2] != features:
        raise ValueError(
            f"x has shape {tuple(x.shape)}; the layer takes (batch, time, {features}), and a time "
            "of 1 or more."
        )
    if mask is None:
        return x, ops.ones(x.shape[:2], "bool")
    mask = ops.cast(mask, "bool")
    if tuple(mask.shape) != tuple(x.shape[:2]):
        raise ValueError(f"mask has shape {tuple(mask.shape)}; x asks for {tuple(x.shape[:2])}.")
    return x, mask
