"""Gate activations and states of a recurrent layer at every step."""

from __future__ import annotations

from typing import Any

from keras import ops

from forecastkit.layers.cells import CELLS, Cell
from forecastkit.layers.gates import input_part


def gate_activations(
    layer: Any, x: Any, initial_state: Any = None, mask: Any = None
) -> dict[str, Any]:
    """Run a gated recurrent layer on an input and return its gates and states at every step.

    The equations are those of the layer itself (`forecastkit.layers.gates`). The layer, including
    the states of a stateful one, does not change. Dropout is off.

    Parameters
    ----------
    layer : LSTM or another gated layer, of this package or of Keras
        It must be built, by a call or by loading.
    x : array, shape (batch, time, features)
    initial_state : sequence of arrays, shape (batch, units), optional
        States before the first step (h and c of an LSTM); zeros by default.
    mask : array of bool, shape (batch, time), optional
        Steps to process. At masked steps (False) the states do not change and the gates are NaN.

    Returns
    -------
    dict of ndarray, shape (batch, time, units)
        By the letters of the cell: of an LSTM `i`, `f`, `o` (input, forget and output gate), `g`
        (candidate), `h` and `c` (states after the step). With `go_backwards` the sequence is
        processed from the last step to the first; each result has the position of its input.

    Raises
    ------
    TypeError
        If the layer has no gates.
    ValueError
        If it is not built, or the shape of the input, the mask or a state is invalid.

    Examples
    --------
    >>> import numpy as np
    >>> from forecastkit.layers import LSTM
    >>> layer = LSTM(3)
    >>> x = np.zeros((2, 5, 4), "float32")
    >>> gates = gate_activations(layer, x) if layer(x) is not None else None
    >>> gates["f"].shape, round(float(gates["f"][0, 0, 0]), 3)  # its bias is initialised at 1
    ((2, 5, 3), 0.731)
    """
    cell, kind = _gated_cell(layer)
    if not layer.built:
        raise ValueError(f"{layer!r} is not built; call it once, or load its weights.")
    kernel, U = (ops.cast(W, cell.compute_dtype) for W in (cell.kernel, cell.recurrent_kernel))
    bias = None if cell.bias is None else ops.cast(cell.bias, cell.compute_dtype)
    input_bias, recurrent_bias = kind.split_bias(bias)
    product = kind.recurrent_product(U, recurrent_bias, ops)
    x, mask = _checked_inputs(x, mask, features=kernel.shape[0], dtype=cell.compute_dtype)
    a = input_part(x, kernel, input_bias, ops)  # (batch, time, gates * units)
    states = cell.get_initial_state(x.shape[0]) if initial_state is None else initial_state
    letters = kind.states
    state = _checked_states(states, letters, (x.shape[0], cell.units), cell.compute_dtype)

    steps = list(range(x.shape[1]))
    activations: dict[int, list[Any]] = {}
    for t in steps[::-1] if layer.go_backwards else steps:
        is_processed = mask[:, t, None]
        after, cache = kind.step(
            a[:, t], state, product, ops, cell.activation, cell.recurrent_activation
        )
        pairs = zip(after, state, strict=True)
        state = tuple(ops.where(is_processed, new, old) for new, old in pairs)
        gates = [ops.where(is_processed, gate, float("nan")) for gate in cache[: len(kind.gates)]]
        activations[t] = [*gates, *state]
    by_letter = zip(*(activations[t] for t in steps), strict=True)
    return {
        letter: ops.convert_to_numpy(ops.stack(arrays, axis=1))
        for letter, arrays in zip((*kind.gates, *letters), by_letter, strict=True)
    }


def _gated_cell(layer: Any) -> tuple[Any, Cell]:
    """Cell of a layer and its entry in `CELLS`; raise TypeError if it has no gates."""
    cell: Any = getattr(layer, "cell", None)
    class_names = {base.__name__ for base in type(cell).__mro__}
    for kind in CELLS.values():
        matches = all(getattr(cell, name, value) == value for name, value in kind.options.items())
        if kind.gates and matches and f"{kind.layer}Cell" in class_names:
            return cell, kind
    listed = ", ".join(dict.fromkeys(kind.layer for kind in CELLS.values() if kind.gates))
    raise TypeError(
        f"{layer!r} has no gates; pass a layer of kind {listed} (of a Bidirectional, its "
        "forward_layer or backward_layer)."
    )


def _checked_states(
    states: Any, letters: tuple[str, ...], shape: tuple[int, int], dtype: str
) -> tuple[Any, ...]:
    """States as tensors of shape (batch, units); raise ValueError on other shapes."""
    tensors = [ops.convert_to_tensor(state, dtype=dtype) for state in states]
    if len(tensors) != len(letters) or any(tuple(state.shape) != shape for state in tensors):
        shapes = [tuple(state.shape) for state in tensors]
        names = " and ".join(letters)
        raise ValueError(f"initial_state has shapes {shapes}; it takes {names} of shape {shape}.")
    return tuple(tensors)


def _checked_inputs(x: Any, mask: Any, features: int, dtype: str) -> tuple[Any, Any]:
    """Inputs and mask as tensors; raise ValueError if their shapes are invalid."""
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
