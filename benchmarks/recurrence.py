"""What the recurrence is worth: LSTM, GRU, simple RNN and an MLP with as many weights and steps.

    python benchmarks/recurrence.py FOLDER [--cells lstm gru rnn mlp] [--steps 6000] [--seed 1]

All are pretrained on the same synthetic batches. The MLP has the same inputs, layers and head, but
no product with its last state, so that it sees the window, the lags and the components only.
Written are FOLDER/CELL.safetensors, which `rolling.py` scores, and printed the losses on synthetic
series of another seed, relative to the baseline forecast, by kind. A run that was stopped is
resumed.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from forecastkit.layers.cells import CELLS, Cell
from forecastkit.training.tensorflow import load_tensorflow

# units for about as many weights as an LSTM of 96 has
UNITS = {"lstm": 96, "gru": 107, "rnn": 158, "mlp": 193}


def mlp_step(a: Any, state: Any, product: Any, ops: Any, *_: Any) -> tuple[Any, Any]:  # noqa: ARG001
    """One step without memory: h' = tanh(W x + b)."""
    return (ops.tanh(a),), ()


def mlp_gradient(dstate: Any, h: Any, cache: Any, back: Any, ops: Any) -> tuple[Any, Any, Any]:  # noqa: ARG001
    """Gradient of `mlp_step`: none reaches the state before."""
    da = dstate[0] * (1.0 - h * h)
    return da, 0.0 * da, (0.0 * da,)


CELLS["mlp"] = Cell(
    layer="MLP",
    states=("h",),
    gates={},
    n_gates=1,
    step=mlp_step,
    step_gradient=mlp_gradient,
    n_cached=0,
    additive=False,
)


def mlp_layer() -> type:
    """Return the Keras layer of the MLP."""
    from forecastkit import layers
    from forecastkit.layers.sequence import run_layer

    class MLP(layers.SimpleRNN):
        """A layer without memory that has the interface of a recurrent one."""

        def inner_loop(
            self, sequences: Any, initial_state: Any, mask: Any, training: bool = False
        ) -> Any:
            """Run over the sequence; Keras's RNN calls it."""
            return run_layer(self, "mlp", sequences, initial_state, mask, training)

    return MLP


def n_weights(cell: str, units: int) -> int:
    """Number of weights that the forecast depends on."""
    from forecastkit.network.config import NetworkConfig, pretrained_view

    shapes = NetworkConfig(cell, units, pretrained_view((1,))).weight_shapes()
    unused = "recurrent_kernel" if cell == "mlp" else "-"
    return sum(int(np.prod(shape)) for name, shape in shapes.items() if unused not in name)


def main() -> None:
    """Pretrain the networks one after the other, and print their losses."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cells", nargs="*", choices=list(UNITS), default=list(UNITS))
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    options.folder.mkdir(exist_ok=True)
    load_tensorflow(1)
    from forecastkit import layers
    from forecastkit.network.pretrained import read_weights
    from forecastkit.pretraining.run import Pretraining, pretrain

    layers.MLP = mlp_layer()  # type: ignore[attr-defined]
    for cell in options.cells:
        output = options.folder / f"{cell}.safetensors"
        if not output.exists():
            run = Pretraining(steps=options.steps, seed=options.seed, cell=cell, units=UNITS[cell])
            pretrain(run, options.folder / f"{cell}.npz", output, lambda line: print(line[:60]))
        losses = read_weights(output)[2]["validation"]
        mean = np.mean(list(losses.values()))
        listed = "  ".join(f"{name} {loss:.3f}" for name, loss in losses.items())
        print(
            f"{cell:5} {n_weights(cell, UNITS[cell]):8,d} weights  {mean:.4f}  {listed}", flush=True
        )


if __name__ == "__main__":
    main()
