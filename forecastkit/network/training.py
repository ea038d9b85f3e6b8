"""Gradient descent on a network: the loss, the loop, averaged weights, early stopping."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from forecastkit.errors import TrainingError
from forecastkit.network.build import build, get_weights, named_variables, set_weights
from forecastkit.network.config import NetworkConfig, TrainingConfig
from forecastkit.network.head import quantile_paths
from forecastkit.network.runtime import Weights
from forecastkit.network.sampling import Batch, Sampler

OnStep = Callable[[int], None]
_AVERAGE = 0.98


@dataclass(frozen=True)
class Run:
    """What a training run came to.

    Attributes
    ----------
    weights : dict of ndarray
        Averaged weights, of the best look where there was a validation batch.
    steps : int
        Gradient steps behind them; 0 says that none of the training helped.
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
        What quantiles they are.

    References
    ----------
    Koenker & Bassett, "Regression quantiles", Econometrica 46 (1978).
    """
    error = targets[..., None] - quantiles
    tau = np.array(taus, "float32")
    loss = 2.0 * ops.maximum(tau * error, (tau - 1.0) * error)
    each = loss[..., len(taus) // 2] + ops.mean(loss, axis=-1)
    return ops.sum(each * weights) / ops.maximum(ops.sum(weights), 1e-12)


class Trainer:
    """A network that can be trained again and again from given weights, traced once.

    Parameters
    ----------
    network : NetworkConfig
    training : TrainingConfig
    """

    def __init__(self, network: NetworkConfig, training: TrainingConfig) -> None:
        self.network, self.training = network, training
        self.model = build(network, 0, training.every)
        self.optimizer = keras.optimizers.AdamW(
            learning_rate=training.learning_rate,
            weight_decay=training.weight_decay,
            global_clipnorm=training.clip_norm,
        )
        self.optimizer.build(self.model.trainable_variables)
        self._fresh = [variable.numpy() for variable in self.optimizer.variables]
        self._all = np.ones(len(self.model.trainable_variables), np.float32)
        # compiled by XLA: three seconds once, then two to four times as fast
        self._step = tf.function(self._gradient_step, jit_compile=True)
        self._look = tf.function(self._loss, reduce_retracing=True)

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
            Of starting weights and dropout.
        steps : int
            Gradient steps, at the most where there is a validation batch.
        training : TrainingConfig, optional
            In place of the trainer's own; weight decay, clipping and `every` stay as they are.
        weights : dict of ndarray, optional
            To start from.
        validation : Batch, optional
            Looked at every `check_every` steps; the best look counts.
        on_step : callable, optional
            Called with the number of steps done.

        Raises
        ------
        TrainingError
            If the loss is not finite.
        """
        training = training or self.training
        moves = self._moving(training)
        self.start(seed, weights)
        average = get_weights(self.model)
        best, losses = Run(average, 0, ()), []
        if validation is not None:
            losses.append(self.loss_of(average, validation))
        since = 0
        for step in range(1, steps + 1):
            warmth = min(1.0, step / training.warm_up)
            self.step(sampler.draw(), training.learning_rate * warmth, moves)
            average = self.averaged(average, step)
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

    def step(self, batch: Batch, learning_rate: float, moves: np.ndarray | None = None) -> float:
        """Take one gradient step and return the loss before it.

        Parameters
        ----------
        batch : Batch
        learning_rate : float
        moves : ndarray of float32, shape (n_weights,), optional
            1 for each array of weights that learns, 0 for one that stays; all learn if left out.

        Raises
        ------
        TrainingError
            If the loss is not finite.
        """
        self.optimizer.learning_rate = learning_rate
        moving = tf.convert_to_tensor(self._all if moves is None else moves)
        loss = float(self._step(moving, *_tensors(batch)))
        if not np.isfinite(loss):
            step = int(self.optimizer.iterations)
            raise TrainingError(
                f"The loss is {loss} at step {step}.", fix="Use a smaller learning rate."
            )
        return loss

    def averaged(self, average: Weights, step: int, keep: float = _AVERAGE) -> Weights:
        """Move an exponential average of the weights on by one step."""
        kept = np.float32(min(keep, step / (step + 10)))
        now = named_variables(self.model)
        return {name: kept * old + (1 - kept) * now[name].numpy() for name, old in average.items()}

    def start(self, seed: int, weights: Weights | None = None) -> None:
        """Take the given weights, or those of a seed, and a fresh optimizer."""
        fresh = build(self.network, seed, self.training.every)
        set_weights(self.model, weights or get_weights(fresh))
        for mine, new in zip(_dropouts(self.model), _dropouts(fresh), strict=True):
            mine.seed_generator.state.assign(new.seed_generator.state)
        for variable, value in zip(self.optimizer.variables, self._fresh, strict=True):
            variable.assign(value)

    def loss_of(self, weights: Weights, batch: Batch) -> float:
        """Loss of a batch under given weights, without dropout."""
        mine = get_weights(self.model)
        set_weights(self.model, weights)
        loss = float(self._look(*_tensors(batch)))
        set_weights(self.model, mine)
        return loss

    def _loss(self, x: Any, spread: Any, targets: Any, weights: Any, training: bool = False) -> Any:
        raw = self.model(x, training=training)
        paths = quantile_paths(raw, spread, self.network.quantiles, ops)
        return pinball_loss(paths, targets, weights, self.network.quantiles)

    def _moving(self, training: TrainingConfig) -> np.ndarray:
        """Which arrays of weights learn, in the order of the model."""
        names = named_variables(self.model)
        head = [name.startswith("head/") for name in names]
        return np.array(head, np.float32) if training.head_only else self._all

    def _gradient_step(self, moves: Any, *batch: Any) -> Any:
        with tf.GradientTape() as tape:
            x, spread, targets, weights = batch
            loss = self._loss(x, spread, targets, weights, training=True)
        variables = self.model.trainable_variables
        before = [ops.copy(variable) for variable in variables]
        self.optimizer.apply(tape.gradient(loss, variables), variables)
        for k, variable in enumerate(variables):
            variable.assign(before[k] + moves[k] * (variable - before[k]))
        return loss


def _tensors(batch: Batch) -> tuple[Any, ...]:
    return tuple(tf.convert_to_tensor(array) for array in vars(batch).values())


def _dropouts(model: Any) -> list[Any]:
    return [layer for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
