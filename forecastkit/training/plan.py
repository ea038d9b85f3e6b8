"""Training plans: season lengths, network configurations and initial weights, with the reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from forecastkit.errors import DataError, OptionError
from forecastkit.network.config import (
    PRETRAINED_HORIZON,
    PRETRAINED_WINDOW,
    NetworkConfig,
    default_view,
)
from forecastkit.network.pretrained import adapt_to, add_covariate_inputs, pretrained
from forecastkit.network.runtime import Member, Weights
from forecastkit.notes import Note
from forecastkit.series.effects_fit import pairs_of
from forecastkit.series.panel import Panel
from forecastkit.series.scale import measure_scale, scaled
from forecastkit.series.seasons import find_seasons
from forecastkit.tables.dataset import Dataset
from forecastkit.tables.frequency import Frequency
from forecastkit.training.config import (
    MEMBERS,
    MIN_LONG,
    TRAININGS,
    Preset,
    TrainingConfig,
)

_UNITS = 32
_MIN_PERIODS = 4
_MAX_TESTED_HORIZON = 4 * PRETRAINED_HORIZON
# minimum number of values in a panel for fine-tuning, and for training from scratch
_MIN_TO_FINE_TUNE, _MIN_FROM_SCRATCH = 2000, 3000


@dataclass(frozen=True)
class Recipe:
    """How networks of one configuration are trained.

    Attributes
    ----------
    network : NetworkConfig
    start : dict of ndarray or None
        Initial weights; None to draw them at random.
    trainings : tuple of TrainingConfig
        Candidate settings; the validation windows select one, and its number of steps.
    n_members : int
        Number of networks.
    """

    network: NetworkConfig
    start: Weights | None
    trainings: tuple[TrainingConfig, ...]
    n_members: int


@dataclass(frozen=True)
class Selected:
    """A recipe of a plan, by its position, with the settings and number of steps selected for it.

    A number of steps of None is selected by early stopping.
    """

    recipe: int
    training: TrainingConfig
    steps: int | None = None


@dataclass(frozen=True)
class Knobs:
    """Settings of networks and training that a user gives; None for the default.

    Attributes
    ----------
    input_size : int or None
        Steps of the lookback window.
    units, n_layers : int or None
        Of networks that are trained from scratch.
    learning_rate : float or None
    max_steps, n_members : int or None
        Maximum number of gradient steps, and number of networks of each kind.
    """

    input_size: int | None = None
    units: int | None = None
    n_layers: int | None = None
    learning_rate: float | None = None
    max_steps: int | None = None
    n_members: int | None = None

    def applied(self, trainings: tuple[TrainingConfig, ...]) -> tuple[TrainingConfig, ...]:
        """Candidate settings with the given ones, without those that are then equal."""
        changes = given(learning_rate=self.learning_rate, max_steps=self.max_steps)
        return tuple(dict.fromkeys(replace(training, **changes) for training in trainings))


def given(**settings: Any) -> dict[str, Any]:
    """Settings that are not None."""
    return {name: value for name, value in settings.items() if value is not None}


@dataclass(frozen=True)
class Plan:
    """How an ensemble of networks is trained.

    Attributes
    ----------
    incumbent : Member
        The network that trained ones must improve on: the pretrained one, or one with zero
        weights, whose forecast is the statistical baseline.
    recipes : tuple of Recipe
        Empty if nothing is trained.
    notes : list of Note
    is_pretrained : bool
        Whether the incumbent is the pretrained network.
    pairs : ndarray of int64, shape (n_pairs, 2), optional
        Pairs of future covariates whose products are features.
    """

    incumbent: Member
    recipes: tuple[Recipe, ...]
    notes: list[Note]
    is_pretrained: bool = False
    pairs: np.ndarray | None = None

    @property
    def season_lengths(self) -> tuple[int, ...]:
        """Season lengths of the series, shortest first."""
        return self.incumbent.network.view.season_lengths

    @property
    def has_slow_memory(self) -> bool:
        """Whether a network reads the slow levels and the slow season."""
        networks = [self.incumbent.network, *(recipe.network for recipe in self.recipes)]
        return any(network.view.has_slow_memory for network in networks)

    def is_equivalent(self, other: Plan) -> bool:
        """Whether another plan has the same seasons and pairs, and so the same networks."""
        pairs, other_pairs = (
            np.zeros((0, 2)) if plan.pairs is None else plan.pairs for plan in (self, other)
        )
        return self.season_lengths == other.season_lengths and np.array_equal(pairs, other_pairs)


def make_plan(
    data: Dataset,
    cell: str,
    h: int,
    preset: Preset,
    seasons: Sequence[int] | None = None,
    past: Panel | None = None,
    knobs: Knobs | None = None,
) -> Plan:
    """Choose season lengths, network configurations and initial weights for a dataset.

    Parameters
    ----------
    data : Dataset
    cell : "lstm" or "rnn"
    h : int
        Horizon.
    preset : str
        A name in `MEMBERS`.
    seasons : sequence of int, optional
        Season lengths; by default inferred from the frequency or the series.
    past : Panel, optional
        History from which seasons and pairs of covariates are inferred; by default all of it.
    knobs : Knobs, optional
        Settings in place of the defaults. With an input size, networks are trained from scratch,
        since the window of the pretrained network is fixed.

    Raises
    ------
    DataError
        If the longest series is too short.
    OptionError
        If an input size is given and the preset trains nothing.
    """
    knobs = knobs or Knobs()
    input_size = knobs.input_size
    from_scratch = preset == "scratch" or input_size is not None
    longest = _checked_length(data, _MIN_PERIODS + (h if from_scratch else 0), h)
    past = data.panel if past is None else past
    lengths, notes = _seasons(data.index.frequency, seasons, past)
    if preset == "instant" and input_size is not None:
        raise _no_window_error(input_size)
    window = None if input_size is None else min(int(input_size), longest)
    pairs, n_inputs = _covariate_inputs(past)
    view = default_view(lengths, h, longest, window)
    network = NetworkConfig(cell, _UNITS, replace(view, **n_inputs))
    network = replace(network, **given(units=knobs.units, n_layers=knobs.n_layers))
    n_tuned, n_scratch = (n and (knobs.n_members or n) for n in MEMBERS[preset])
    is_long = float(np.median(data.panel.lengths)) >= MIN_LONG
    if from_scratch:
        notes += _notes_from_scratch(network, input_size, preset)
        zeros = {name: np.zeros(shape, "f") for name, shape in network.weight_shapes().items()}
        trainings = knobs.applied(TRAININGS["scratch", is_long])
        recipe = Recipe(network, None, trainings, max(n_scratch, n_tuned))
        return Plan(Member(network, zeros), (recipe,), notes, pairs=pairs)
    incumbent = Member(*adapt_to(*pretrained(cell)[:2], lengths, h))
    # the median over all networks is taken quantile by quantile
    network = replace(network, quantiles=incumbent.network.quantiles)
    start = add_covariate_inputs(incumbent.network, incumbent.weights, **n_inputs)
    n_values = int(np.sum(~np.isnan(data.panel.values)))
    notes.append(_note_on_start(cell, n_tuned, n_values))
    notes += _notes_on_horizon(h, longest)
    fine_tuning = Recipe(*start, knobs.applied(TRAININGS["pretrained", is_long]), n_tuned)
    recipes = [fine_tuning] if n_tuned and n_values >= _MIN_TO_FINE_TUNE else []
    if n_scratch and n_values >= _MIN_FROM_SCRATCH and longest >= 3 * h:
        trainings = knobs.applied(TRAININGS["scratch", is_long])
        recipes.append(Recipe(network, None, trainings, n_scratch))
    return Plan(incumbent, tuple(recipes), notes, is_pretrained=True, pairs=pairs)


def _no_window_error(input_size: int) -> OptionError:
    return OptionError(
        f"The preset instant trains nothing, and the pretrained network has a lookback window of "
        f"{PRETRAINED_WINDOW} steps, not {input_size}.",
        value=input_size,
        fix="Omit input_size (--input-size), or use another preset.",
    )


def _covariate_inputs(panel: Panel) -> tuple[np.ndarray | None, dict[str, Any]]:
    """Return the pairs of future covariates, and the numbers of covariate inputs of a network."""
    covariates = panel.covariates
    if covariates is None:
        return None, {}
    pairs = pairs_of(panel)
    n_future = int(covariates.known_ahead.sum()) + len(pairs)
    return pairs, {
        "n_future": n_future,
        "n_historical": len(covariates.known_ahead),
        "n_static": covariates.static.shape[1],
    }


def _notes_from_scratch(
    network: NetworkConfig, input_size: int | None, preset: Preset
) -> list[Note]:
    if input_size is None:
        return [Note(f"input_size {network.view.input_size}", "default for these season lengths")]
    if preset == "scratch":
        return []
    why = f"the pretrained network has a window of {PRETRAINED_WINDOW} steps"
    return [Note("trained from scratch", why)]


def _note_on_start(cell: str, n_tuned: int, n_values: int) -> Note:
    why = "used without fine-tuning"
    if n_tuned and n_values < _MIN_TO_FINE_TUNE:
        why += f", which needs {_MIN_TO_FINE_TUNE} values; there are {n_values}"
    elif n_tuned:
        why = "starting point of the fine-tuning"
    return Note(f"pretrained {cell.upper()}", why)


def _notes_on_horizon(h: int, longest: int) -> list[Note]:
    notes = []
    if h > longest:
        notes.append(Note(f"horizon {h}", f"longer than any series ({longest} periods)"))
    if h > _MAX_TESTED_HORIZON:
        notes.append(
            Note(f"steps beyond {_MAX_TESTED_HORIZON}", "forecasts were tested up to there")
        )
    return notes


def _checked_length(data: Dataset, min_periods: int, h: int) -> int:
    """Return the number of periods of the longest series, which must be at least `min_periods`."""
    lengths = data.panel.lengths
    longest = int(lengths.max())
    if longest >= min_periods:
        return longest
    subject = f"The longest series ('{data.index.ids[lengths.argmax()]}') has {longest} periods; "
    if min_periods == _MIN_PERIODS:
        raise DataError(
            f"{subject}a forecast needs at least {min_periods}.", fix="Provide longer series."
        )
    raise DataError(
        f"{subject}training from scratch for a horizon of {h} needs at least {min_periods}.",
        value=h,
        fix=f"Use a horizon (h, --horizon) of at most {max(1, longest - _MIN_PERIODS)} "
        f"(with a scoreboard, at most {max(1, longest // 3)}), another preset, or longer series.",
    )


def _seasons(
    frequency: Frequency, given: Sequence[int] | None, panel: Panel
) -> tuple[tuple[int, ...], list[Note]]:
    """Return the season lengths: as given, inferred from the series, or by frequency."""
    if given:
        return tuple(sorted({int(m) for m in given})), []
    defaults = frequency.season_lengths
    if defaults == (1,) and frequency.kind in ("integer", "fixed"):  # any season is possible
        inferred = find_seasons(scaled(panel, measure_scale(panel)))
        is_seasonal = inferred != (1,)
        why = "inferred from the series" if is_seasonal else "no seasonality found in the series"
        return inferred, [Note(f"season_length {_listed(inferred)}", why)]
    longest = int(panel.lengths.max())
    lengths = tuple(m for m in defaults if 2 * m <= longest) or (1,)
    why = f"default for frequency {frequency.alias}"
    if lengths != defaults:
        why += f"; {longest} periods are too few for {_listed(defaults)}"
    if len(lengths) > 1:
        why += f"; MASE and SeasonalNaive use {lengths[0]}"
    return lengths, [Note(f"season_length {_listed(lengths)}", why)]


def _listed(lengths: Sequence[int]) -> str:
    return ", ".join(map(str, lengths))
