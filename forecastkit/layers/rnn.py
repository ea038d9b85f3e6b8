"""Simple recurrent network for Keras: `SimpleRNNCell` for a step, `SimpleRNN` for a sequence.

The equations are in `forecastkit.layers.gates.rnn_step`; the classes here hold the weights.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops
from keras.src.layers.rnn.dropout_rnn_cell import DropoutRNNCell

from forecastkit.layers.arguments import expose_cell_arguments, serialize, set_arguments
from forecastkit.layers.cells import CELLS
from forecastkit.layers.sequence import (
    has_standard_activations,
    run_cell,
    run_layer,
    sequence_config,
)
from forecastkit.layers.weights import add_weights

CELL_ARGUMENTS = (
    "units",
    "activation",
    "use_bias",
    "kernel_initializer",
    "recurrent_initializer",
    "bias_initializer",
    "kernel_regularizer",
    "recurrent_regularizer",
    "bias_regularizer",
    "kernel_constraint",
    "recurrent_constraint",
    "bias_constraint",
    "dropout",
    "recurrent_dropout",
    "seed",
)


@keras.saving.register_keras_serializable(package="forecastkit")
class SimpleRNNCell(DropoutRNNCell, keras.layers.Layer):
    """One step of a simple recurrent network, h' = tanh(W x + b + U h).

    Parameters
    ----------
    units : int
        Size of the hidden state and of the output.
    **kwargs
        The arguments of `keras.layers.SimpleRNNCell`, with the same meaning and defaults.

    Notes
    -----
    Weights: `kernel` (features, units), `recurrent_kernel` (units, units), `bias` (units,).
    Call: from inputs (batch, features) and [h], with h (batch, units), to the output and the new
    [h].

    References
    ----------
    Elman, "Finding structure in time", Cognitive Science 14 (1990).

    Examples
    --------
    >>> import numpy as np
    >>> cell = SimpleRNNCell(2, kernel_initializer="ones", recurrent_initializer="zeros")
    >>> output, states = cell(np.array([[0.5, -0.5]], "float32"), [np.zeros((1, 2), "float32")])
    >>> np.asarray(output).tolist()
    [[0.0, 0.0]]
    """

    rate_1_drops_all = True  # dropout rate of 1, as in Keras

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
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
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        arguments = {name: value for name, value in locals().items() if name in CELL_ARGUMENTS}
        super().__init__(**kwargs)
        set_arguments(self, arguments)
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.state_size = self.output_size = units

    def build(self, input_shape: Any) -> None:
        """Create the weights for inputs of shape (batch, features)."""
        add_weights(self, CELLS["rnn"], input_shape[-1], self.bias_initializer)

    def call(self, inputs: Any, states: Any, training: bool = False) -> tuple[Any, Any]:
        """Run one step; see the class."""
        nested = isinstance(states, list | tuple)
        (h,) = run_cell(self, "rnn", inputs, states if nested else [states], training)
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
class SimpleRNN(keras.layers.RNN):
    """A simple recurrent network over a sequence: drop-in for `keras.layers.SimpleRNN`.

    Parameters
    ----------
    units : int
        Size of the hidden state and of the output.
    **kwargs
        The arguments of `keras.layers.SimpleRNN`, with the same meaning and defaults.

    Notes
    -----
    From inputs (batch, time, features), the layer returns the last output (batch, units), or all
    outputs (batch, time, units) with `return_sequences`; with `return_state` also the last state.

    Examples
    --------
    >>> import numpy as np
    >>> SimpleRNN(3, return_sequences=True)(np.zeros((2, 5, 4), "float32")).shape.as_list()
    [2, 5, 3]
    """

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
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
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        arguments = locals()
        policy = {name: kwargs[name] for name in ("dtype", "trainable") if name in kwargs}
        cell_arguments = {name: arguments[name] for name in CELL_ARGUMENTS}
        cell = SimpleRNNCell(**cell_arguments, name="simple_rnn_cell", **policy)
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

    def inner_loop(
        self, sequences: Any, initial_state: Any, mask: Any, training: bool = False
    ) -> tuple[Any, Any, list[Any]]:
        """Return last output, all outputs and last states; called by `keras.layers.RNN`."""
        if self.unroll or not has_standard_activations(self.cell):
            return super().inner_loop(sequences, initial_state, mask, training)
        return run_layer(self, "rnn", sequences, initial_state, mask, training)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments from which the layer can be recreated."""
        return sequence_config(self, super().get_config(), CELL_ARGUMENTS)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SimpleRNN:
        """Create a layer from the result of `get_config`."""
        return cls(**config)
