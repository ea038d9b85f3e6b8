"""A long short-term memory for Keras: `LSTMCell` does a step, `LSTM` the sequence.

The step is `forecastkit.layers.gates.lstm_step`; what is here owns weights and calls it.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops
from keras.src.layers.rnn.dropout_rnn_cell import DropoutRNNCell

from forecastkit.layers.arguments import serialize, set_arguments, shows_cell
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
    """One step of a long short-term memory: gates i, f, o decide what is written, kept, shown.

    Parameters
    ----------
    units : int
        Size of the hidden state, of the cell state and of the output.
    **kwargs
        The arguments of `keras.layers.LSTMCell`, with the same meaning and defaults.

    Notes
    -----
    Weights: `kernel` (features, 4 units), `recurrent_kernel` (units, 4 units), `bias` (4 units,);
    along the last axis stand i, f, g, o. Call: inputs (batch, features) and [h, c], each
    (batch, units), give the output and the new [h, c].

    With `recurrent_dropout`, or `implementation=1`, dropout draws a mask of its own for every gate,
    as in Keras.

    `unit_forget_bias` starts the forget gate's bias at one, so that the cell remembers before it
    has learnt what to forget (Jozefowicz et al., "An empirical exploration of recurrent network
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

    one_drops_all = False

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
        given = {name: value for name, value in locals().items() if name in CELL_ARGUMENTS}
        implementation = kwargs.pop("implementation", 2)
        super().__init__(**kwargs)
        set_arguments(self, given)
        self.implementation = 1 if self.recurrent_dropout else implementation
        if self.implementation == 1:
            self.dropout_mask_count = 4
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.state_size = [units, units]
        self.output_size = units

    def build(self, input_shape: Any) -> None:
        """Make the weights for inputs of shape (batch, features)."""
        start = self._forgetful_bias if self.unit_forget_bias else self.bias_initializer
        add_weights(self, CELLS["lstm"], input_shape[-1], start)

    def _forgetful_bias(self, shape: Any, dtype: Any = None) -> Any:
        units = self.units
        parts = (self.bias_initializer, keras.initializers.Ones(), self.bias_initializer)
        sizes = (units, units, 2 * units)  # i; f; g and o
        return ops.concatenate(
            [part((size,), dtype=dtype) for part, size in zip(parts, sizes, strict=True)]
        )

    def call(self, inputs: Any, states: Any, training: bool = False) -> tuple[Any, list[Any]]:
        """Do one step; see the class."""
        h, c = run_cell(self, "lstm", inputs, states, training)
        return h, [h, c]

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """Return [h, c] of zeros."""
        return [ops.zeros((batch_size, self.units), dtype=self.compute_dtype) for _ in "hc"]

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make the same cell again."""
        own = serialize({name: getattr(self, name) for name in CELL_ARGUMENTS})
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="forecastkit")
@shows_cell(*CELL_ARGUMENTS)
class LSTM(keras.layers.RNN):
    """A long short-term memory over a sequence: drop-in for `keras.layers.LSTM`.

    Parameters
    ----------
    units : int
        Size of the hidden state, of the cell state and of the output.
    **kwargs
        The arguments of `keras.layers.LSTM`, with the same meaning and defaults. One is refused:
        `use_cudnn=True`, since the gate math is that of this package on every device.

    Notes
    -----
    Inputs (batch, time, features) give the last output (batch, units), or all of them
    (batch, time, units) with `return_sequences`; with `return_state` also the last h and c.

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
        given = locals()
        check_cudnn(use_cudnn)
        policy = {name: kwargs[name] for name in ("dtype", "trainable") if name in kwargs}
        masks = kwargs.pop("implementation", 2)
        of_cell = {name: given[name] for name in CELL_ARGUMENTS}
        cell = LSTMCell(**of_cell, implementation=masks, name="lstm_cell", **policy)
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
        """Run over the sequence: last output, all outputs, states; Keras's RNN calls it."""
        if self.unroll or not has_standard_activations(self.cell):
            return super().inner_loop(sequences, initial_state, mask, training)
        return run_layer(self, "lstm", sequences, initial_state, mask, training)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make the same layer again."""
        return sequence_config(self, super().get_config(), CELL_ARGUMENTS)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> LSTM:
        """Make a layer from what `get_config` returned."""
        return cls(**config)
