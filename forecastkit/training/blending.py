"""Training of a blend: networks and statistical methods, their weights, the intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from forecastkit.methods.memo import MethodForecasts
from forecastkit.model.calibration import Calibration
from forecastkit.model.distribution import Distribution, Part
from forecastkit.model.model import Blend
from forecastkit.notes import Note
from forecastkit.series.effects import Effects
from forecastkit.series.effects_fit import estimate_effects
from forecastkit.series.panel import Panel
from forecastkit.series.scale import measure_scale
from forecastkit.training.holdout import Holdout, hold_out, hold_out_windows, holdout_loss
from forecastkit.training.plan import Plan
from forecastkit.training.tensorflow import load_tensorflow
from forecastkit.training.weights import blend_weights, prior_weight

if TYPE_CHECKING:
    from forecastkit.training.ensemble import EnsembleTrainer

# series that parts are scored on; where there are fewer, windows may overlap
_MIN_ROWS = 60
_WINDOWS, _MAX_WINDOWS = 3, 12
_MAX_SERIES = 2000
# maximum increase of the validation loss, in percent, at which covariates are still used
_MAX_HARM = 2.0


@dataclass(frozen=True)
class TrainedBlend:
    """A blend, and how it was trained.

    Attributes
    ----------
    blend : Blend
        Its weights and intervals are estimated on hold-outs by parts that had not seen them.
    notes : list of Note
    steps : int
        Gradient steps of all networks together; 0 where none was trained.
    """

    blend: Blend
    notes: list[Note]
    steps: int = 0


class BlendTrainer:
    """Trains the parts of a blend on a panel, weights them, and calibrates the intervals.

    Parameters
    ----------
    plans : mapping of str to Plan
        The ensembles of networks, by name.
    methods : sequence of str
        Statistical parts beside them.
    h, season_length : int
        Horizon, and the season of baselines and statistical parts.
    seed : int
    on_step : callable, optional
        Called after every gradient step.
    forecasts : MethodForecasts, optional
        Forecasts of statistical methods that are computed already.
    """

    def __init__(
        self,
        plans: Mapping[str, Plan],
        methods: Sequence[str],
        h: int,
        season_length: int,
        seed: int = 1,
        on_step: Callable[[int], None] | None = None,
        forecasts: MethodForecasts | None = None,
    ) -> None:
        self.forecasts = forecasts or MethodForecasts(h)
        self.plans, self.methods = dict(plans), tuple(methods)
        self.h, self.season_length = h, season_length
        self.trainers: dict[str, EnsembleTrainer] = {}
        for name, plan in self.plans.items():
            if plan.recipes:
                load_tensorflow()  # here, so that it is loaded only where something is trained
                from forecastkit.training.ensemble import EnsembleTrainer

                self.trainers[name] = EnsembleTrainer(plan, seed, on_step)

    @property
    def max_steps(self) -> int:
        """Gradient steps of one call, at the most."""
        return sum(trainer.max_steps for trainer in self.trainers.values())

    def __call__(self, panel: Panel) -> TrainedBlend:
        """Train on a panel in the series' own units."""
        val_size = min(self.h, int(panel.lengths.max()) // 4)
        n_val_windows = self._n_val_windows(panel, val_size)
        effects, notes = self._effects(panel, val_size, n_val_windows)
        parts, before, steps = [], [], 0
        for name, plan in self.plans.items():
            if name not in self.trainers:
                parts.append(Part(name, 1.0, (plan.incumbent,)))
                before.append(parts[-1])
                continue
            trained = self.trainers[name].fit(
                panel, val_size, self.season_length, effects, n_val_windows
            )
            parts.append(Part(name, 1.0, trained.members))
            before.append(Part(name, 1.0, trained.before))
            said = trained.notes
            if len(self.plans) > 1:
                said = [Note(f"{name}: {one.what}", one.why) for one in said]
            notes += said
            steps += trained.steps
        parts += [Part(name) for name in self.methods]
        before += [Part(name) for name in self.methods]
        holdouts, n_windows = self._holdouts(panel, val_size, n_val_windows, before, effects[0])
        weights = [1.0]
        if len(parts) > 1:
            prior = [prior_weight(part.name) for part in parts]
            weights = blend_weights(holdouts, prior, self.season_length, n_windows)
            named = zip(parts, weights, strict=True)
            listed = ", ".join(f"{part.name} {100 * weight:.0f} %" for part, weight in named)
            why = f"estimated on {val_size} held-out steps"
            notes.append(Note(f"blend weights {listed}", why))
        pairs = zip(parts, weights, strict=True)
        blend = Blend(
            parts=tuple(replace(part, weight=weight) for part, weight in pairs),
            h=self.h,
            season_length=self.season_length,
            calibration=self._calibration(holdouts, n_windows, weights),
            effects=effects[1],
        )
        return TrainedBlend(blend, notes, steps)

    def _n_val_windows(self, panel: Panel, val_size: int) -> int:
        """Windows that choices are made on: several where few series are trained on, if long."""
        if not self.trainers or val_size < 1:
            return 1
        wanted = -(-_MIN_ROWS // panel.n_series)
        return max(1, min(wanted, int(panel.lengths.max()) // 4 // val_size))

    def _effects(
        self, panel: Panel, val_size: int, n_val_windows: int
    ) -> tuple[tuple[Effects | None, Effects | None], list[Note]]:
        """Effects of covariates before the validation windows and in all, if they help there."""
        if panel.covariates is None:
            return (None, None), []
        plan = next(iter(self.plans.values()))
        seasons, pairs = plan.season_lengths, plan.pairs
        past = panel.drop_last(val_size * n_val_windows)
        before = None
        if not np.isnan(past.values).all():
            before = estimate_effects(past, measure_scale(past), seasons, pairs)
        after = estimate_effects(panel, measure_scale(panel), seasons, pairs)
        holdout = (
            hold_out_windows(panel, val_size, n_val_windows, most=_MAX_SERIES) if val_size else None
        )
        has_future = panel.covariates.known_ahead.any()
        if before is None or after is None or holdout is None or not len(holdout.series):
            return (after, after), []
        if not has_future:
            return (before, after), []
        part = Part("", 1.0, (plan.incumbent,))
        without, with_them = (
            holdout_loss(holdout, part, self.season_length, one) for one in (None, before)
        )
        gain = 100 * (1 - with_them / without) if without else 0.0
        size = f"{abs(gain):.1f} % {'lower' if gain >= 0 else 'higher'} loss"
        why = f"{size} than without them on the last {val_size * n_val_windows} steps"
        if gain < -_MAX_HARM:
            what = "no regression adjustment for future covariates"
            return (before.zeroed(), after.zeroed()), [Note(what, why)]
        return (before, after), [Note("regression adjustment for future covariates", why)]

    def _holdouts(
        self,
        panel: Panel,
        val_size: int,
        n_val_windows: int,
        before: Sequence[Part],
        effects: Effects | None,
    ) -> tuple[list[tuple[Holdout, Distribution]], float]:
        """Hold-outs, forecasts of parts that had not seen them, and the number of whole windows.

        The newest are the validation windows. Those before them are forecast by the pretrained
        networks, which have seen none of the series; in small panels they overlap. They are left
        out where many series were trained on, since trained networks have errors of another kind.
        """
        if val_size < 1:
            return [], 0.0
        newest = hold_out_windows(panel, val_size, n_val_windows, _MAX_SERIES)
        few = len(newest.series) < _MIN_ROWS
        step, most = (max(1, val_size // 3), _MAX_WINDOWS) if few else (val_size, _WINDOWS)
        longest, earlier = int(panel.lengths.max()), []
        shipped = n_val_windows == 1 and all(plan.is_pretrained for plan in self.plans.values())
        if shipped and (few or not self._trained(before)):
            for back in range(step, most * step, step):
                if longest - back - val_size < max(longest // 2, val_size):
                    break
                earlier.append(hold_out(panel, val_size, back, _MAX_SERIES))
        untrained = [
            Part(part.name, 1.0, (self.plans[part.name].incumbent,) if part.members else ())
            for part in before
        ]
        holdouts = [(newest, before)]
        if earlier and untrained == list(before):  # one run over all windows
            holdouts = [(Holdout.joined([newest, *earlier]), before)]
        elif earlier:
            holdouts.append((Holdout.joined(earlier), untrained))
        n_windows = n_val_windows + len(earlier) * step / val_size
        setting = val_size, self.season_length, effects
        distributions = [
            (one, Distribution(one.past, parts, *setting, methods=self.forecasts))
            for one, parts in holdouts
            if len(one.series)
        ]
        return distributions, n_windows

    def _trained(self, before: Sequence[Part]) -> bool:
        """Whether a part has other networks than the one that it started from."""
        own = [part for part in before if part.members]
        return any(part.members[-1] is not self.plans[part.name].incumbent for part in own)

    def _calibration(
        self,
        holdouts: Sequence[tuple[Holdout, Distribution]],
        n_windows: float,
        weights: Sequence[float],
    ) -> Calibration:
        scores = [np.empty((0, self.h))]
        for holdout, distribution in holdouts:
            found = distribution.with_weights(weights).pit_scores(holdout.actual)
            beyond = self.h - holdout.actual.shape[1]
            scores.append(np.pad(found, ((0, 0), (0, beyond)), constant_values=np.nan))
        return Calibration.from_scores(np.concatenate(scores), n_windows)
