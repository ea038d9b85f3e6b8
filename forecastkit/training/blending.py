"""Training of a blend: networks and statistical methods, their weights, and the calibration."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from forecastkit.methods.memo import MethodForecasts
from forecastkit.model.calibration import Calibration
from forecastkit.model.dependence import Dependence
from forecastkit.model.distribution import Distribution, Part
from forecastkit.model.model import Blend
from forecastkit.network.runtime import Member
from forecastkit.notes import Note
from forecastkit.series.effects import Effects
from forecastkit.series.effects_fit import estimate_effects
from forecastkit.series.panel import Panel
from forecastkit.series.scale import measure_scale
from forecastkit.training.deadline import NEVER, Deadline
from forecastkit.training.holdout import (
    Holdout,
    Validation,
    hold_out,
    hold_out_windows,
    holdout_loss,
)
from forecastkit.training.plan import Plan, Selected
from forecastkit.training.progress import Silent, Watch
from forecastkit.training.tensorflow import load_tensorflow
from forecastkit.training.weights import TRAINED, ZERO_SHOT, blend_weights, prior_weight

if TYPE_CHECKING:
    from forecastkit.training.ensemble import Ensemble, EnsembleTrainer

# number of series below which several, overlapping windows are scored
_MIN_SERIES = 60
# maximum number of windows: consecutive, and overlapping
_MAX_WINDOWS, _MAX_OVERLAPPING_WINDOWS = 3, 12
_MAX_SERIES = 2000
# maximum increase of the validation loss, in percent, at which covariates are still used
_MAX_LOSS_INCREASE = 2.0


@dataclass(frozen=True)
class TrainedBlend:
    """Result of training a blend.

    Attributes
    ----------
    blend : Blend
        Its weights and calibration are estimated on hold-outs that its parts were not trained on.
    notes : list of Note
    steps : int
        Gradient steps of all networks together; 0 if none was trained.
    selections : mapping of str to tuple of Selected
        Training settings of each trained ensemble.
    losses : list of dict
        Validation losses of the networks: `part`, `network`, `evaluation`, `loss`.
    """

    blend: Blend
    notes: list[Note]
    steps: int = 0
    selections: Mapping[str, tuple[Selected, ...]] = field(default_factory=dict)
    losses: list[dict[str, Any]] = field(default_factory=list)


def _parts_of(name: str, plan: Plan, members: tuple[Member, ...]) -> list[Part]:
    """An ensemble, and beside it the pretrained network that it was fine-tuned from."""
    if not plan.is_pretrained or plan.incumbent in members:
        return [Part(name, 1.0, members)]
    return [Part(name + TRAINED, 1.0, members), Part(name + ZERO_SHOT, 1.0, (plan.incumbent,))]


def _losses(ensembles: Mapping[str, Ensemble]) -> list[dict[str, Any]]:
    """Validation losses of the networks of ensembles, as rows of a table."""
    return [
        {"part": name, "network": kind, "evaluation": k, "loss": round(float(loss), 6)}
        for name, ensemble in ensembles.items()
        for kind, losses in ensemble.losses
        for k, loss in enumerate(losses)
    ]


class BlendTrainer:
    """Trains the parts of a blend on a panel, weights them, and calibrates the intervals.

    Parameters
    ----------
    plans : mapping of str to Plan
        Training plans of the ensembles of networks, by the name of the part.
    methods : sequence of str
        Names of the statistical parts.
    h, season_length : int
        Horizon, and season length of the baselines and statistical parts.
    seed : int
    watch : Watch, optional
        Observer of the phases and gradient steps.
    forecasts : MethodForecasts, optional
        Cache of the forecasts of statistical methods.
    """

    def __init__(
        self,
        plans: Mapping[str, Plan],
        methods: Sequence[str],
        h: int,
        season_length: int,
        seed: int = 1,
        watch: Watch | None = None,
        forecasts: MethodForecasts | None = None,
    ) -> None:
        self.watch = watch or Silent()
        self.forecasts = forecasts or MethodForecasts(h)
        self.plans, self.methods = dict(plans), tuple(methods)
        self.h, self.season_length = h, season_length
        self.selections: Mapping[str, tuple[Selected, ...]] = {}
        self.deadline, self.training_seconds = NEVER, 0.0
        self.trainers: dict[str, EnsembleTrainer] = {}
        for name, plan in self.plans.items():
            if plan.recipes:
                load_tensorflow()  # here, so that it is loaded only if a network is trained
                from forecastkit.training.ensemble import EnsembleTrainer

                self.trainers[name] = EnsembleTrainer(plan, seed, watch)

    def using(
        self, selections: Mapping[str, tuple[Selected, ...]], deadline: Deadline
    ) -> BlendTrainer:
        """Return a trainer that uses given training settings, until a deadline."""
        other = copy(self)
        other.selections, other.deadline, other.training_seconds = selections, deadline, 0.0
        return other

    def __call__(self, panel: Panel) -> TrainedBlend:
        """Train on a panel in the original units of its series."""
        val_size = min(self.h, int(panel.lengths.max()) // 4)
        n_val_windows = self._n_val_windows(panel, val_size)
        effects, notes = self._effects(panel, val_size, n_val_windows)
        validation = Validation(val_size, self.season_length, n_val_windows)
        ensembles = self._ensembles(panel, validation, effects)
        parts, val_parts = [], []
        for name, plan in self.plans.items():
            if name not in ensembles:
                parts.append(Part(name, 1.0, (plan.incumbent,)))
                val_parts.append(parts[-1])
                continue
            parts += _parts_of(name, plan, ensembles[name].members)
            val_parts += _parts_of(name, plan, ensembles[name].val_members)
            prefix = f"{name}: " if len(self.plans) > 1 else ""
            notes += [Note(prefix + note.what, note.why) for note in ensembles[name].notes]
        parts += [Part(name) for name in self.methods]
        val_parts += [Part(name) for name in self.methods]
        self.watch.phase("forecasting held-out windows")
        holdouts, n_windows = self._holdouts(panel, val_size, n_val_windows, val_parts, effects[0])
        weights = [1.0]
        if len(parts) > 1:
            prior = [prior_weight(part.name) for part in parts]
            weights = blend_weights(holdouts, prior, self.season_length, n_windows)
            pairs = zip(parts, weights, strict=True)
            listed = ", ".join(f"{part.name} {100 * weight:.0f} %" for part, weight in pairs)
            why = f"estimated on held-out windows of {val_size} steps"
            notes.append(Note(f"blend weights {listed}", why))
        scores, windows = self._scores(holdouts, weights)
        pairs = zip(parts, weights, strict=True)
        blend = Blend(
            parts=tuple(replace(part, weight=weight) for part, weight in pairs),
            h=self.h,
            season_length=self.season_length,
            calibration=Calibration.from_scores(scores, n_windows),
            effects=effects[1],
            dependence=Dependence.of_scores(scores, windows),
        )
        steps = sum(ensemble.steps for ensemble in ensembles.values())
        selections = {name: ensemble.selection for name, ensemble in ensembles.items()}
        return TrainedBlend(blend, notes, steps, selections, _losses(ensembles))

    def _ensembles(
        self,
        panel: Panel,
        validation: Validation,
        effects: tuple[Effects | None, Effects | None],
    ) -> dict[str, Ensemble]:
        """Train the ensembles, each in an equal share of the time that remains."""
        ensembles: dict[str, Ensemble] = {}
        for name, trainer in self.trainers.items():
            start = time.monotonic()
            deadline = self.deadline.share(1 / (len(self.trainers) - len(ensembles)))
            selection = self.selections.get(name)
            ensembles[name] = trainer.fit(panel, validation, effects, selection, deadline)
            self.training_seconds += time.monotonic() - start
        return ensembles

    def _n_val_windows(self, panel: Panel, val_size: int) -> int:
        """Return the number of validation windows: several for few, long series."""
        if not self.trainers or val_size < 1:
            return 1
        n_windows = -(-_MIN_SERIES // panel.n_series)
        return max(1, min(n_windows, int(panel.lengths.max()) // 4 // val_size))

    def _effects(
        self, panel: Panel, val_size: int, n_val_windows: int
    ) -> tuple[tuple[Effects | None, Effects | None], list[Note]]:
        """Estimate covariate effects without and with the validation windows.

        Effects of future covariates are zeroed if they raise the loss on these windows.
        """
        if panel.covariates is None:
            return (None, None), []
        plan = next(iter(self.plans.values()))
        seasons, pairs = plan.season_lengths, plan.pairs
        past = panel.drop_last(val_size * n_val_windows)
        val_effects = None
        if not np.isnan(past.values).all():
            val_effects = estimate_effects(past, measure_scale(past), seasons, pairs)
        effects = estimate_effects(panel, measure_scale(panel), seasons, pairs)
        holdout = (
            hold_out_windows(panel, val_size, n_val_windows, _MAX_SERIES) if val_size else None
        )
        has_future = panel.covariates.known_ahead.any()
        if val_effects is None or effects is None or holdout is None or not len(holdout.series):
            return (effects, effects), []
        if not has_future:
            return (val_effects, effects), []
        part = Part("", 1.0, (plan.incumbent,))
        loss_without, loss_with = (
            holdout_loss(holdout, part, self.season_length, adjustment)
            for adjustment in (None, val_effects)
        )
        gain = 100 * (1 - loss_with / loss_without) if loss_without else 0.0
        size = f"{abs(gain):.1f} % {'lower' if gain >= 0 else 'higher'} loss"
        why = f"{size} than without them on the last {val_size * n_val_windows} steps"
        if gain < -_MAX_LOSS_INCREASE:
            what = "no regression adjustment for future covariates"
            return (val_effects.zeroed(), effects.zeroed()), [Note(what, why)]
        return (val_effects, effects), [Note("regression adjustment for future covariates", why)]

    def _holdouts(
        self,
        panel: Panel,
        val_size: int,
        n_val_windows: int,
        val_parts: Sequence[Part],
        effects: Effects | None,
    ) -> tuple[list[tuple[Holdout, Distribution]], float]:
        """Return hold-outs with their forecast distributions, and the effective number of windows.

        The parts forecast the validation windows, which they were not trained on. Earlier windows
        are forecast by the pretrained networks, which were not trained on any of the series; in
        small panels these windows overlap. They are omitted if networks were trained on many
        series, because the errors of trained networks are distributed differently.
        """
        if val_size < 1:
            return [], 0.0
        validation = hold_out_windows(panel, val_size, n_val_windows, _MAX_SERIES)
        few = len(validation.series) < _MIN_SERIES
        stride, max_windows = (
            (max(1, val_size // 3), _MAX_OVERLAPPING_WINDOWS) if few else (val_size, _MAX_WINDOWS)
        )
        longest, earlier = int(panel.lengths.max()), []
        pretrained = n_val_windows == 1 and all(plan.is_pretrained for plan in self.plans.values())
        if pretrained and (few or not self._is_any_trained(val_parts)):
            for offset in range(stride, max_windows * stride, stride):
                if longest - offset - val_size < max(longest // 2, val_size):
                    break
                earlier.append(hold_out(panel, val_size, offset, _MAX_SERIES))
        untrained = [
            Part(part.name, 1.0, (self._plan(part).incumbent,) if part.members else ())
            for part in val_parts
        ]
        holdouts = [(validation, val_parts)]
        if earlier and untrained == list(val_parts):  # one forward pass over all windows
            holdouts = [(Holdout.joined([validation, *earlier]), val_parts)]
        elif earlier:
            holdouts.append((Holdout.joined(earlier), untrained))
        n_windows = n_val_windows + len(earlier) * stride / val_size
        settings = val_size, self.season_length, effects
        distributions = [
            (holdout, Distribution(holdout.past, parts, *settings, methods=self.forecasts))
            for holdout, parts in holdouts
            if len(holdout.series)
        ]
        return distributions, n_windows

    def _is_any_trained(self, parts: Sequence[Part]) -> bool:
        """Whether training has replaced the incumbent of any ensemble, or added to it."""
        ensembles = [part for part in parts if part.members]
        return any(part.members[-1] is not self._plan(part).incumbent for part in ensembles)

    def _plan(self, part: Part) -> Plan:
        return self.plans[part.name.removesuffix(TRAINED).removesuffix(ZERO_SHOT)]

    def _scores(
        self, holdouts: Sequence[tuple[Holdout, Distribution]], weights: Sequence[float]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Scores of the blend on hold-outs, (n, h), and the number of the window of each row."""
        scores, windows, n = [np.empty((0, self.h))], [np.empty(0, int)], 0
        for holdout, distribution in holdouts:
            pit_scores = distribution.with_weights(weights).pit_scores(holdout.actual)
            n_missing = self.h - holdout.actual.shape[1]
            scores.append(np.pad(pit_scores, ((0, 0), (0, n_missing)), constant_values=np.nan))
            starts = np.diff(holdout.series, prepend=np.inf) <= 0  # series ascend within a window
            windows.append(n + np.cumsum(starts))
            n += 1 + int(starts.sum())
        return np.concatenate(scores), np.concatenate(windows)
