"""Configuration of a network, a frozen record with a JSON form, and its default views."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from forecastkit.layers.cells import CELLS
from forecastkit.ranges import check_length, check_number, check_whole, refuse
from forecastkit.series.view import View

# symmetric around the median, so that a negated series has the negated quantiles
QUANTILES = (0.025, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.975)
MAX_UNITS, MAX_LAYERS = 4096, 64
# units of the layer that combines the state with the future features of a step of the horizon
FUTURE_UNITS = 16
# names in model files of the fields of `View`
_IN_FILES = {
    "trend_share": "drift",
    "sequence_length": "n_cutoffs",
    "sequence_stride": "stride",
    "n_future": "told",
    "n_historical": "noted",
    "n_static": "fixed",
}


@dataclass(frozen=True)
class NetworkConfig:
    """Configuration of a network.

    Attributes
    ----------
    cell : str
        Cell of the recurrent layers, a name in `forecastkit.layers.cells.CELLS`.
    units : int
        Size of the states.
    view : View
        Inputs and outputs.
    n_layers : int
        Number of recurrent layers, each with a residual connection.
    quantiles : tuple of float
        Quantiles that are predicted, ascending and symmetric around 0.5.
    dropout : float
        Dropout rate of the outputs of every recurrent layer in training.
    """

    cell: str
    units: int
    view: View
    n_layers: int = 2
    quantiles: tuple[float, ...] = QUANTILES
    dropout: float = 0.1

    def __post_init__(self) -> None:
        if self.cell not in CELLS:
            refuse("cell", self.cell, f"one of {', '.join(CELLS)}")
        check_whole("units", self.units, 1, MAX_UNITS)
        check_whole("n_layers", self.n_layers, 1, MAX_LAYERS)
        check_number("dropout", self.dropout, 0, 1)
        check_length("quantiles", self.quantiles, 3, 99)
        ascending = all(low < high for low, high in pairwise((0, *self.quantiles, 1)))
        if not ascending or self.quantiles[len(self.quantiles) // 2] != 0.5:
            refuse("quantiles", self.quantiles, "ascending between 0 and 1, with 0.5 in the middle")

    def to_dict(self) -> dict[str, Any]:
        """Return a dictionary that JSON can hold."""
        view = {_IN_FILES.get(name, name): value for name, value in asdict(self.view).items()}
        return {**asdict(self), "view": view}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> NetworkConfig:
        """Invert `to_dict`; raise TypeError on unknown names."""
        fields = {in_file: name for name, in_file in _IN_FILES.items()}
        view = {fields.get(name, name): value for name, value in stored["view"].items()}
        for name in ("season_lengths", "lags"):
            view[name] = tuple(view[name])
        arguments = {**stored, "view": View(**view), "quantiles": tuple(stored["quantiles"])}
        return cls(**arguments)

    def weight_shapes(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the weights, as model files must hold them.

        Examples
        --------
        >>> view = View(10, 6, (1,), 0.5, 30, 1)
        >>> NetworkConfig("rnn", 8, view, n_layers=1).weight_shapes()["recurrent_0/kernel"]
        (8, 8)
        """
        units, view, cell = self.units, self.view, CELLS[self.cell]
        n_out = view.horizon * len(self.quantiles)
        shapes: dict[str, tuple[int, ...]] = {
            "input/kernel": (view.n_inputs, units),
            "input/bias": (units,),
        }
        for layer in range(self.n_layers):
            cell_shapes = cell.weight_shapes(units, units)
            shapes |= {f"recurrent_{layer}/{name}": shape for name, shape in cell_shapes.items()}
        shapes |= {"head/kernel": (units, n_out), "head/bias": (n_out,)}
        if view.n_future:  # in files, "told" is the layer of the future features
            shapes["told/state"] = (units, FUTURE_UNITS)
            shapes["told/kernel"] = (view.n_future, FUTURE_UNITS)
            shapes["told/bias"] = (FUTURE_UNITS,)
            shapes["told/out"] = (FUTURE_UNITS, len(self.quantiles))
        return shapes


# by shortest season: input size, sequence length, sequence stride
_VIEWS = {
    1: (10, 48, 1),
    4: (12, 48, 1),
    5: (20, 48, 1),
    7: (28, 48, 7),
    12: (18, 64, 1),
    52: (52, 48, 4),
}
MAX_WINDOW = 168  # for shortest seasons of 24 steps or more, such as a day of hours
# minimum season length for lags of one and two seasons
MIN_LAG_SEASON = 52


