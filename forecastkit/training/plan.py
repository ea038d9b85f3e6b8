"""What a forecaster will be, before any training: seasons, networks, where they start, and why."""

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
# values of the whole panel that training on from the shipped network wants, and from nothing
_MIN_VALUES, _MIN_FROM_SCRATCH = 2000, 3000


@dataclass(frozen=True)
class Recipe:
    """How some networks of an ensemble come about.

    Attributes
    ----------
    network : NetworkConfig
    start : dict of ndarray or None
        Weights that training starts from; None for weights drawn by the seed.
    trainings : tuple of TrainingConfig
        The panel's tail chooses among them, and how many steps of them help.
    n_members : int
    """

    network: NetworkConfig
    start: Weights | None
    trainings: tuple[TrainingConfig, ...]
    n_members: int


@dataclass(frozen=True)
class Plan:
    """How an ensemble of networks comes about.

    Attributes
    ----------
    incumbent : Member
        What the networks have to be better than: the shipped network, or one that leaves the
        base path as it is.
    recipes : tuple of Recipe
        None where nothing is trained.
    notes : list of Note
        What was found or assumed, and why.
    is_pretrained : bool
        Whether the incumbent is the pretrained network.
    pairs : ndarray of int64, shape (n_pairs, 2), optional
        Columns known ahead that are multiplied with each other.
    """

    incumbent: Member
    recipes: tuple[Recipe, ...]
    notes: list[Note]
    is_pretrained: bool = False
    pairs: np.ndarray | None = None

    @property
    def season_lengths(self) -> tuple[int, ...]:
        """Of the series, shortest first."""
        return self.incumbent.network.view.season_lengths

    def looks_like(self, other: Plan) -> bool:
        """Whether another plan has the same seasons and pairs, and so the same networks."""
        mine, its = (np.zeros((0, 2)) if p.pairs is None else p.pairs for p in (self, other))
        return self.season_lengths == other.season_lengths and np.array_equal(mine, its)


def make_plan(
    data: Dataset,
    cell: str,
    h: int,
    preset: Preset,
    input_size: int | None = None,
    seasons: Sequence[int] | None = None,
    past: Panel | None = None,
) -> Plan:
    """Decide on seasons, networks and start for a dataset.

    Parameters
    ----------
    data : Dataset
    cell : "lstm" or "rnn"
    h : int
        Horizon.
    preset : str
        A name in `MEMBERS`.
    input_size : int, optional
        Steps of the window; with it networks are trained from scratch, since the shipped one
        has a window of its own.
    seasons : sequence of int, optional
        Season lengths; found from frequency or series when left out.
    past : Panel, optional
        What may be known of the series where seasons are found in them, and pairs of covariates;
        all of it by default.

    Raises
    ------
    DataError
        If the longest series is too short.
    OptionError
        If the preset trains nothing and a window is asked for.
    """
    scratch = preset == "scratch" or input_size is not None
    longest = _checked_length(data, _MIN_PERIODS + (h if scratch else 0), h)
    past = data.panel if past is None else past
    lengths, notes = _seasons(data.index.frequency, longest, seasons, past)
    if preset == "instant" and input_size is not None:
        raise OptionError(
            f"The preset instant trains nothing, and the pretrained network has a lookback window "
            f"of {PRETRAINED_WINDOW} steps, not {input_size}.",
            value=input_size,
            fix="Omit input_size (--input-size), or use another preset.",
        )
    window = None if input_size is None else min(int(input_size), longest)
    pairs, sizes = _covariate_inputs(past)
    view = default_view(lengths, h, longest, window)
    fresh = NetworkConfig(cell, _UNITS, replace(view, **sizes))
    n_tuned, n_fresh = MEMBERS[preset]
    long = float(np.median(data.panel.lengths)) >= MIN_LONG
    if scratch:
        notes += _notes_from_scratch(fresh, input_size, preset)
        untrained = {name: np.zeros(shape, "f") for name, shape in fresh.weight_shapes().items()}
        recipe = Recipe(fresh, None, TRAININGS["scratch", long], max(n_fresh, n_tuned))
        return Plan(Member(fresh, untrained), (recipe,), notes, pairs=pairs)
    incumbent = Member(*adapt_to(*pretrained(cell)[:2], lengths, h))
    start = add_covariate_inputs(incumbent.network, incumbent.weights, **sizes)
    n_values = int(np.sum(~np.isnan(data.panel.values)))
    notes.append(_note_on_start(cell, n_tuned, n_values))
    notes += _notes_on_horizon(h, longest)
    tuned = Recipe(*start, TRAININGS["pretrained", long], n_tuned)
    recipes = [tuned] if n_tuned and n_values >= _MIN_VALUES else []
    if n_fresh and n_values >= _MIN_FROM_SCRATCH and longest >= 3 * h:
        recipes.append(Recipe(fresh, None, TRAININGS["scratch", long], n_fresh))
    return Plan(incumbent, tuple(recipes), notes, is_pretrained=True, pairs=pairs)


def _covariate_inputs(panel: Panel) -> tuple[np.ndarray | None, dict[str, Any]]:
    """Pairs of future columns, and the numbers of covariate inputs of a network."""
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
    why = "starting point of the fine-tuning"
    if n_tuned and n_values < _MIN_VALUES:
        why = f"used without fine-tuning, which needs {_MIN_VALUES} values; there are {n_values}"
    elif n_tuned == 0:
        why = "used without fine-tuning"
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


def _checked_length(data: Dataset, fewest: int, h: int) -> int:
    """Periods of the longest series."""
    lengths = data.panel.lengths
    longest = int(lengths.max())
    if longest >= fewest:
        return longest
    name = f"The longest series ('{data.index.ids[lengths.argmax()]}') has {longest} periods; "
    if fewest == _MIN_PERIODS:
        raise DataError(f"{name}a forecast needs at least {fewest}.", fix="Provide longer series.")
    raise DataError(
        f"{name}training from scratch for a horizon of {h} needs at least {fewest}.",
        value=h,
        fix=f"Use a horizon (h, --horizon) of at most {max(1, longest - _MIN_PERIODS)} "
        f"(with a scoreboard, at most {max(1, longest // 3)}), another preset, or longer series.",
    )


def _seasons(
    frequency: Frequency, longest: int, given: Sequence[int] | None, panel: Panel
) -> tuple[tuple[int, ...], list[Note]]:
    if given:
        return tuple(sorted({int(m) for m in given})), []
    usual = frequency.season_lengths
    if usual == (1,) and frequency.kind in ("integer", "fixed"):  # it does not tell
        found = find_seasons(scaled(panel, measure_scale(panel)))
        why = "inferred from the series" if found != (1,) else "no seasonality found in the series"
        return found, [Note(f"season_length {_listed(found)}", why)]
    kept = tuple(m for m in usual if 2 * m <= longest) or (1,)
    why = f"default for frequency {frequency.alias}"
    if kept != usual:
        why += f"; {longest} periods are too few for {_listed(usual)}"
    return kept, [Note(f"season_length {_listed(kept)}", why)]


def _listed(lengths: Sequence[int]) -> str:
    return ", ".join(map(str, lengths))
