"""Training of an ensemble: settings selected on validation windows, members trained on all data."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import Event, Lock

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
from forecastkit.training.deadline import NEVER, Deadline
from forecastkit.training.holdout import Validation, hold_out_windows, holdout_loss
from forecastkit.training.plan import Plan, Recipe, Selected
from forecastkit.training.progress import Silent, Watch
from forecastkit.training.trainer import OnStep, Run, Trainer

# an adjusted panel, its components and its covariate features
_NetworkData = tuple[Panel, Components, CovariateFeatures | None]
_MAX_THREADS = 4
# maximum validation loss of networks trained from scratch, relative to the lowest loss
_MAX_RELATIVE_LOSS = 1.01
# share of the remaining time in which settings are selected; seconds below which nothing is
# trained, because compiling a gradient step takes some of them
_SELECTION_SHARE, _MIN_SECONDS = 0.6, 10.0
# a network trained from scratch is discarded with a smaller share of its steps
_MIN_STEPS_SHARE = 0.7


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
    selection : tuple of Selected
        Settings of the members.
    losses : tuple of (str, tuple of float)
        Validation losses of each candidate, the first one before training.
    """

    members: tuple[Member, ...]
    val_members: tuple[Member, ...]
    notes: list[Note]
    steps: int
    selection: tuple[Selected, ...] = ()
    losses: tuple[tuple[str, tuple[float, ...]], ...] = ()


@dataclass(frozen=True)
class _Candidate:
    """The best training run of a recipe, and its loss on the validation windows."""

    selected: Selected
    run: Run
    loss: float


