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
        If it is not built.

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
    if not hasattr(cell, "recurrent_activation") or len(getattr(cell, "state_size", ())) != 2:
        raise TypeError(f"{layer!r} has no gates; give an LSTM layer.")
    if not layer.built:
        raise ValueError(f"{layer!r} is not built; call it once, or load its weights.")
    x = ops.convert_to_tensor(x, dtype=cell.compute_dtype)
    a = input_part(x, cell.kernel, cell.bias, ops)  # (batch, time, 4 units)
    h, c = cell.get_initial_state(x.shape[0]) if initial_state is None else initial_state
    counts = ops.ones(x.shape[:2], "bool") if mask is None else ops.cast(mask, "bool")
    steps = list(range(x.shape[1]))
    order = steps[::-1] if layer.go_backwards else steps
    kept: dict[int, list[Any]] = {}
    for t in order:
        here = counts[:, t, None]
        z = a[:, t] + ops.matmul(h, cell.recurrent_kernel)
        gates = lstm_gates(z, ops, cell.activation, cell.recurrent_activation)
        new = lstm_update(gates, c, ops, cell.activation)
        h, c = (ops.where(here, one, old) for one, old in zip(new, (h, c), strict=True))
        kept[t] = [*(ops.where(here, gate, float("nan")) for gate in gates), h, c]
    columns = zip(*(kept[t] for t in steps), strict=True)
    return {
        name: ops.convert_to_numpy(ops.stack(column, axis=1))
        for name, column in zip(_NAMES, columns, strict=True)
    }
