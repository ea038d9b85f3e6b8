"""Long short-term memory for Keras: `LSTMCell` for a step, `LSTM` for a sequence.

The equations are in `forecastkit.layers.gates.lstm_step`; the classes here hold the weights.
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

CELL_ARGUMENTS = (*RNN_ARGUMENTS, "recurrent_activation", "unit_forget_bias")


@keras.saving.register_keras_serializable(package="forecastkit")
class LSTMCell(DropoutRNNCell, keras.layers.Layer):
    """One step of a long short-term memory: gates i, f, o control writing, forgetting, output.

    Parameters
    ----------
    units : int
        Size of the hidden state, of the cell state and of the output.
    **kwargs
        The arguments of `keras.layers.LSTMCell`, with the same meaning and defaults.

    Notes
    -----
    Weights: `kernel` (features, 4 units), `recurrent_kernel` (units, 4 units), `bias` (4 units,),
    with i, f, g, o along the last axis. Call: from inputs (batch, features) and [h, c], each
    (batch, units), to the output and the new [h, c].

    With `recurrent_dropout`, or `implementation=1`, dropout masks are drawn per gate, as in Keras.

    `unit_forget_bias` initialises the bias of the forget gate at 1, so that the untrained cell
    retains its state (Jozefowicz et al., "An empirical exploration of recurrent network
    architectures", ICML 2015).

    References
    ----------
    Hochreiter & Schmidhuber, "Long short-term memory", Neural Computation 9 (1997).
    Gers, Schmidhuber & Cummins, "Learning to forget", Neural Computation 12 (2000).

    Examples
    --------
    >>> import numpy as np
    >>> cell, zeros = LSTMCell(2), np.zeros((1, 2), "float32")
    >>> output, (h, c) = cell(np.zeros((1, 3), "float32"), [zeros, zeros])
    >>> np.asarray(c).tolist()
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
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        arguments = {name: value for name, value in locals().items() if name in CELL_ARGUMENTS}
        implementation = kwargs.pop("implementation", 2)
        super().__init__(**kwargs)
        set_arguments(self, arguments)
        self.implementation = 1 if self.recurrent_dropout else implementation
        if self.implementation == 1:
            self.dropout_mask_count = 4
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.state_size = [units, units]
        self.output_size = units

    def build(self, input_shape: Any) -> None:
        """Create the weights for inputs of shape (batch, features)."""
        initializer = self._forget_bias if self.unit_forget_bias else self.bias_initializer
        add_weights(self, CELLS["lstm"], input_shape[-1], initializer)

    def _forget_bias(self, shape: Any, dtype: Any = None) -> Any:
        units = self.units
        initializers = (self.bias_initializer, keras.initializers.Ones(), self.bias_initializer)
        sizes = (units, units, 2 * units)  # i; f; g and o
        blocks = zip(initializers, sizes, strict=True)
        return ops.concatenate([initialize((size,), dtype=dtype) for initialize, size in blocks])

    def call(self, inputs: Any, states: Any, training: bool = False) -> tuple[Any, list[Any]]:
        """Run one step; see the class."""
        h, c = run_cell(self, "lstm", inputs, states, training)
        return h, [h, c]

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """Return [h, c] of zeros."""
        return [ops.zeros((batch_size, self.units), dtype=self.compute_dtype) for _ in "hc"]

    def get_config(self) -> dict[str, Any]:
        """Return the arguments from which the cell can be recreated."""
        own = serialize({name: getattr(self, name) for name in CELL_ARGUMENTS})
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="forecastkit")
@expose_cell_arguments(*CELL_ARGUMENTS)
class LSTM(keras.layers.RNN):
    """A long short-term memory over a sequence: drop-in for `keras.layers.LSTM`.

    Parameters
    ----------
    units : int
        Size of the hidden state, of the cell state and of the output.
    **kwargs
        The arguments of `keras.layers.LSTM`, with the same meaning and defaults, except that
        `use_cudnn=True` is refused: the gate math is that of this package on every device.

    Notes
    -----
    From inputs (batch, time, features), the layer returns the last output (batch, units), or all
    outputs (batch, time, units) with `return_sequences`; with `return_state` also the last h and c.

    Examples
    --------
    >>> import numpy as np
    >>> output, h, c = LSTM(3, return_state=True)(np.zeros((2, 5, 4), "float32"))
    >>> c.shape.as_list()
    [2, 3]
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
        unit_forget_bias: bool = True,
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
        use_cudnn: str | bool = "auto",
        **kwargs: Any,
    ) -> None:
        arguments = locals()
        check_cudnn(use_cudnn)
        policy = {name: kwargs[name] for name in ("dtype", "trainable") if name in kwargs}
        implementation = kwargs.pop("implementation", 2)
        cell_arguments = {name: arguments[name] for name in CELL_ARGUMENTS}
        cell = LSTMCell(**cell_arguments, implementation=implementation, name="lstm_cell", **policy)
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
        return run_layer(self, "lstm", sequences, initial_state, mask, training)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments from which the layer can be recreated."""
        return sequence_config(self, super().get_config(), CELL_ARGUMENTS)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> LSTM:
        """Create a layer from the result of `get_config`."""
        return cls(**config)