class EnsembleTrainer:
    """Trains the networks of a plan in parallel; the gradient step of a recipe is compiled once.

    Parameters
    ----------
    plan : Plan
    seed : int
        Of the first network; the seeds of the others follow it.
    watch : Watch, optional
        Observer of the phases and gradient steps.
    """

    def __init__(self, plan: Plan, seed: int, watch: Watch | None = None) -> None:
        self.plan, self.seed, self.watch = plan, seed, watch or Silent()
        self.stopped = Event()  # read by all threads at every step
        self.batch_sizes: dict[int, int] = {}
        self._trainers: dict[int, Trainer] = {}
        self._lock = Lock()

    def fit(
        self,
        panel: Panel,
        validation: Validation,
        effects: tuple[Effects | None, Effects | None] = (None, None),
        selection: Sequence[Selected] | None = None,
        deadline: Deadline = NEVER,
    ) -> Ensemble:
        """Select the training settings on the validation windows, then train on the whole panel.

        Parameters
        ----------
        panel : Panel
            In the original units of its series.
        validation : Validation
        effects : (Effects or None, Effects or None)
            Covariate effects, estimated without the validation windows and on the whole panel.
        selection : sequence of Selected, optional
            Settings selected before on an earlier part of the panel, in place of a new selection.
        deadline : Deadline
            Training ends when it has passed, with the weights so far.
        """
        incumbent = self.plan.incumbent
        if validation.size < 1 or deadline.remaining < _MIN_SECONDS:
            why = "too few values" if validation.size < 1 else "no time left"
            notes = [Note(self._incumbent_name(), f"used without training: {why}")]
            return Ensemble((incumbent,), (incumbent,), notes, 0)
        holdout = hold_out_windows(panel, validation.size, validation.n_windows, max_series=512)

        def loss_of(member: Member) -> float:
            part = Part("", 1.0, (member,))
            return holdout_loss(holdout, part, validation.season_length, effects[0])

        with self._pool() as pool:
            members = self._members(pool, panel, selection or (), effects[1], deadline)
            data = self._validation_data(panel, validation.n_steps, effects[0])
            end = deadline if selection is not None else deadline.share(_SELECTION_SHARE)
            candidates = self._candidates(pool, data, loss_of, validation.n_steps, selection, end)
            loss = loss_of(incumbent)
            selected = candidates if selection is not None else self._selected(candidates, loss)
            chosen = [candidate.selected for candidate in selected]
            if selection is None:
                n = sum(self.plan.recipes[each.recipe].n_members for each in chosen)
                self.watch.phase(f"training {n} network{'s' * (n != 1)}", self._n_steps(chosen))
                members = self._members(pool, panel, chosen, effects[1], deadline)
            trained = [member for future in members if (member := future.result()) is not None]
        val_members = [Member(self._recipe(one).network, one.run.weights) for one in selected]
        if not trained or not any(map(self._is_tuned, selected)):
            trained, val_members = [incumbent, *trained], [incumbent, *val_members]
        return Ensemble(
            tuple(trained),
            tuple(val_members),
            self._notes(candidates, selected, loss, validation.n_steps),
            self._n_steps(chosen),
            tuple(chosen),
            tuple((self._kind(one), one.run.losses) for one in candidates if one.run.losses),
        )

    def _kind(self, candidate: _Candidate) -> str:
        return "fine-tuned" if self._is_tuned(candidate) else "from scratch"

    def _n_steps(self, selection: Sequence[Selected]) -> int:
        """Gradient steps of all members together."""
        pairs = [(each.steps or 0, self.plan.recipes[each.recipe]) for each in selection]
        return sum(steps * recipe.n_members for steps, recipe in pairs)

    @contextmanager
    def _pool(self) -> Iterator[ThreadPoolExecutor]:
        """Threads for training; an interruption ends them at their next step."""
        self.stopped.clear()
        pool = ThreadPoolExecutor(min(_MAX_THREADS, os.cpu_count() or 1))
        try:
            yield pool
        except BaseException:
            self.stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        pool.shutdown()

    def _recipe(self, candidate: _Candidate) -> Recipe:
        return self.plan.recipes[candidate.selected.recipe]

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
        loss_of: Callable[[Member], float],
        n_val_steps: int,
        selection: Sequence[Selected] | None,
        deadline: Deadline,
    ) -> list[_Candidate]:
        """Return the best training run of each recipe that has training data."""
        if selection is None:
            selection = [
                Selected(index, training)
                for index, recipe in enumerate(self.plan.recipes)
                for training in recipe.trainings
            ]
            total = sum(each.training.max_steps for each in selection)
            self.watch.phase("selecting the training settings", total)
        else:
            steps = sum(each.steps or 0 for each in selection) + self._n_steps(selection)
            self.watch.phase("training with the selected settings", steps)
        runs = pool.map(lambda task: self._val_run(task, data, n_val_steps, deadline), selection)
        best: dict[int, _Candidate] = {}
        for task, run in zip(selection, runs, strict=True):
            if run is None:
                continue
            loss = loss_of(Member(self.plan.recipes[task.recipe].network, run.weights))
            if task.recipe not in best or loss < best[task.recipe].loss:
                steps = task.steps or run.steps
                best[task.recipe] = _Candidate(replace(task, steps=steps), run, loss)
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

    def _val_run(
        self,
        task: Selected,
        data: tuple[_NetworkData, ...],
        n_val_steps: int,
        deadline: Deadline,
    ) -> Run | None:
        """Train before the validation windows: so many steps, or with early stopping on them."""
        recipe, training = self.plan.recipes[task.recipe], task.training
        past, whole = (
            Windows(panel, components, recipe.network.view, features)
            for panel, components, features in data
        )
        if not _has_targets(past):
            return None
        validation = None
        if task.steps is None:
            validation = validation_batch(whole, training, n_val_steps, self.seed)
            if validation is None:
                return None
        return self._trainer(task.recipe).run(
            self._sampler(task.recipe, past, training, self.seed),
            seed=self.seed,
            steps=task.steps or training.max_steps,
            training=training,
            weights=recipe.start,
            validation=validation,
            on_step=self._until(deadline),
        )

    def _until(self, deadline: Deadline) -> OnStep:
        """Return a function that is called after every step, and ends training at a deadline."""

        def on_step(step: int) -> bool:
            self.watch.step(step)
            return deadline.passed or self.stopped.is_set()

        return on_step

    def _members(
        self,
        pool: ThreadPoolExecutor,
        panel: Panel,
        selection: Sequence[Selected],
        effects: Effects | None,
        deadline: Deadline,
    ) -> list[Future[Member | None]]:
        """Start training the members of the selected recipes on the whole panel.

        The result is None for a network trained from scratch that the deadline stopped early.
        """
        adjusted = Adjusted.of(panel, effects)
        features = adjusted.features
        components = measure(adjusted.panel, self.plan.season_lengths, self.plan.has_slow_memory)

        def train(selected: Selected, k: int) -> Member | None:
            recipe, steps = self.plan.recipes[selected.recipe], selected.steps or 0
            power = SCALE_POWERS[k % len(SCALE_POWERS)]
            training = replace(selected.training, scale_power=power)
            windows = Windows(adjusted.panel, components, recipe.network.view, features)
            run = self._trainer(selected.recipe).run(
                self._sampler(selected.recipe, windows, training, self.seed + k),
                seed=self.seed + k,
                steps=steps,
                training=training,
                weights=recipe.start,
                on_step=self._until(deadline),
            )
            is_short = run.steps < _MIN_STEPS_SHARE * steps and recipe.start is None
            return None if is_short else Member(recipe.network, run.weights)

        return [
            pool.submit(train, selected, k)
            for selected in selection
            for k in range(self.plan.recipes[selected.recipe].n_members)
        ]

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
            training, steps = candidate.selected.training, candidate.selected.steps
            layers = ", last layer only" if training.head_only else ""
            gain = 100 * (1 - candidate.loss / incumbent_loss) if incumbent_loss else 0.0
            n = self._recipe(candidate).n_members
            notes.append(
                Note(
                    f"{n} network{'s' if n > 1 else ''} {what}, {steps} steps each",
                    f"learning rate {training.learning_rate:g}{layers}; "
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
