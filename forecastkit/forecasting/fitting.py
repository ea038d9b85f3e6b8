"""Training on a panel: how many steps help is found on its tail, then all of it is learnt."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from forecastkit.forecasting.learnt import Learnt
from forecastkit.forecasting.plan import Plan
from forecastkit.network.build import build, get_weights
from forecastkit.network.sampling import Sampler, useful_batch_size, validation_batch
from forecastkit.network.training import Trainer
from forecastkit.series.panel import Panel
from forecastkit.series.scale import measure_scale, scaled
from forecastkit.series.windows import Windows

OnStep = Callable[[int], None]


class Learner:
    """Trains the networks of a plan on panels; the gradient step is traced once.

    Parameters
    ----------
    plan : Plan
    seed : int
        Of the first network; the others count on from it.
    on_step : callable, optional
        Called after every gradient step.
    """

    def __init__(self, plan: Plan, seed: int, on_step: OnStep | None = None) -> None:
        self.plan, self.network, self.training = plan, plan.network, plan.training
        self.seed, self.on_step = seed, on_step
        self.trainer = Trainer(plan.network, plan.training)
        self.batch_size = 0

    @property
    def most_steps(self) -> int:
        """Gradient steps of one call of `learn`, at the most."""
        return (1 + self.plan.n_members) * self.training.most_steps

    def learn(self, panel: Panel) -> Learnt:
        """Find the number of steps on the panel's tail, then train on all of it.

        Parameters
        ----------
        panel : Panel
            In the series' own units.
        """
        # one size for all panels that this learner sees: another would be compiled anew
        self.batch_size = self.batch_size or useful_batch_size(
            panel, self.network.view, self.training.batch_size
        )
        windows = Windows.of_series(panel, self.network.view)
        steps, tail, gain, stretch = self._useful_steps(panel)
        if steps == 0:
            start = self.plan.start or get_weights(build(self.network, self.seed))
            return Learnt((start,), 0, tail, 0.0, stretch)
        members = tuple(
            self.trainer.run(
                self._sampler(windows, member),
                seed=self.seed + member,
                steps=steps,
                weights=self.plan.start,
                on_step=self.on_step,
            ).weights
            for member in range(self.plan.n_members)
        )
        return Learnt(members, steps, tail, gain, stretch)

    def _useful_steps(self, panel: Panel) -> tuple[int, int, float, float]:
        """Steps that help on the panel's tail, its length, what they gain, and the stretch."""
        longest = int(panel.lengths.max())
        tail = min(self.network.view.horizon, longest // 4)
        before = panel.drop_last(tail)
        scale = measure_scale(before)  # of the past alone, for the tail too
        past = Windows.of(scaled(before, scale), self.network.view)
        if tail < 1 or not _has_targets(past):
            return 0, 0, 0.0, 1.0
        windows = Windows.of(scaled(panel, scale), self.network.view)
        validation = validation_batch(windows, self.training, tail, self.seed)
        if validation is None:
            return 0, 0, 0.0, 1.0
        run = self.trainer.run(
            self._sampler(past, 0),
            seed=self.seed,
            steps=self.training.most_steps,
            weights=self.plan.start,
            validation=validation,
            on_step=self.on_step,
        )
        gain = 1.0 - min(run.losses) / run.losses[0] if run.losses[0] else 0.0
        return run.steps, tail, gain, self.trainer.stretch(run.weights, validation)

    def _sampler(self, windows: Windows, member: int) -> Sampler:
        seed = self.seed + 1000 * (member + 1)
        return Sampler(windows, self.training, seed, self.batch_size)


def _has_targets(windows: Windows) -> bool:
    """Whether some cutoff that is shown has a value after it."""
    panel = windows.panel
    known = np.flatnonzero(~np.isnan(panel.values))
    before = known - 1
    within = before >= panel.offsets[panel.owner[known]]
    return bool(windows.shown(before[within]).any())
