"""Forecasters: estimators with scikit-learn's protocol that fit, forecast and save models."""

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
from forecastkit.training.arguments import checked_columns
from forecastkit.training.config import Preset
from forecastkit.training.fit import FitOptions, fit_model


class _Forecaster(Forecasts):
    """Base class; the forecasters differ in the parts of their blends."""

    cells: ClassVar[dict[str, str]]  # cell of each ensemble of networks, by the name of its part
    not_fine_tuned: ClassVar[tuple[str, ...]] = ()  # cells used zero-shot in fast and default
    methods: ClassVar[tuple[str, ...]] = ()  # names of the statistical parts
    name: ClassVar[str]

    def __init__(
        self,
        h: int | None = None,
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
        units: int | None = None,
        n_layers: int | None = None,
        learning_rate: float | None = None,
        max_steps: int | None = None,
        n_members: int | None = None,
        time_limit: float | None = None,
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
        self.units = units
        self.n_layers = n_layers
        self.learning_rate = learning_rate
        self.max_steps = max_steps
        self.n_members = n_members
        self.time_limit = time_limit

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002 (scikit-learn's)
        """Return the arguments of the constructor by name."""
        return {name: getattr(self, name) for name in _arguments(type(self))}

    def set_params(self, **params: Any) -> Self:
        """Set arguments of the constructor by name and return the forecaster.

        Raises
        ------
        OptionError
            If there is no argument of that name.
        """
        valid = _arguments(type(self))
        for name, value in params.items():
            if name not in valid:
                raise OptionError(
                    f"{type(self).__name__} has no argument '{name}'; it has: {', '.join(valid)}.",
                    value=name,
                )
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        changed = {
            name: "DataFrame" if isinstance(value, pd.DataFrame) else repr(value)
            for name, value in self.get_params().items()
            if value is not None
            and (isinstance(value, pd.DataFrame) or value != _arguments(type(self))[name].default)
        }
        arguments = ", ".join(f"{name}={value}" for name, value in changed.items())
        fitted = f", {self.summary(1)}" if hasattr(self, "model_") else ""
        return f"{type(self).__name__}({arguments}){fitted}"

    def __sklearn_tags__(self) -> Any:
        """Return scikit-learn's estimator tags."""
        from sklearn.utils import Tags, TargetTags

        return Tags(estimator_type=None, target_tags=TargetTags(required=False))

    def fit(
        self,
        df: pd.DataFrame,
        progress: bool | None = None,
        ablation: bool = True,
        time_limit: float | None = None,
        **columns: Any,
    ) -> Self:
        """Fit the model to a table and score it on hold-outs.

        The model is trained twice: without the last `h` steps of every series, for the scoreboard,
        and on all data. The number of gradient steps is chosen by early stopping on validation
        windows before the scored steps; networks that do not lower the validation loss are
        discarded. Models without training, and small panels, are scored on the last three windows.

        Parameters
        ----------
        df : DataFrame, Series, or a table of polars, Arrow or DuckDB
            A series table (`unique_id`, `ds`, `y`), or a table with other names, timestamps as its
            index or one series per column; see `columns`. Missing values (absent rows, NaN in `y`)
            are allowed; series without values are dropped. Forecasts of a constant series are
            constant, and those of a series without negative values are not negative.
        progress : bool, optional
            Whether to show a progress bar; by default if standard error is a terminal.
        ablation : bool
            Whether to score a model with covariates without them as well, unless time is limited.
        time_limit : float, optional
            Seconds after which the fit should end, with the best model so far. Reading, checks and
            forecasts of the pretrained networks are not shortened; below about 10 seconds nothing
            is trained. The result depends on the speed of the machine.
        **columns
            `target_col`, `time_col`, `id_col`: names of the columns; those that are not given are
            found by name and content. Forecasts have the names and the library of the table.

        Returns
        -------
        self

        Raises
        ------
        DataError, OptionError
            If the table or an argument is invalid, or the longest series is too short.
        """
        with single_blas_thread():
            named = checked_columns(columns)
            limit = self.time_limit if time_limit is None else time_limit
            options = FitOptions(True, progress, ablation, limit, named)
            self.model_ = fit_model(self, df, options)
        return self

    def train(
        self,
        df: pd.DataFrame,
        progress: bool | None = None,
        time_limit: float | None = None,
        **columns: Any,
    ) -> Self:
        """Fit the model without hold-out scores: in about half the time.

        Otherwise as `fit`, but training settings are selected on the last steps of every series,
        and not on those before the scored ones.
        """
        with single_blas_thread():
            named = checked_columns(columns)
            limit = self.time_limit if time_limit is None else time_limit
            options = FitOptions(False, progress, False, limit, named)
            self.model_ = fit_model(self, df, options)
        return self

    @property
    def _state(self) -> FittedModel:
        if not hasattr(self, "model_"):
            raise _not_fitted(type(self).__name__)
        return self.model_

    @property
    def is_fitted(self) -> bool:
        """Whether there is a fitted model."""
        return hasattr(self, "model_")

    def _with(self, model: FittedModel) -> Self:
        self.model_ = model
        return self

    @property
    def history_(self) -> pd.DataFrame:
        """Validation losses of the networks that were trained for the model, oldest first."""
        rows = self._state.metadata.facts.get("losses", [])
        return pd.DataFrame(rows, columns=["part", "network", "evaluation", "loss"])

    def to_keras(self) -> Any:
        """Return a network of the model as a Keras model.

        Returns
        -------
        keras.Model
            The first network of the part with the largest weight, with its weights; from inputs
            (batch, time, n_inputs) to raw outputs (batch, time, horizon, n_quantiles).
        """
        from forecastkit.training.tensorflow import load_tensorflow

        member = self._state.blend.leading[0]
        load_tensorflow()
        from forecastkit.training.build import build, set_weights

        model = build(member.network, 0)
        set_weights(model, member.weights)
        return model

    @property
    def skills(self) -> list[Skill]:
        """Skill relative to the naive methods and Theta, with bootstrap intervals."""
        return [Skill(**skill) for skill in self._state.metadata.facts["skill"]]

    @property
    def assumptions(self) -> list[dict[str, str]]:
        """Decisions made in reading and fitting, as dictionaries with the keys `what` and `why`."""
        return self._state.metadata.assumptions

    def save(self, path: str | Path) -> None:
        """Write the model to a single safetensors file, atomically.

        Raises
        ------
        TrainingError
            If the NumPy predictor differs from a Keras network by more than 1e-5.
        WriteError
            If the file cannot be written.
        """
        from forecastkit.training.parity import check_parity

        if self._state.metadata.facts["steps"]:  # else no network was trained in Keras
            check_parity(self._state)
        Predictor(self._state).save(path)


class LSTMForecaster(_Forecaster):
    """Global forecaster with long short-term memory (LSTM) networks.

    One model serves all series of a panel. Its networks see each series normalised and
    deseasonalised, and correct a statistical baseline forecast (exponential smoothing with half
    the trend's slope, plus the season). They forecast all `h` steps at once, with quantiles that
    cannot cross. A network pretrained on synthetic series is used zero-shot or fine-tuned.

    Parameters
    ----------
    h : int, optional
        Horizon: number of steps to forecast; by default by frequency (6 yearly, 8 quarterly, 18
        monthly, 13 weekly, 14 daily, 48 hourly), less for short series.
    input_size : int, optional
        Steps of the lookback window; if given, networks are trained from scratch.
    season_length : int or sequence of int, optional
        Steps per season, for one or more seasons (24 and 168); by default inferred.
    freq : str or int, optional
        A pandas offset alias, or the step between integer timestamps; by default inferred.
    futr_exog, hist_exog, stat_exog : sequence of str, optional
        Names of future, historical and static covariates: known in advance, known for the past
        only, and constant within each series. The roles of other columns are inferred and reported.
    holidays : str, optional
        ISO 3166 code of a country or region (US, DE-BY) whose public holidays are future
        covariates.
    events : DataFrame, str or Path, optional
        Custom events: a table or a CSV file with the columns `date` (ISO 8601) and `event`, with a
        row for each day of an event, past and future.
    calendar : sequence of str, optional
        Calendar features of trained networks: any of "hour", "weekday", "month" (day of the month)
        and "day of year"; an empty sequence for none. With future covariates, the default depends
        on the frequency; without, it is none.
    preset : "instant", "fast", "default", "best" or "scratch"
        "instant" uses the pretrained network without training and without TensorFlow; "fast",
        "default" and "best" fine-tune 1, 3 and 6 networks, and in larger panels also train 0, 2
        and 6 from scratch; "scratch" trains 3 from scratch only. The median of all networks is the
        forecast.
    seed : int
        Random seed; on the same machine, the same seed gives the same forecast.
    alias : str, optional
        Name of the forecast column; LSTM by default.
    units, n_layers : int, optional
        Of networks that are trained from scratch; 32 and 2 by default.
    learning_rate : float, optional
    max_steps, n_members : int, optional
        Maximum number of gradient steps of a network, and number of networks of each kind that the
        preset trains.
    time_limit : float, optional
        Seconds after which `fit` should end; see there.

    Attributes
    ----------
    model_ : forecastkit.model.model.FittedModel
        The fitted model; set by `fit` and `train`.
    history_ : DataFrame
        Validation losses of the networks that were trained: `part`, `network`, `evaluation` and
        `loss`.

    Examples
    --------
    >>> LSTMForecaster(h=12).get_params()["preset"]
    'default'
    """

    cells: ClassVar[dict[str, str]] = {"LSTM": "lstm"}
    name = "LSTM"


class RNNForecaster(_Forecaster):
    """Global forecaster with simple recurrent networks.

    It differs from `LSTMForecaster` in the recurrent layers only, which have no gates: comparing
    the two shows the effect of the gates.

    Parameters
    ----------
    h, input_size, season_length, freq, futr_exog, hist_exog, stat_exog, preset, seed, alias
        As in `LSTMForecaster`; the alias is RNN by default.
    holidays, events, calendar, units, n_layers, learning_rate, max_steps, n_members, time_limit
        As in `LSTMForecaster`.

    Examples
    --------
    >>> RNNForecaster(h=12, seed=3)
    RNNForecaster(h=12, seed=3)
    """

    cells: ClassVar[dict[str, str]] = {"RNN": "rnn"}
    name = "RNN"


class AutoForecaster(_Forecaster):
    """Global forecaster: a weighted mean of networks and statistical methods.

    The parts are the networks of `LSTMForecaster` and `RNNForecaster` (the latter without
    fine-tuning, unless the preset is "best" or "scratch"), exponential smoothing with a damped
    trend, ETS, the Theta method and the seasonal naive forecast. Their weights are estimated on
    hold-outs and shrunk towards a prior, the more the fewer series and windows there are. They are
    reported among `assumptions` and stored in the model.

    Parameters
    ----------
    h, input_size, season_length, freq, futr_exog, hist_exog, stat_exog, preset, seed, alias
        As in `LSTMForecaster`; the alias is Auto by default.
    holidays, events, calendar, units, n_layers, learning_rate, max_steps, n_members, time_limit
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
    """Return an error that is also an instance of scikit-learn's `NotFittedError`."""
    from sklearn.exceptions import NotFittedError as SklearnNotFittedError

    from forecastkit.errors import NotFittedError

    kind = type("NotFittedError", (NotFittedError, SklearnNotFittedError), {})
    return kind(f"This {name} is not fitted yet.", fix="Call fit with a series table first.")
