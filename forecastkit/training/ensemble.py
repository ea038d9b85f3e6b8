"""Training of an ensemble, configured on validation windows, on all of a panel."""

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
_Measured = tuple[Panel, Components, CovariateFeatures | None]
_MAX_THREADS = 4
# networks from nothing count when their validation loss is at most so many times the best one's
_AS_GOOD = 1.01


@dataclass(frozen=True)
class Ensemble:
    """What training on a panel came to.

    Attributes
    ----------
    members : tuple of Member
        Trained on all of it.
    before : tuple of Member
        One of each kind, that had not seen the validation windows.
    notes : list of Note
    steps : int
        Gradient steps of the members together.
    """

    members: tuple[Member, ...]
    before: tuple[Member, ...]
    notes: list[Note]
    steps: int


@dataclass(frozen=True)
class _Choice:
    """The best training of a recipe: its run, and its loss on the validation windows."""

    recipe: int
    training: TrainingConfig
    run: Run
    loss: float


class EnsembleTrainer:
    """Trains the networks of a plan on panels, side by side; gradient steps are traced once.

    Parameters
    ----------
    plan : Plan
    seed : int
        Of the first network; the others count on from it.
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
        """Gradient steps of one call of `fit`, at the most."""
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
        """Choose on the validation windows how to train, then train on all of the panel.

        Parameters
        ----------
        panel : Panel
            In the series' own units.
        val_size : int
            Steps of a validation window, at the end of every series.
        season_length : int
            Of the scale of the losses that recipes are compared by.
        effects : (Effects or None, Effects or None)
            Of the covariates, estimated before the validation windows and on all of it.
        n_val_windows : int
            Consecutive validation windows.
        """
        incumbent = self.plan.incumbent
        if val_size < 1:
            why = [Note(self._as_it_is(), "used without training: too few values")]
            return Ensemble((incumbent,), (incumbent,), why, 0)
        holdout = hold_out_windows(panel, val_size, n_val_windows, most=512)
        with ThreadPoolExecutor(min(_MAX_THREADS, os.cpu_count() or 1)) as pool:
            seen = self._seen(panel, val_size * n_val_windows, effects[0])
            choices = self._choices(
                pool, seen, holdout, val_size * n_val_windows, season_length, effects[0]
            )
            loss = holdout_loss(holdout, Part("", 1.0, (incumbent,)), season_length, effects[0])
            kept = self._kept(choices, loss)
            members = [incumbent] if not any(self._is_tuned(one) for one in kept) else []
            members += self._members(pool, panel, kept, effects[1])
        before = [Member(self._recipe(one).network, one.run.weights) for one in kept]
        if len(members) > sum(self._recipe(one).n_members for one in kept):
            before = [incumbent, *before]
        steps = sum(one.run.steps * self._recipe(one).n_members for one in kept)
        return Ensemble(
            tuple(members),
            tuple(before),
            self._notes(choices, kept, loss, val_size * n_val_windows),
            steps,
        )

    def _recipe(self, choice: _Choice) -> Recipe:
        return self.plan.recipes[choice.recipe]

    def _is_tuned(self, choice: _Choice) -> bool:
        return self._recipe(choice).start is not None

    def _kept(self, choices: Sequence[_Choice], incumbent: float) -> list[_Choice]:
        """Recipes whose training helped, and that are about as good as the best."""
        helped = [one for one in choices if one.run.steps > 0]
        best = min([incumbent, *(one.loss for one in helped)])
        return [
            one
            for one in helped
            if one.loss <= (incumbent if self._is_tuned(one) else _AS_GOOD * best)
        ]

    def _as_it_is(self) -> str:
        tuned = any(recipe.start is not None for recipe in self.plan.recipes)
        return "the pretrained network" if tuned else "the statistical baseline forecast"

    def _choices(
        self,
        pool: ThreadPoolExecutor,
        seen: tuple[_Measured, ...],
        holdout: Holdout,
        val_size: int,
        season_length: int,
        effects: Effects | None,
    ) -> list[_Choice]:
        """The best training of each recipe; none where there is nothing to train on."""
        tasks = [
            (number, training)
            for number, recipe in enumerate(self.plan.recipes)
            for training in recipe.trainings
        ]
        runs = pool.map(lambda task: self._validated(task, seen, val_size), tasks)
        best: dict[int, _Choice] = {}
        for (number, training), run in zip(tasks, runs, strict=True):
            if run is None:
                continue
            member = Member(self.plan.recipes[number].network, run.weights)
            loss = holdout_loss(holdout, Part("", 1.0, (member,)), season_length, effects)
            if number not in best or loss < best[number].loss:
                best[number] = _Choice(number, training, run, loss)
        return list(best.values())

    def _seen(self, panel: Panel, val_size: int, effects: Effects | None) -> tuple[_Measured, ...]:
        """The panel before the validation windows, and with them, as all networks see it."""
        before = panel.drop_last(val_size)
        seasons = self.plan.season_lengths
        # by scale and effects of the past alone, in the validation windows too
        seen = [Adjusted.of(one, effects, past=before) for one in (before, panel)]
        return tuple((one.panel, measure(one.panel, seasons), seen[0].features) for one in seen)

    def _validated(
        self, task: tuple[int, TrainingConfig], seen: tuple[_Measured, ...], val_size: int
    ) -> Run | None:
        """Train before the validation window, with early stopping on it."""
        number, training = task
        recipe = self.plan.recipes[number]
        past, whole = (
            Windows(cleaned, found, recipe.network.view, terms) for cleaned, found, terms in seen
        )
        if not _has_targets(past):
            return None
        validation = validation_batch(whole, training, val_size, self.seed)
        if validation is None:
            return None
        return self._trainer(number).run(
            self._sampler(number, past, training, self.seed),
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
        kept: Sequence[_Choice],
        effects: Effects | None,
    ) -> list[Member]:
        def trained(task: tuple[_Choice, int]) -> Member:
            choice, k = task
            recipe = self._recipe(choice)
            power = SCALE_POWERS[k % len(SCALE_POWERS)]
            training = replace(choice.training, scale_power=power)
            seed = self.seed + k
            run = self._trainer(choice.recipe).run(
                self._sampler(choice.recipe, whole[choice.recipe], training, seed),
                seed=seed,
                steps=choice.run.steps,
                training=training,
                weights=recipe.start,
                on_step=self.on_step,
            )
            return Member(recipe.network, run.weights)

        seen = Adjusted.of(panel, effects)
        found, terms = measure(seen.panel, self.plan.season_lengths), seen.features
        whole = {
            one.recipe: Windows(seen.panel, found, self._recipe(one).network.view, terms)
            for one in kept
        }
        tasks = [(one, k) for one in kept for k in range(self._recipe(one).n_members)]
        return list(pool.map(trained, tasks))

    def _trainer(self, number: int) -> Trainer:
        """Compiled steps of a recipe, for all threads."""
        with self._lock:
            if number not in self._trainers:
                recipe = self.plan.recipes[number]
                self._trainers[number] = Trainer(recipe.network, recipe.trainings[0])
        return self._trainers[number]

    def _sampler(
        self, number: int, windows: Windows, training: TrainingConfig, seed: int
    ) -> Sampler:
        # one size for all panels that this trainer sees: another would be compiled anew
        size = self.batch_sizes.setdefault(
            number, useful_batch_size(windows.panel, windows.view, training.batch_size)
        )
        return Sampler(windows, training, seed + 1000, size)

    def _notes(
        self, choices: Sequence[_Choice], kept: Sequence[_Choice], loss: float, val_size: int
    ) -> list[Note]:
        notes = []
        if not any(self._is_tuned(one) for one in kept):
            why = f"training did not lower the loss on the last {val_size} steps"
            why = why if choices else "too few values"
            notes.append(Note(self._as_it_is(), f"used without training: {why}"))
        for one in kept:
            what = "fine-tuned" if self._is_tuned(one) else "trained from scratch"
            part = ", last layer only" if one.training.head_only else ""
            gain = 100 * (1 - one.loss / loss) if loss else 0.0
            n = self._recipe(one).n_members
            notes.append(
                Note(
                    f"{n} network{'s' if n > 1 else ''} {what}, {one.run.steps} steps each",
                    f"learning rate {one.training.learning_rate:g}{part}; {abs(gain):.1f} % "
                    f"{'lower' if gain >= 0 else 'higher'} loss than {self._as_it_is()} on the "
                    f"last {val_size} steps",
                )
            )
        return notes


def _has_targets(windows: Windows) -> bool:
    """Whether some cutoff that is shown has a value after it."""
    panel = windows.panel
    known = np.flatnonzero(~np.isnan(panel.values))
    before = known - 1
    within = before >= panel.offsets[panel.owner[known]]
    return bool(windows.is_used(before[within]).any())
