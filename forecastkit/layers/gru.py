"""Gated recurrent unit for Keras: `GRUCell` for a step, `GRU` for a sequence.

The equations are in `forecastkit.layers.gates`, with the reset gate after the recurrent product or
before it; the classes here hold the weights.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops
from keras.src.layers.rnn.dropout_rnn_cell import DropoutRNNCell

from forecastkit.layers.arguments import expose_cell_arguments, serialize, set_arguments
from forecastkit.layers.cells import CELLS
from forecastkit.layers.rnn import CELL_ARGUMENTS as RNN_ARGUMENTS
from forecastkit.layers.sequence import (
    check_cudnn,
    has_standard_activations,
    run_cell,
    run_layer,
    sequence_config,
)
from forecastkit.layers.weights import add_weights

CELL_ARGUMENTS = (*RNN_ARGUMENTS, "recurrent_activation", "reset_after")


def _equations(reset_after: bool) -> str:
    """Name in `CELLS` of the equations."""
    return "gru" if reset_after else "gru_reset_before"


@keras.saving.register_keras_serializable(package="forecastkit")
class GRUCell(DropoutRNNCell, keras.layers.Layer):
    """One step of a gated recurrent unit: gates z and r control updating and resetting.

    Parameters
    ----------
    units : int
        Size of the hidden state and of the output.
    reset_after : bool
        Whether the reset gate multiplies U h (the default, as in cuDNN), or h before the product.
    **kwargs
        The arguments of `keras.layers.GRUCell`, with the same meaning and defaults.

    Notes
    -----
    Weights: `kernel` (features, 3 units), `recurrent_kernel` (units, 3 units), and `bias`, of shape
    (2, 3 units) with `reset_after`, for W x and for U h, otherwise (3 units,); with z, r and the
    candidate along the last axis. Call: from inputs (batch, features) and [h], with h
    (batch, units), to the output and the new [h].

    With `recurrent_dropout`, or `implementation=1`, dropout masks are drawn per gate, as in Keras.

    References
    ----------
    Cho et al., "Learning phrase representations using RNN encoder-decoder for statistical machine
    translation", EMNLP 2014.

    Examples
    --------
    >>> import numpy as np
    >>> cell = GRUCell(2)
    >>> output, states = cell(np.zeros((1, 3), "float32"), [np.zeros((1, 2), "float32")])
    >>> np.asarray(output).tolist()
    [[0.0, 0.0]]
    """

    rate_1_drops_all = False  # dropout rate of 1, as in Keras

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        reset_after: bool = True,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        arguments = {name: value for name, value in locals().items() if name in CELL_ARGUMENTS}
        implementation = kwargs.pop("implementation", 2)
        super().__init__(**kwargs)
        set_arguments(self, arguments)
        self.implementation = 1 if self.recurrent_dropout else implementation
        if self.implementation == 1:
            self.dropout_mask_count = 3
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.state_size = self.output_size = units

    def build(self, input_shape: Any) -> None:
        """Create the weights for inputs of shape (batch, features)."""
        kind = CELLS[_equations(self.reset_after)]
        add_weights(self, kind, input_shape[-1], self.bias_initializer)

    def call(self, inputs: Any, states: Any, training: bool = False) -> tuple[Any, Any]:
        """Run one step; see the class."""
        nested, kind = isinstance(states, list | tuple), _equations(self.reset_after)
        (h,) = run_cell(self, kind, inputs, states if nested else [states], training)
        return h, [h] if nested else h

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """Return [h] of zeros."""
        return [ops.zeros((batch_size, self.units), dtype=self.compute_dtype)]

    def get_config(self) -> dict[str, Any]:
        """Return the arguments from which the cell can be recreated."""
        own = serialize({name: getattr(self, name) for name in CELL_ARGUMENTS})
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="forecastkit")
@expose_cell_arguments(*CELL_ARGUMENTS)
class GRU(keras.layers.RNN):
    """A gated recurrent unit over a sequence: drop-in for `keras.layers.GRU`.

    Parameters
    ----------
    units : int
        Size of the hidden state and of the output.
    reset_after : bool
        Whether the reset gate multiplies U h (the default, as in cuDNN), or h before the product.
    **kwargs
        The arguments of `keras.layers.GRU`, with the same meaning and defaults, except that
        `use_cudnn=True` is refused: the gate math is that of this package on every device.

    Notes
    -----
    From inputs (batch, time, features), the layer returns the last output (batch, units), or all
    outputs (batch, time, units) with `return_sequences`; with `return_state` also the last state.

    Examples
    --------
    >>> import numpy as np
    >>> GRU(3, return_sequences=True)(np.zeros((2, 5, 4), "float32")).shape.as_list()
    [2, 5, 3]
    """

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        reset_after: bool = True,
        use_cudnn: str | bool = "auto",
        **kwargs: Any,
    ) -> None:
        arguments = locals()
        check_cudnn(use_cudnn)
        policy = {name: kwargs[name] for name in ("dtype", "trainable") if name in kwargs}
        implementation = kwargs.pop("implementation", 2)
        cell_arguments = {name: arguments[name] for name in CELL_ARGUMENTS}
        cell = GRUCell(**cell_arguments, implementation=implementation, name="gru_cell", **policy)
        super().__init__(
            cell,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        self.input_spec = keras.layers.InputSpec(ndim=3)
        self.use_cudnn = use_cudnn

    def inner_loop(
        self, sequences: Any, initial_state: Any, mask: Any, training: bool = False
    ) -> tuple[Any, Any, list[Any]]:
        """Return last output, all outputs and last states; called by `keras.layers.RNN`."""
        if self.unroll or not has_standard_activations(self.cell):
            return super().inner_loop(sequences, initial_state, mask, training)
        kind = _equations(self.reset_after)
        return run_layer(self, kind, sequences, initial_state, mask, training)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments from which the layer can be recreated."""
        return sequence_config(self, super().get_config(), CELL_ARGUMENTS)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> GRU:
        """Create a layer from the result of `get_config`."""
        return cls(**config)
