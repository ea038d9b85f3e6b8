"""Training of one network: loss, gradient steps, weight averaging, early stopping."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops

from forecastkit.errors import TrainingError
from forecastkit.network.config import NetworkConfig
from forecastkit.network.head import quantile_paths
from forecastkit.network.runtime import Weights
from forecastkit.training.adamw import adamw, clip_by_global_norm
from forecastkit.training.batches import Batch, Sampler
from forecastkit.training.build import build, get_weights, named_variables
from forecastkit.training.config import TrainingConfig

# called with the number of every step; training stops if it returns True
OnStep = Callable[[int], bool | None]
AVERAGE_DECAY = 0.98
SEQUENCES_PER_EVALUATION = 128  # limits memory


@dataclass(frozen=True)
class Run:
    """Result of a training run.

    Attributes
    ----------
    weights : dict of ndarray
        Averaged weights: with a validation batch those of the best evaluation, else the last.
    steps : int
        Gradient steps up to these weights; 0 if none lowered the validation loss.
    losses : tuple of float
        Validation losses, the first one before training; empty without a validation batch.
    """

    weights: Weights
    steps: int
    losses: tuple[float, ...]


def pinball_loss(
    quantiles: Any, targets: Any, weights: Any, taus: tuple[float, ...], ops: Any = ops
) -> Any:
    """Weighted mean over the targets of the loss of the median plus the mean loss of all quantiles.

    Parameters
    ----------
    quantiles : array, shape (..., horizon, n_quantiles)
    targets : array, shape (..., horizon, n_draws)
        Equally likely values, over which the loss is averaged.
    weights : array, shape (..., horizon)
    taus : tuple of float
        Probabilities of the quantiles, 0.5 in the middle.

    References
    ----------
    Koenker & Bassett, "Regression quantiles", Econometrica 46 (1978).
    """
    error = targets[..., None, :] - quantiles[..., None]  # (..., horizon, n_quantiles, n_draws)
    tau = np.array(taus, "float32")[:, None]
    loss = 2.0 * ops.mean(ops.maximum(tau * error, (tau - 1.0) * error), axis=-1)
    target_loss = loss[..., len(taus) // 2] + ops.mean(loss, axis=-1)
    return ops.sum(target_loss * weights) / ops.maximum(ops.sum(weights), 1e-12)


@dataclass(frozen=True)
class State:
    """State of a training run, as tensors in the order of the model's weights.

    Attributes
    ----------
    weights, first, second : list of tensor
        Weights, and AdamW's first and second moments of their gradients.
    seeds : list of tensor
        States of the random number generators of dropout.
    steps : tensor
        Number of steps taken.
    """

    weights: list[Any]
    first: list[Any]
    second: list[Any]
    seeds: list[Any]
    steps: Any


class Trainer:
    """Trains a network by gradient steps compiled once; stateless, so threads can share it.

    Parameters
    ----------
    network : NetworkConfig
    training : TrainingConfig
    """

    def __init__(self, network: NetworkConfig, training: TrainingConfig) -> None:
        self.network, self.training = network, training
        self.model = build(network, 0, training.target_stride)
        self.names = list(named_variables(self.model))
        # compilation by XLA takes three seconds and makes steps two to four times as fast
        self._step = tf.function(self._gradient_step, jit_compile=True)
        self._evaluate = tf.function(self._loss, reduce_retracing=True)

    def run(
        self,
        sampler: Sampler,
        *,
        seed: int,
        steps: int,
        training: TrainingConfig | None = None,
        weights: Weights | None = None,
        validation: Batch | None = None,
        on_step: OnStep | None = None,
    ) -> Run:
        """Train from the given weights, or from random ones.

        Parameters
        ----------
        sampler : Sampler
            Source of the batches.
        seed : int
            Of random initial weights and dropout.
        steps : int
            Number of gradient steps; a maximum with a validation batch.
        training : TrainingConfig, optional
            Overrides the settings of the trainer, except for weight decay, clipping and target
            stride.
        weights : dict of ndarray, optional
            Initial weights.
        validation : Batch, optional
            Evaluated every `check_every` steps, for early stopping.
        on_step : callable, optional
            Called after every step with its number; True ends the training.

        Raises
        ------
        TrainingError
            If the loss is not finite.
        """
        training = training or self.training
        trainable = self._trainable(training)
        state = self.start(seed, weights)
        average = self.weights_of(state)
        best, losses = Run(average, 0, ()), []
        if validation is not None:
            losses.append(self.loss_of(average, validation))
        n_without_improvement = 0
        step = 0
        for step in range(1, steps + 1):
            learning_rate = training.learning_rate * min(1.0, step / training.warm_up)
            state, _ = self.step(state, sampler.draw(), learning_rate, trainable)
            average = update_average(average, self.weights_of(state), step)
            stopped = bool(on_step and on_step(step))
            if validation is not None and (stopped or step % training.check_every == 0):
                losses.append(self.loss_of(average, validation))
                improved = losses[-1] < min(losses[:-1])
                n_without_improvement = 0 if improved else n_without_improvement + 1
                if improved:
                    best = Run(average, step, ())
                stopped = stopped or n_without_improvement > training.patience
            if stopped:
                break
        if validation is None:
            return Run(average, step, ())
        return Run(best.weights, best.steps, tuple(losses))

    def start(
        self,
        seed: int,
        weights: Weights | None = None,
        moments: tuple[Weights, Weights] | None = None,
        steps: int = 0,
    ) -> State:
        """Return the initial state, or that of a resumed run.

        Parameters
        ----------
        seed : int
            Of random initial weights and dropout.
        weights : dict of ndarray, optional
            Random by default.
        moments : (dict of ndarray, dict of ndarray), optional
            First and second moments of the gradients; zero by default.
        steps : int
            Number of steps already taken.
        """
        model = build(self.network, seed, self.training.target_stride)
        weights = weights or get_weights(model)
        zeros = {name: np.zeros_like(array) for name, array in weights.items()}
        weight_tensors, first, second = (
            [tf.convert_to_tensor(arrays[name]) for name in self.names]
            for arrays in (weights, *(moments or (zeros, zeros)))
        )
        seeds = [tf.convert_to_tensor(variable) for variable in model.non_trainable_variables]
        return State(weight_tensors, first, second, seeds, tf.constant(float(steps)))

    def weights_of(self, state: State) -> Weights:
        """Return a copy of the weights of a state, by name."""
        pairs = zip(self.names, state.weights, strict=True)
        return {name: tensor.numpy().copy() for name, tensor in pairs}

    def step(
        self, state: State, batch: Batch, learning_rate: float, trainable: np.ndarray | None = None
    ) -> tuple[State, float]:
        """Take one gradient step and return the new state, and the loss before the step.

        Parameters
        ----------
        state : State
            Not modified.
        batch : Batch
        learning_rate : float
        trainable : ndarray of bool, shape (n_weights,), optional
            Whether each weight array is updated; all are by default.

        Raises
        ------
        TrainingError
            If the loss is not finite.
        """
        mask = np.ones(len(self.names)) if trainable is None else trainable
        rates = tf.convert_to_tensor((learning_rate * mask).astype(np.float32))
        updated, loss = self._step(vars(state), rates, *_tensors(batch))
        if not np.isfinite(float(loss)):
            raise TrainingError(
                f"The loss is {float(loss)} at step {int(updated['steps'])}.",
                fix="Use a smaller learning rate.",
            )
        return State(**updated), float(loss)

    def loss_of(self, weights: Weights, batch: Batch) -> float:
        """Return the loss of a batch for given weights, without dropout."""
        tensors = [tf.convert_to_tensor(weights[name]) for name in self.names]
        seeds = [tf.convert_to_tensor(seed) for seed in self.model.non_trainable_variables]
        total = total_weight = 0.0
        for start in range(0, len(batch.x), SEQUENCES_PER_EVALUATION):
            chunk = batch.rows(slice(start, start + SEQUENCES_PER_EVALUATION))
            weight = float(chunk.weights.sum(dtype=np.float64))
            total += weight * float(self._evaluate(tensors, seeds, *_tensors(chunk))[0])
            total_weight += weight
        return total / max(total_weight, 1e-12)

    def _loss(
        self, weights: Any, seeds: Any, *batch: Any, training: bool = False
    ) -> tuple[Any, list[Any]]:
        """Return the loss, and the updated states of the random number generators."""
        x, standard_error, targets, target_weights, future = batch
        inputs = [x, future] if self.network.view.n_future else x
        raw, seeds = self.model.stateless_call(weights, seeds, inputs, training=training)
        paths = quantile_paths(raw, standard_error, self.network.quantiles, ops)
        return pinball_loss(paths, targets, target_weights, self.network.quantiles), seeds

    def _trainable(self, training: TrainingConfig) -> np.ndarray:
        """Return which weight arrays are updated, in the order of the model."""
        return np.array([not training.head_only or name.startswith("head/") for name in self.names])

    def _gradient_step(
        self, state: dict[str, Any], rates: Any, *batch: Any
    ) -> tuple[dict[str, Any], Any]:
        weights, training = state["weights"], self.training
        with tf.GradientTape() as tape:
            tape.watch(weights)
            loss, seeds = self._loss(weights, state["seeds"], *batch, training=True)
        gradients = clip_by_global_norm(tape.gradient(loss, weights), training.clip_norm, ops)
        moments, steps = (state["first"], state["second"]), state["steps"] + 1
        weights, moments = adamw(
            weights, gradients, moments, steps, rates, training.weight_decay, ops
        )
        return vars(State(weights, *moments, seeds, steps)), loss


def update_average(
    average: Weights, weights: Weights, step: int, decay: float = AVERAGE_DECAY
) -> Weights:
    """Update an exponential moving average of the weights, with a smaller decay in early steps."""
    decay_now = np.float32(min(decay, step / (step + 10)))
    return {
        name: decay_now * mean + (1 - decay_now) * weights[name] for name, mean in average.items()
    }


def _tensors(batch: Batch) -> tuple[Any, ...]:
    return tuple(tf.convert_to_tensor(array) for array in vars(batch).values())
