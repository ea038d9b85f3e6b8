"""Gradient descent on a network: loss, training loop, averaged weights, early stopping."""

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
from forecastkit.training.adamw import adamw, clipped
from forecastkit.training.batches import Batch, Sampler
from forecastkit.training.build import build, get_weights, named_variables
from forecastkit.training.config import TrainingConfig

OnStep = Callable[[int], None]
AVERAGE_DECAY = 0.98
ROWS_PER_EVALUATION = 128  # of a batch: bounds the memory


@dataclass(frozen=True)
class Run:
    """Result of a training run.

    Attributes
    ----------
    weights : dict of ndarray
        Averaged weights, of the best evaluation where there was a validation batch.
    steps : int
        Gradient steps behind them; 0 if no training lowered the validation loss.
    losses : tuple of float
        Validation losses, the first of the untrained network.
    """

    weights: Weights
    steps: int
    losses: tuple[float, ...]


def pinball_loss(
    quantiles: Any, targets: Any, weights: Any, taus: tuple[float, ...], ops: Any = ops
) -> Any:
    """Weighted mean over all targets of the median's loss plus the mean loss of all quantiles.

    Parameters
    ----------
    quantiles : array, shape (..., horizon, n_quantiles)
    targets, weights : array, shape (..., horizon)
    taus : tuple of float
        Their probabilities.

    References
    ----------
    Koenker & Bassett, "Regression quantiles", Econometrica 46 (1978).
    """
    error = targets[..., None] - quantiles
    tau = np.array(taus, "float32")
    loss = 2.0 * ops.maximum(tau * error, (tau - 1.0) * error)
    each = loss[..., len(taus) // 2] + ops.mean(loss, axis=-1)
    return ops.sum(each * weights) / ops.maximum(ops.sum(weights), 1e-12)


@dataclass(frozen=True)
class State:
    """State of a training run, as tensors in the order of the model.

    Attributes
    ----------
    weights, first, second : list of tensor
        Weights, and running means of their gradients and squared gradients.
    seeds : list of tensor
        States of the random numbers of dropout.
    steps : tensor
        Taken so far.
    """

    weights: list[Any]
    first: list[Any]
    second: list[Any]
    seeds: list[Any]
    steps: Any


class Trainer:
    """Gradient steps of a network, compiled once; it holds no state, so threads may share it.

    Parameters
    ----------
    network : NetworkConfig
    training : TrainingConfig
    """

    def __init__(self, network: NetworkConfig, training: TrainingConfig) -> None:
        self.network, self.training = network, training
        self.model = build(network, 0, training.target_stride)
        self.names = list(named_variables(self.model))
        # compiled by XLA: three seconds once, then two to four times as fast
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
        """Train from given weights, or from those of a seed.

        Parameters
        ----------
        sampler : Sampler
            Gives the batches.
        seed : int
            Of initial weights and dropout.
        steps : int
            Gradient steps, a maximum where there is a validation batch.
        training : TrainingConfig, optional
            In place of the trainer's own; weight decay, clipping and target stride stay.
        weights : dict of ndarray, optional
            To start from.
        validation : Batch, optional
            Evaluated every `check_every` steps; the best evaluation counts.
        on_step : callable, optional
            Called with the number of steps done.

        Raises
        ------
        TrainingError
            If the loss is not finite.
        """
        training = training or self.training
        moves = self._moving(training)
        state = self.start(seed, weights)
        average = self.weights_of(state)
        best, losses = Run(average, 0, ()), []
        if validation is not None:
            losses.append(self.loss_of(average, validation))
        since = 0
        for step in range(1, steps + 1):
            warmth = min(1.0, step / training.warm_up)
            state, _ = self.step(state, sampler.draw(), training.learning_rate * warmth, moves)
            average = averaged(average, self.weights_of(state), step)
            if on_step:
                on_step(step)
            if validation is not None and step % training.check_every == 0:
                losses.append(self.loss_of(average, validation))
                since = 0 if losses[-1] < min(losses[:-1]) else since + 1
                if since == 0:
                    best = Run(average, step, ())
                if since > training.patience:
                    break
        if validation is None:
            return Run(average, steps, ())
        return Run(best.weights, best.steps, tuple(losses))

    def start(
        self,
        seed: int,
        weights: Weights | None = None,
        moments: tuple[Weights, Weights] | None = None,
        steps: int = 0,
    ) -> State:
        """Begin with the given weights, or those of a seed, and with moments of zero.

        A run that goes on gives its moments, first and second, and the steps taken.
        """
        fresh = build(self.network, seed, self.training.target_stride)
        mine = weights or get_weights(fresh)
        none = {name: np.zeros_like(one) for name, one in mine.items()}
        now, first, second = (
            [tf.convert_to_tensor(one[name]) for name in self.names]
            for one in (mine, *(moments or (none, none)))
        )
        seeds = [tf.convert_to_tensor(one) for one in fresh.non_trainable_variables]
        return State(now, first, second, seeds, tf.constant(float(steps)))

    def weights_of(self, state: State) -> Weights:
        """Copy the weights out of a state."""
        return {
            name: one.numpy().copy() for name, one in zip(self.names, state.weights, strict=True)
        }

    def step(
        self, state: State, batch: Batch, learning_rate: float, moves: np.ndarray | None = None
    ) -> tuple[State, float]:
        """Take one gradient step and return the loss before it.

        Parameters
        ----------
        state : State
            Stays as it is.
        batch : Batch
        learning_rate : float
        moves : ndarray of float32, shape (n_weights,), optional
            1 for each array of weights that learns, 0 for one that stays; all learn if left out.

        Raises
        ------
        TrainingError
            If the loss is not finite.
        """
        which = np.ones(len(self.names)) if moves is None else moves
        rates = tf.convert_to_tensor((learning_rate * which).astype(np.float32))
        found, loss = self._step(vars(state), rates, *_tensors(batch))
        if not np.isfinite(float(loss)):
            raise TrainingError(
                f"The loss is {float(loss)} at step {int(found['steps'])}.",
                fix="Use a smaller learning rate.",
            )
        return State(**found), float(loss)

    def loss_of(self, weights: Weights, batch: Batch) -> float:
        """Loss of a batch under given weights, without dropout."""
        mine = [tf.convert_to_tensor(weights[name]) for name in self.names]
        seeds = [tf.convert_to_tensor(one) for one in self.model.non_trainable_variables]
        total = weight = 0.0
        for start in range(0, len(batch.x), ROWS_PER_EVALUATION):
            part = batch.rows(slice(start, start + ROWS_PER_EVALUATION))
            counted = float(part.weights.sum(dtype=np.float64))
            total += counted * float(self._evaluate(mine, seeds, *_tensors(part))[0])
            weight += counted
        return total / max(weight, 1e-12)

    def _loss(
        self, mine: Any, seeds: Any, *batch: Any, training: bool = False
    ) -> tuple[Any, list[Any]]:
        """Loss, and the states of the random numbers after it."""
        x, standard_error, targets, weights, future = batch
        seen = [x, future] if self.network.view.n_future else x
        raw, seeds = self.model.stateless_call(mine, seeds, seen, training=training)
        paths = quantile_paths(raw, standard_error, self.network.quantiles, ops)
        return pinball_loss(paths, targets, weights, self.network.quantiles), seeds

    def _moving(self, training: TrainingConfig) -> np.ndarray:
        """Which arrays of weights learn, in the order of the model."""
        return np.array([not training.head_only or one.startswith("head/") for one in self.names])

    def _gradient_step(
        self, state: dict[str, Any], rates: Any, *batch: Any
    ) -> tuple[dict[str, Any], Any]:
        mine, training = state["weights"], self.training
        with tf.GradientTape() as tape:
            tape.watch(mine)
            loss, seeds = self._loss(mine, state["seeds"], *batch, training=True)
        gradients = clipped(tape.gradient(loss, mine), training.clip_norm, ops)
        moments, steps = (state["first"], state["second"]), state["steps"] + 1
        mine, moments = adamw(mine, gradients, moments, steps, rates, training.weight_decay, ops)
        after = State(mine, *moments, seeds, steps)
        return vars(after), loss


def averaged(average: Weights, now: Weights, step: int, keep: float = AVERAGE_DECAY) -> Weights:
    """Move an exponential average of the weights on by one step."""
    kept = np.float32(min(keep, step / (step + 10)))
    return {name: kept * old + (1 - kept) * now[name] for name, old in average.items()}


def _tensors(batch: Batch) -> tuple[Any, ...]:
    return tuple(tf.convert_to_tensor(array) for array in vars(batch).values())