def default_view(
    season_lengths: tuple[int, ...], horizon: int, longest: int, input_size: int | None = None
) -> View:
    """Choose the view of a network that is trained from scratch.

    If the longest season has at least 52 steps, the inputs include lags: the values after the same
    phase one and two seasons ago.

    Parameters
    ----------
    season_lengths : tuple of int
        Shortest first.
    horizon : int
        Steps to predict.
    longest : int
        Periods of the longest series, an upper bound of the span of a training sequence.
    input_size : int, optional
        Steps of the window; by default it depends on the season.

    Returns
    -------
    View

    Examples
    --------
    >>> view = default_view((12,), horizon=18, longest=144)
    >>> view.input_size, view.sequence_length, view.sequence_stride, view.trend_share
    (18, 64, 1, 0.5)
    """
    m, max_m = min(season_lengths), max(season_lengths)
    default = (2 * m, 48, 1) if m < 24 else (min(max(max_m, m), MAX_WINDOW), 28, m // 2)
    window, length, stride = _VIEWS.get(m, default)
    stride = max(1, min(stride, longest // 24))
    lag = round(max_m / m) * m
    has_lags = max_m >= MIN_LAG_SEASON
    lags = tuple(k * lag for k in (1, 2) if has_lags and (k + 1) * lag + horizon <= longest)
    return View(
        input_size=input_size or min(window, max(4, longest // 3)),
        horizon=horizon,
        season_lengths=season_lengths,
        trend_share=default_trend_share(season_lengths),
        sequence_length=max(1, min(length, longest // stride)),
        sequence_stride=stride,
        lags=lags,
        lag_steps=horizon if lags else 0,
    )


# input size, horizon and sequence length of the pretrained networks, which their weights imply
PRETRAINED_WINDOW, PRETRAINED_HORIZON, PRETRAINED_CUTOFFS = 24, 48, 64


def pretrained_view(
    season_lengths: tuple[int, ...], horizon: int = PRETRAINED_HORIZON, anchored: bool = True
) -> View:
    """View of a pretrained network for series with these seasons.

    If the longest season exceeds the window, the lags are one and two seasons, rounded to a
    multiple of the shortest season: 364 for 7 and 365, so that weekdays match. If a day fills the
    window (hourly or half-hourly series), the second lag covers the last 48 steps instead. Cutoffs
    are up to a window apart where seasons are long, so that a sequence spans many of them.

    Networks of the first generation have no anchored sequences and no slow memory; of hourly series
    they read cutoffs a quarter of a day apart.

    Examples
    --------
    >>> [pretrained_view(seasons).lags for seasons in ((12,), (24, 168), (7, 365))]
    [(0, 0), (168, 48), (364, 728)]
    >>> [pretrained_view(m).sequence_stride for m in ((12,), (24, 168), (7, 365), (52,))]
    [1, 24, 7, 13]
    """
    shortest, longest = min(season_lengths), max(season_lengths)
    first = round(longest / shortest) * shortest if longest > PRETRAINED_WINDOW else 0
    is_subdaily = PRETRAINED_WINDOW <= shortest <= PRETRAINED_HORIZON
    second = PRETRAINED_HORIZON if is_subdaily else 2 * first
    if not anchored:
        stride = shortest // 4 if is_subdaily and longest > shortest else 1
    elif shortest >= PRETRAINED_WINDOW:
        whole_days = shortest % PRETRAINED_WINDOW == 0
        stride = PRETRAINED_WINDOW if whole_days else min(shortest // 4, PRETRAINED_WINDOW)
    else:
        stride = shortest if longest > PRETRAINED_WINDOW else 1
    return View(
        input_size=PRETRAINED_WINDOW,
        horizon=horizon,
        season_lengths=season_lengths,
        trend_share=default_trend_share(season_lengths),
        sequence_length=PRETRAINED_CUTOFFS,
        sequence_stride=stride,
        lags=(first, second),
        lag_steps=PRETRAINED_HORIZON,
        season_steps=PRETRAINED_HORIZON if anchored else 0,
        anchored=anchored,
    )


def default_trend_share(season_lengths: tuple[int, ...]) -> float:
    """Share of the slope in the baseline forecast: 1/2 for seasons up to 12 steps, not 7."""
    return 0.5 if max(season_lengths) <= 12 and min(season_lengths) != 7 else 0.0
