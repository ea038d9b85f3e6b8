"""The gates and states of a recurrent layer, step by step."""

from __future__ import annotations

from typing import Any

from keras import ops

from forecastkit.layers.cells import CELLS, Cell
from forecastkit.layers.gates import input_part


def gate_activations(
    layer: Any, x: Any, initial_state: Any = None, mask: Any = None
) -> dict[str, Any]:
    """Run a recurrent layer with gates over an input and return its gates and states per step.

    The equations are those that the layer itself runs (`forecastkit.layers.gates`); the layer is
    not changed, nor are the states that a stateful one keeps. Dropout is off.

    Parameters
    ----------
    layer : LSTM or another layer with gates, ours or that of Keras
        Built: it has been called, or loaded.
    x : array, shape (batch, time, features)
    initial_state : sequence of arrays, shape (batch, units), optional
        States before the first step (h and c of an LSTM); zeros by default.
    mask : array of bool, shape (batch, time), optional
        Steps that count. At the others the states stay, and the gates are NaN.

    Returns
    -------
    dict of ndarray, shape (batch, time, units)
        By the letters of the cell: of an LSTM `i`, `f`, `o` (input, forget and output gate), `g`
        (candidate), `h` and `c` (states after the step). With `go_backwards` the sequence is
        processed from the last step to the first; each result has the position of its input.

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
    cell, kind = _gated_cell(layer)
    if not layer.built:
        raise ValueError(f"{layer!r} is not built; call it once, or load its weights.")
    kernel, U = (ops.cast(W, cell.compute_dtype) for W in (cell.kernel, cell.recurrent_kernel))
    bias = None if cell.bias is None else ops.cast(cell.bias, cell.compute_dtype)
    input_bias, recurrent_bias = kind.split_bias(bias)
    product = kind.recurrent_product(U, recurrent_bias, ops)
    x, counts = _checked(x, mask, features=kernel.shape[0], dtype=cell.compute_dtype)
    a = input_part(x, kernel, input_bias, ops)  # (batch, time, gates * units)
    states = cell.get_initial_state(x.shape[0]) if initial_state is None else initial_state
    letters = kind.states
    state = _checked_states(states, letters, (x.shape[0], cell.units), cell.compute_dtype)

    steps = list(range(x.shape[1]))
    seen: dict[int, list[Any]] = {}
    for t in steps[::-1] if layer.go_backwards else steps:
        here = counts[:, t, None]
        new, kept = kind.step(
            a[:, t], state, product, ops, cell.activation, cell.recurrent_activation
        )
        state = tuple(ops.where(here, one, old) for one, old in zip(new, state, strict=True))
        gates = [ops.where(here, gate, float("nan")) for gate in kept[: len(kind.gates)]]
        seen[t] = [*gates, *state]
    columns = zip(*(seen[t] for t in steps), strict=True)
    return {
        name: ops.convert_to_numpy(ops.stack(column, axis=1))
        for name, column in zip((*kind.gates, *letters), columns, strict=True)
    }


def _gated_cell(layer: Any) -> tuple[Any, Cell]:
    """The layer's own cell, and what is known of cells of its kind."""
    cell: Any = getattr(layer, "cell", None)
    names = {one.__name__ for one in type(cell).__mro__}
    for kind in CELLS.values():
        matches = all(getattr(cell, name, value) == value for name, value in kind.options.items())
        if kind.gates and matches and f"{kind.layer}Cell" in names:
            return cell, kind
    listed = ", ".join(dict.fromkeys(kind.layer for kind in CELLS.values() if kind.gates))
    raise TypeError(
        f"{layer!r} has no gates; pass a layer of kind {listed} (of a Bidirectional, its "
        "forward_layer or backward_layer)."
    )


def _checked_states(
    states: Any, letters: tuple[str, ...], shape: tuple[int, int], dtype: str
) -> tuple[Any, ...]:
    """States as tensors of (batch, units)."""
    made = [ops.convert_to_tensor(state, dtype=dtype) for state in states]
    if len(made) != len(letters) or any(tuple(state.shape) != shape for state in made):
        found = [tuple(state.shape) for state in made]
        wanted = " and ".join(letters)
        raise ValueError(f"initial_state has shapes {found}; it takes {wanted} of shape {shape}.")
    return tuple(made)


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
