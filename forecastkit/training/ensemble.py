"""Training of an ensemble: settings selected on validation windows, members trained on all data."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Lock

import numpy as np

from forecastkit.model.distribution import Part
from forecastkit.network.runtime import Member
from forecastkit.notes import Note
from forecastkit.series.components import Components, measure
from forecastkit.series.effects import Adjusted, CovariateFeatures, Effects
from forecastkit.series.panel import Panel
from forecastkit.series.windows import Windows
from forecastkit.training.batches import Sampler, useful_batch_size, validation_batch
from forecastkit.training.config import SCALE_POWERS, TrainingConfig
from forecastkit.training.holdout import Holdout, hold_out_windows, holdout_loss
from forecastkit.training.plan import Plan, Recipe
from forecastkit.training.trainer import Run, Trainer

OnStep = Callable[[int], None]
# an adjusted panel, its components and its covariate features
_NetworkData = tuple[Panel, Components, CovariateFeatures | None]
_MAX_THREADS = 4
# maximum validation loss of networks trained from scratch, relative to the lowest loss
_MAX_RELATIVE_LOSS = 1.01


@dataclass(frozen=True)
class Ensemble:
    """Result of training an ensemble.

    Attributes
    ----------
    members : tuple of Member
        Trained on the whole panel.
    val_members : tuple of Member
        One per selected recipe, not trained on the validation windows.
    notes : list of Note
    steps : int
        Gradient steps of all members together.
    """

    members: tuple[Member, ...]
    val_members: tuple[Member, ...]
    notes: list[Note]
    steps: int


@dataclass(frozen=True)
class _Candidate:
    """The best training run of a recipe, and its loss on the validation windows."""

    recipe: int
    training: TrainingConfig
    run: Run
    loss: float


class EnsembleTrainer:
    """Trains the networks of a plan in parallel; the gradient step of a recipe is compiled once.

    Parameters
    ----------
    plan : Plan
    seed : int
        Of the first network; the seeds of the others follow it.
    on_step : callable, optional
        Called after every gradient step.
    """

    def __init__(self, plan: Plan, seed: int, on_step: OnStep | None = None) -> None:
        self.plan, self.seed, self.on_step = plan, seed, on_step
        self.batch_sizes: dict[int, int] = {}
        self._trainers: dict[int, Trainer] = {}
        self._lock = Lock()

    @property
    def max_steps(self) -> int:
        """Maximum number of gradient steps per call of `fit`."""
        return sum(
            sum(training.max_steps for training in recipe.trainings)
            + recipe.n_members * max(training.max_steps for training in recipe.trainings)
            for recipe in self.plan.recipes
        )

    def fit(
        self,
        panel: Panel,
        val_size: int,
        season_length: int,
        effects: tuple[Effects | None, Effects | None] = (None, None),
        n_val_windows: int = 1,
    ) -> Ensemble:
        """Select the training settings on the validation windows, then train on the whole panel.

        Parameters
        ----------
        panel : Panel
            In the original units of its series.
        val_size : int
            Steps of a validation window, at the end of every series.
        season_length : int
            Of the seasonal naive errors by which losses are scaled.
        effects : (Effects or None, Effects or None)
            Covariate effects, estimated without the validation windows and on the whole panel.
        n_val_windows : int
            Number of consecutive validation windows.
        """
        incumbent = self.plan.incumbent
        if val_size < 1:
            notes = [Note(self._incumbent_name(), "used without training: too few values")]
            return Ensemble((incumbent,), (incumbent,), notes, 0)
        n_val_steps = val_size * n_val_windows
        holdout = hold_out_windows(panel, val_size, n_val_windows, max_series=512)
        with ThreadPoolExecutor(min(_MAX_THREADS, os.cpu_count() or 1)) as pool:
            data = self._validation_data(panel, n_val_steps, effects[0])
            candidates = self._candidates(
                pool, data, holdout, n_val_steps, season_length, effects[0]
            )
            loss = holdout_loss(holdout, Part("", 1.0, (incumbent,)), season_length, effects[0])
            selected = self._selected(candidates, loss)
            members = [] if any(map(self._is_tuned, selected)) else [incumbent]
            members += self._members(pool, panel, selected, effects[1])
        val_members = [
            Member(self._recipe(candidate).network, candidate.run.weights) for candidate in selected
        ]
        if len(members) > sum(self._recipe(candidate).n_members for candidate in selected):
            val_members = [incumbent, *val_members]
        steps = sum(
            candidate.run.steps * self._recipe(candidate).n_members for candidate in selected
        )
        return Ensemble(
            tuple(members),
            tuple(val_members),
            self._notes(candidates, selected, loss, n_val_steps),
            steps,
        )

    def _recipe(self, candidate: _Candidate) -> Recipe:
        return self.plan.recipes[candidate.recipe]

    def _is_tuned(self, candidate: _Candidate) -> bool:
        return self._recipe(candidate).start is not None

    def _selected(
        self, candidates: Sequence[_Candidate], incumbent_loss: float
    ) -> list[_Candidate]:
        """Return the candidates that training improved and whose validation loss is low enough.

        Fine-tuned networks must be at least as good as the incumbent, networks trained from
        scratch almost as good as the best.
        """
        improved = [candidate for candidate in candidates if candidate.run.steps > 0]
        lowest = min([incumbent_loss, *(candidate.loss for candidate in improved)])
        return [
            candidate
            for candidate in improved
            if candidate.loss
            <= (incumbent_loss if self._is_tuned(candidate) else _MAX_RELATIVE_LOSS * lowest)
        ]

    def _incumbent_name(self) -> str:
        tuned = any(recipe.start is not None for recipe in self.plan.recipes)
        return "the pretrained network" if tuned else "the statistical baseline forecast"

    def _candidates(
        self,
        pool: ThreadPoolExecutor,
        data: tuple[_NetworkData, ...],
        holdout: Holdout,
        n_val_steps: int,
        season_length: int,
        effects: Effects | None,
    ) -> list[_Candidate]:
        """Return the best training run of each recipe that has training data."""
        tasks = [
            (index, training)
            for index, recipe in enumerate(self.plan.recipes)
            for training in recipe.trainings
        ]
        runs = pool.map(lambda task: self._early_stopped(task, data, n_val_steps), tasks)
        best: dict[int, _Candidate] = {}
        for (index, training), run in zip(tasks, runs, strict=True):
            if run is None:
                continue
            member = Member(self.plan.recipes[index].network, run.weights)
            loss = holdout_loss(holdout, Part("", 1.0, (member,)), season_length, effects)
            if index not in best or loss < best[index].loss:
                best[index] = _Candidate(index, training, run, loss)
        return list(best.values())

    def _validation_data(
        self, panel: Panel, n_val_steps: int, effects: Effects | None
    ) -> tuple[_NetworkData, ...]:
        """Return the network data without and with the validation windows."""
        past = panel.drop_last(n_val_steps)
        memory = self.plan.season_lengths, self.plan.has_slow_memory
        # scale and effects are those of the past, in the validation windows too
        panels = [Adjusted.of(source, effects, past=past) for source in (past, panel)]
        features = panels[0].features
        return tuple((each.panel, measure(each.panel, *memory), features) for each in panels)

    def _early_stopped(
        self, task: tuple[int, TrainingConfig], data: tuple[_NetworkData, ...], n_val_steps: int
    ) -> Run | None:
        """Train before the validation windows, with early stopping on them."""
        index, training = task
        recipe = self.plan.recipes[index]
        past, whole = (
            Windows(panel, components, recipe.network.view, features)
            for panel, components, features in data
        )
        if not _has_targets(past):
            return None
        validation = validation_batch(whole, training, n_val_steps, self.seed)
        if validation is None:
            return None
        return self._trainer(index).run(
            self._sampler(index, past, training, self.seed),
            seed=self.seed,
            steps=training.max_steps,
            training=training,
            weights=recipe.start,
            validation=validation,
            on_step=self.on_step,
        )

    def _members(
        self,
        pool: ThreadPoolExecutor,
        panel: Panel,
        selected: Sequence[_Candidate],
        effects: Effects | None,
    ) -> list[Member]:
        """Train the members of the selected recipes on the whole panel."""

        def train(task: tuple[_Candidate, int]) -> Member:
            candidate, k = task
            recipe = self._recipe(candidate)
            power = SCALE_POWERS[k % len(SCALE_POWERS)]
            training = replace(candidate.training, scale_power=power)
            seed = self.seed + k
            run = self._trainer(candidate.recipe).run(
                self._sampler(candidate.recipe, windows[candidate.recipe], training, seed),
                seed=seed,
                steps=candidate.run.steps,
                training=training,
                weights=recipe.start,
                on_step=self.on_step,
            )
            return Member(recipe.network, run.weights)

        adjusted = Adjusted.of(panel, effects)
        features = adjusted.features
        components = measure(adjusted.panel, self.plan.season_lengths, self.plan.has_slow_memory)
        windows = {
            candidate.recipe: Windows(
                adjusted.panel, components, self._recipe(candidate).network.view, features
            )
            for candidate in selected
        }
        tasks = [
            (candidate, k)
            for candidate in selected
            for k in range(self._recipe(candidate).n_members)
        ]
        return list(pool.map(train, tasks))

    def _trainer(self, index: int) -> Trainer:
        """Return the trainer of a recipe, which all threads share."""
        with self._lock:
            if index not in self._trainers:
                recipe = self.plan.recipes[index]
                self._trainers[index] = Trainer(recipe.network, recipe.trainings[0])
        return self._trainers[index]

    def _sampler(
        self, index: int, windows: Windows, training: TrainingConfig, seed: int
    ) -> Sampler:
        # one size per recipe: the step would be compiled again for another
        size = self.batch_sizes.setdefault(
            index, useful_batch_size(windows.panel, windows.view, training.batch_size)
        )
        return Sampler(windows, training, seed + 1000, size)

    def _notes(
        self,
        candidates: Sequence[_Candidate],
        selected: Sequence[_Candidate],
        incumbent_loss: float,
        n_val_steps: int,
    ) -> list[Note]:
        notes, name = [], self._incumbent_name()
        if not any(map(self._is_tuned, selected)):
            why = f"training did not lower the loss on the last {n_val_steps} steps"
            why = why if candidates else "too few values"
            notes.append(Note(name, f"used without training: {why}"))
        for candidate in selected:
            what = "fine-tuned" if self._is_tuned(candidate) else "trained from scratch"
            layers = ", last layer only" if candidate.training.head_only else ""
            gain = 100 * (1 - candidate.loss / incumbent_loss) if incumbent_loss else 0.0
            n = self._recipe(candidate).n_members
            notes.append(
                Note(
                    f"{n} network{'s' if n > 1 else ''} {what}, {candidate.run.steps} steps each",
                    f"learning rate {candidate.training.learning_rate:g}{layers}; "
                    f"{abs(gain):.1f} % {'lower' if gain >= 0 else 'higher'} loss than {name} "
                    f"on the last {n_val_steps} steps",
                )
            )
        return notes


def _has_targets(windows: Windows) -> bool:
    """Whether an observed value follows a cutoff that training uses."""
    panel = windows.panel
    observed = np.flatnonzero(~np.isnan(panel.values))
    cutoffs = observed - 1
    in_series = cutoffs >= panel.offsets[panel.owner[observed]]
    return bool(windows.is_used(cutoffs[in_series]).any())
