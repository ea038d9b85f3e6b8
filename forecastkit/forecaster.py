"""Forecasters: scikit-learn's estimator protocol over the network, the tables and the file."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import pandas as pd

from forecastkit.errors import OptionError
from forecastkit.evaluation.skill import Skill
from forecastkit.methods.registry import BLENDED
from forecastkit.model.model import FittedModel
from forecastkit.model.predictor import Forecasts, Predictor
from forecastkit.network.threads import single_blas_thread
from forecastkit.training.config import Preset
from forecastkit.training.fit import fit_model


class _Forecaster(Forecasts):
    """What the forecasters share; they differ in the parts whose mean they are."""

    cells: ClassVar[dict[str, str]]  # ensembles of networks, by the name of the part
    not_fine_tuned: ClassVar[tuple[str, ...]] = ()  # cells that fast and default do not train
    methods: ClassVar[tuple[str, ...]] = ()  # statistical parts beside them
    name: ClassVar[str]

    def __init__(
        self,
        h: int,
        input_size: int | None = None,
        season_length: int | Sequence[int] | None = None,
        freq: str | int | None = None,
        futr_exog: Sequence[str] | None = None,
        hist_exog: Sequence[str] | None = None,
        stat_exog: Sequence[str] | None = None,
        holidays: str | None = None,
        events: pd.DataFrame | str | Path | None = None,
        calendar: Sequence[str] | str | None = None,
        preset: Preset = "default",
        seed: int = 1,
        alias: str | None = None,
    ) -> None:
        self.h = h
        self.input_size = input_size
        self.season_length = season_length
        self.freq = freq
        self.futr_exog = futr_exog
        self.hist_exog = hist_exog
        self.stat_exog = stat_exog
        self.holidays = holidays
        self.events = events
        self.calendar = calendar
        self.preset = preset
        self.seed = seed
        self.alias = alias

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002 (scikit-learn's)
        """Return the constructor's arguments by name."""
        return {name: getattr(self, name) for name in _arguments(type(self))}

    def set_params(self, **params: Any) -> Self:
        """Set constructor arguments by name and return the forecaster."""
        known = _arguments(type(self))
        for name, value in params.items():
            if name not in known:
                raise OptionError(
                    f"{type(self).__name__} has no argument '{name}'; it has: {', '.join(known)}.",
                    value=name,
                )
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        given = {
            name: "DataFrame" if isinstance(value, pd.DataFrame) else repr(value)
            for name, value in self.get_params().items()
            if value is not None
            and (isinstance(value, pd.DataFrame) or value != _arguments(type(self))[name].default)
        }
        inside = ", ".join(f"{name}={value}" for name, value in given.items())
        return f"{type(self).__name__}({inside})"

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn what this is, where its functions ask."""
        from sklearn.utils import Tags, TargetTags

        return Tags(estimator_type=None, target_tags=TargetTags(required=False))

    def fit(self, df: pd.DataFrame, progress: bool | None = None, ablation: bool = True) -> Self:
        """Train on a series table and score the model on its last window.

        Training happens twice: without the last `h` steps of every series, for the scoreboard,
        then with them. Each time the number of gradient steps is found on the tail of what is
        trained on; where none helps, what training started from stays. Seasons, level, slope and
        scale of a series come from its own past. The preset "instant" trains nothing and is scored
        on the last three windows.

        Parameters
        ----------
        df : DataFrame
            A series table: `unique_id`, `ds`, `y`. Missing values (absent rows, NaN in `y`) are
            passed over; a series without any value is left out. A constant series is forecast as
            that constant, a series of zeros as zeros; where no value is negative no forecast is.
        progress : bool, optional
            Whether to show a progress bar on standard error; on a terminal when left out.
        ablation : bool
            Whether to score the model without its covariates too, where it has some.

        Returns
        -------
        self

        Raises
        ------
        DataError, OptionError
            If the table or an argument is wrong, or the longest series is too short.
        """
        with single_blas_thread():
            self.model_ = fit_model(self, df, scored=True, progress=progress, ablation=ablation)
        return self

    def train(self, df: pd.DataFrame, progress: bool | None = None) -> Self:
        """Train as `fit` does, without the scoreboard: in half the time."""
        with single_blas_thread():
            self.model_ = fit_model(self, df, scored=False, progress=progress, ablation=False)
        return self

    @property
    def _state(self) -> FittedModel:
        if not hasattr(self, "model_"):
            raise _not_fitted(type(self).__name__)
        return self.model_

    @property
    def skills(self) -> list[Skill]:
        """By how much the model beat the seasonal naive forecast and Theta, and how surely."""
        return [Skill(**one) for one in self._state.metadata.facts["skill"]]

    @property
    def assumptions(self) -> list[dict[str, str]]:
        """What was found or assumed in fitting, and why."""
        return self._state.metadata.assumptions

    def save(self, path: str | Path) -> None:
        """Write the model to one safetensors file, whole or not at all.

        Raises
        ------
        TrainingError
            If the NumPy predictor does not agree with the Keras network to 1e-5.
        WriteError
            If the file cannot be written.
        """
        from forecastkit.training.parity import check_parity

        if self._state.metadata.facts["steps"]:  # else no weight has been through Keras
            check_parity(self._state)
        Predictor(self._state).save(path)


class LSTMForecaster(_Forecaster):
    """Forecast a panel of series with one long short-term memory network.

    The network sees every series without its unit, level and season, and corrects a statistical
    base path (exponential smoothing with half the trend's slope, and the season). It forecasts all
    `h` steps at once, with quantiles that cannot cross. It comes trained, on synthetic series
    alone: it can be used as it is, or training goes on from it, on all series together.

    Parameters
    ----------
    h : int
        Horizon: steps to forecast.
    input_size : int, optional
        Steps that the network sees at each cutoff; with it a network is trained from scratch.
    season_length : int or sequence of int, optional
        Steps in a season, or in several (24 and 168).
    freq : str or int, optional
        A pandas offset alias, or a step of integers.
    futr_exog, hist_exog, stat_exog : sequence of str, optional
        Names of columns that are known ahead, known for the past alone, and constant in a series.
        The roles of other columns are inferred and reported.
    holidays : str, optional
        ISO 3166 code of a country or region whose public holidays are future covariates: US, DE-BY.
    events : DataFrame, str or Path, optional
        Custom events: a table or a CSV file with the columns `date` (ISO 8601) and `event`, one row
        per day of an event, past and future.
    calendar : sequence of str, optional
        Calendar features of trained networks: any of "hour", "weekday", "month" (day of the month)
        and "day of year"; an empty sequence for none. By default those that suit the frequency, if
        there are future covariates.
    preset : "instant", "fast", "default", "best" or "scratch"
        The shipped network as it is, without training and without TensorFlow; 1, 3 or 6 networks
        that are trained on from it, in panels of some size 0, 2 or 6 that are trained from nothing
        beside them, whose median counts; 3 networks trained from nothing alone.
    seed : int
        The same seed on the same machine gives the same forecast.
    alias : str, optional
        Name of the forecast column, LSTM when left out.

    Attributes
    ----------
    model_ : forecastkit.model.model.FittedModel
        After `fit`.

    Examples
    --------
    >>> LSTMForecaster(h=12).get_params()["preset"]
    'default'
    """

    cells: ClassVar[dict[str, str]] = {"LSTM": "lstm"}
    name = "LSTM"


class RNNForecaster(_Forecaster):
    """Forecast a panel of series with one simple recurrent network.

    Everything is as in `LSTMForecaster` but for the recurrent layers, which have no gates: what
    the gates bring shows in the difference.

    Parameters
    ----------
    h, input_size, season_length, freq, futr_exog, hist_exog, stat_exog, preset, seed, alias
        As in `LSTMForecaster`; the alias is RNN by default.
    holidays, events, calendar
        As in `LSTMForecaster`.

    Examples
    --------
    >>> RNNForecaster(h=12, seed=3)
    RNNForecaster(h=12, seed=3)
    """

    cells: ClassVar[dict[str, str]] = {"RNN": "rnn"}
    name = "RNN"


class AutoForecaster(_Forecaster):
    """Forecast a panel of series with a weighted mean of networks and statistical methods.

    Its parts are the networks of `LSTMForecaster` and `RNNForecaster` (the latter as it is shipped,
    but for the presets best and scratch), exponential smoothing with a damped trend, ETS, the Theta
    method and the seasonal naive forecast. How much each counts is
    found on windows of the past that it had not seen, and shrunk to what is usual: the fewer series
    and windows there are, the more. The weights are among `assumptions`, and stored.

    Parameters
    ----------
    h, input_size, season_length, freq, futr_exog, hist_exog, stat_exog, preset, seed, alias
        As in `LSTMForecaster`; the alias is Auto by default.
    holidays, events, calendar
        As in `LSTMForecaster`.

    Examples
    --------
    >>> AutoForecaster(h=12, preset="fast")
    AutoForecaster(h=12, preset='fast')
    """

    cells: ClassVar[dict[str, str]] = {"LSTM": "lstm", "RNN": "rnn"}
    not_fine_tuned = ("rnn",)
    methods = BLENDED
    name = "Auto"


def _arguments(kind: type) -> dict[str, inspect.Parameter]:
    parameters = inspect.signature(kind).parameters
    return {name: parameter for name, parameter in parameters.items() if name != "self"}


def _not_fitted(name: str) -> Exception:
    """Make an error that is scikit-learn's NotFittedError too."""
    from sklearn.exceptions import NotFittedError as SklearnNotFittedError

    from forecastkit.errors import NotFittedError

    kind = type("NotFittedError", (NotFittedError, SklearnNotFittedError), {})
    return kind(f"This {name} is not fitted yet.", fix="Call fit with a series table first.")
