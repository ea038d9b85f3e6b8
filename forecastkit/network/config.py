"""What a network is and how it is trained, as frozen records that JSON can hold."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from forecastkit.layers.cells import CELLS
from forecastkit.series.windows import View

Cell = str  # a name in `CELLS`
Preset = Literal["instant", "fast", "default", "best", "scratch"]

# symmetric around the median: a negated series has the negated quantiles
QUANTILES = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
# size of the layer that brings together the state and what is told of a step of the horizon
TOLD_UNITS = 16
# networks by preset: trained on from the shipped one, and from nothing
MEMBERS: dict[str, tuple[int, int]] = {
    "instant": (0, 0),
    "fast": (1, 0),
    "default": (3, 2),
    "best": (6, 6),
    "scratch": (0, 3),
}


@dataclass(frozen=True)
class NetworkConfig:
    """Shape of a network.

    Attributes
    ----------
    cell : str
        Kind of its recurrent layers, a name in `forecastkit.layers.cells.CELLS`.
    units : int
        Size of the states.
    n_layers : int
        Recurrent layers, each added to what comes in.
    quantiles : tuple of float
        Quantiles of every horizon, ascending and symmetric around 0.5.
    dropout : float
        Share of every recurrent layer's output that is dropped in training.
    view : View
        What it sees at each cutoff and what it foretells.
    """

    cell: Cell
    units: int
    view: View
    n_layers: int = 2
    quantiles: tuple[float, ...] = QUANTILES
    dropout: float = 0.1

    def to_dict(self) -> dict[str, Any]:
        """Return a dictionary that JSON can hold."""
        return asdict(self)

    @classmethod
    def from_dict(cls, made: dict[str, Any]) -> NetworkConfig:
        """Read what `to_dict` returned; raise TypeError on names that are not known."""
        view = dict(made["view"])
        for name in ("season_lengths", "lags"):
            view[name] = tuple(view[name])
        rest = {**made, "view": View(**view), "quantiles": tuple(made["quantiles"])}
        return cls(**rest)

    def weight_shapes(self) -> dict[str, tuple[int, ...]]:
        """Return name and shape of every weight: what a model file must hold.

        Examples
        --------
        >>> view = View(10, 6, (1,), 0.5, 30, 1)
        >>> NetworkConfig("rnn", 8, view, n_layers=1).weight_shapes()["recurrent_0/kernel"]
        (8, 8)
        """
        units, view = self.units, self.view
        cell = CELLS[self.cell]
        n_out = view.horizon * len(self.quantiles)
        shapes: dict[str, tuple[int, ...]] = {
            "input/kernel": (view.n_inputs, units),
            "input/bias": (units,),
        }
        for layer in range(self.n_layers):
            own = cell.weight_shapes(units, units)
            shapes |= {f"recurrent_{layer}/{name}": shape for name, shape in own.items()}
        shapes |= {"head/kernel": (units, n_out), "head/bias": (n_out,)}
        if view.told:
            shapes["told/state"] = (units, TOLD_UNITS)
            shapes["told/kernel"] = (view.told, TOLD_UNITS)
            shapes["told/bias"] = (TOLD_UNITS,)
            shapes["told/out"] = (TOLD_UNITS, len(self.quantiles))
        return shapes


@dataclass(frozen=True)
class TrainingConfig:
    """How a network is trained.

    Attributes
    ----------
    most_steps : int
        Gradient steps at the most; early stopping finds how many of them help.
    check_every, patience : int
        Steps between looks at the validation tail, and looks without gain before training stops.
    batch_size : int
        Runs of cutoffs a step.
    learning_rate, weight_decay, clip_norm : float
        Of AdamW (Loshchilov & Hutter 2019) after `warm_up` steps; norm at which gradients are cut.
    noise : float
        Standard deviation of what is added to the inputs, in units of the series' noise.
    scale_power : float
        Losses are weighted with the series' noise to this power: 0 counts all series alike, 1
        counts errors relative to the level.
    head_only : bool
        Whether only the last layer learns.
    every : int
        Cutoffs from one with targets to the next.
    """

    most_steps: int = 200
    check_every: int = 10
    patience: int = 5
    batch_size: int = 128
    learning_rate: float = 2e-3
    weight_decay: float = 1e-3
    clip_norm: float = 1.0
    warm_up: int = 20
    noise: float = 0.02
    scale_power: float = 0.5
    head_only: bool = False
    every: int = 1


# members of an ensemble weigh errors differently, in turn
SCALE_POWERS = (0.5, 1.0, 0.0)
# a panel is long when its series have so many periods in the middle
LONG = 300
# ways of training, by where it starts and whether the panel is long; its tail chooses among them
TRAININGS: dict[tuple[str, bool], tuple[TrainingConfig, ...]] = {
    # what is known already is kept: few steps, and small ones
    ("shipped", False): (
        TrainingConfig(most_steps=80, learning_rate=5e-4),
        TrainingConfig(most_steps=80, learning_rate=2e-3, head_only=True),
    ),
    ("shipped", True): (
        TrainingConfig(most_steps=240, check_every=20, learning_rate=1e-3, every=4),
    ),
    ("nothing", False): (TrainingConfig(most_steps=200),),
    ("nothing", True): (TrainingConfig(most_steps=600, check_every=20),),
}


# by the shortest season: steps of the window, cutoffs read, stride between them
_VIEWS = {
    1: (10, 48, 1),
    4: (12, 48, 1),
    5: (20, 48, 1),
    7: (28, 48, 7),
    12: (18, 64, 1),
    52: (52, 48, 4),
}
_LONGEST_WINDOW = 168  # where the shortest season is a day of hours or half-hours


def default_view(
    season_lengths: tuple[int, ...], horizon: int, longest: int, input_size: int | None = None
) -> View:
    """Choose how a network that is trained from nothing looks at series of these seasons.

    Where the longest season has 52 steps or more, what followed the same phase one and two such
    seasons ago is looked up.

    Parameters
    ----------
    season_lengths : tuple of int
        Shortest first.
    horizon : int
        Steps to foretell.
    longest : int
        Periods of the longest series: no more cutoffs are read than it has.
    input_size : int, optional
        Steps of the window; found from the season when left out.

    Returns
    -------
    View

    Examples
    --------
    >>> view = default_view((12,), horizon=18, longest=144)
    >>> view.input_size, view.n_cutoffs, view.stride, view.drift
    (18, 64, 1, 0.5)
    """
    m, most = min(season_lengths), max(season_lengths)
    usual = (2 * m, 48, 1) if m < 24 else (min(max(most, m), _LONGEST_WINDOW), 28, m // 2)
    window, n_cutoffs, stride = _VIEWS.get(m, usual)
    stride = max(1, min(stride, longest // 24))
    back = round(most / m) * m
    lags = tuple(k * back for k in (1, 2) if most >= 52 and (k + 1) * back + horizon <= longest)
    return View(
        input_size=input_size or min(window, max(4, longest // 3)),
        horizon=horizon,
        season_lengths=season_lengths,
        drift=usual_drift(season_lengths),
        n_cutoffs=max(1, min(n_cutoffs, longest // stride)),
        stride=stride,
        lags=lags,
        lag_steps=horizon if lags else 0,
    )


# how the shipped networks look at every series; their weights know no other numbers
SHIPPED_WINDOW, SHIPPED_HORIZON, SHIPPED_CUTOFFS = 24, 48, 64


def shipped_view(season_lengths: tuple[int, ...], horizon: int = SHIPPED_HORIZON) -> View:
    """How a shipped network looks at series of these seasons.

    A season longer than the window is looked up one and two seasons back, at the nearest multiple
    of the shortest season: 364 for 7 and 365, so that weekdays meet. Where a day alone fills the
    window, the last two days are looked up in place of what is two seasons back; where there are
    weeks besides, cutoffs are a quarter of a day apart, so that they reach back over two weeks.

    Examples
    --------
    >>> shipped_view((12,), 18).lags, shipped_view((24, 168), 48).lags, shipped_view((7, 365)).lags
    ((0, 0), (168, 48), (364, 728))
    """
    shortest, longest = min(season_lengths), max(season_lengths)
    first = round(longest / shortest) * shortest if longest > SHIPPED_WINDOW else 0
    days = SHIPPED_WINDOW <= shortest <= SHIPPED_HORIZON
    second = SHIPPED_HORIZON if days else 2 * first
    return View(
        input_size=SHIPPED_WINDOW,
        horizon=horizon,
        season_lengths=season_lengths,
        drift=usual_drift(season_lengths),
        n_cutoffs=SHIPPED_CUTOFFS,
        stride=shortest // 4 if days and longest > shortest else 1,
        lags=(first, second),
        lag_steps=SHIPPED_HORIZON,
    )


def usual_drift(season_lengths: tuple[int, ...]) -> float:
    """Share of the slope in the base path: growth lasts in slow series; seasons lead fast ones."""
    return 0.5 if max(season_lengths) <= 12 and min(season_lengths) != 7 else 0.0
