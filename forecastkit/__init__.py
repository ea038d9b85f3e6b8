"""Forecast a CSV with recurrent networks that can be read.

The names below are imported lazily, on first access, so that `import forecastkit` is fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from forecastkit.version import __version__ as __version__

if TYPE_CHECKING:
    from forecastkit import errors as errors
    from forecastkit import layers as layers
    from forecastkit.deprecated import add_calendar as add_calendar
    from forecastkit.deprecated import add_events as add_events
    from forecastkit.deprecated import add_holidays as add_holidays
    from forecastkit.evaluation.backtest import cross_validation as cross_validation
    from forecastkit.evaluation.reference import Baseline as Baseline
    from forecastkit.evaluation.scores import evaluate as evaluate
    from forecastkit.evaluation.scores import mean_scores as mean_scores
    from forecastkit.evaluation.splitter import RollingOrigin as RollingOrigin
    from forecastkit.forecaster import AutoForecaster as AutoForecaster
    from forecastkit.forecaster import LSTMForecaster as LSTMForecaster
    from forecastkit.forecaster import RNNForecaster as RNNForecaster
    from forecastkit.methods.registry import BASELINES as BASELINES
    from forecastkit.model.diagnose import diagnose as diagnose
    from forecastkit.model.explanation import explain as explain
    from forecastkit.model.future import effect_curves as effect_curves
    from forecastkit.model.future import make_future_dataframe as make_future_dataframe
    from forecastkit.model.future import read_future as read_future
    from forecastkit.model.predictor import Predictor as Predictor
    from forecastkit.model.predictor import load as load
    from forecastkit.model.review import detect_anomalies as detect_anomalies
    from forecastkit.model.simulation import aggregate_forecast as aggregate_forecast
    from forecastkit.reading.check import check_csv as check_csv
    from forecastkit.reading.reader import read_csv as read_csv
    from forecastkit.reading.reader import read_parquet as read_parquet
    from forecastkit.reporting.plots import check_picture as check_picture
    from forecastkit.reporting.plots import plot_diagnosis as plot_diagnosis
    from forecastkit.reporting.plots import plot_effects as plot_effects
    from forecastkit.reporting.plots import plot_forecast as plot_forecast
    from forecastkit.tables.dataset import frequency_of as frequency_of
    from forecastkit.tables.dataset import usual_horizon as usual_horizon
    from forecastkit.tables.writing import write_csv as write_csv
    from forecastkit.training.tensorflow import load_tensorflow as load_tensorflow

_MODULES = {
    "BASELINES": "methods.registry",
    "AutoForecaster": "forecaster",
    "Baseline": "evaluation.reference",
    "LSTMForecaster": "forecaster",
    "Predictor": "model.predictor",
    "RNNForecaster": "forecaster",
    "RollingOrigin": "evaluation.splitter",
    "add_calendar": "deprecated",
    "add_events": "deprecated",
    "add_holidays": "deprecated",
    "aggregate_forecast": "model.simulation",
    "check_picture": "reporting.plots",
    "check_csv": "reading.check",
    "cross_validation": "evaluation.backtest",
    "detect_anomalies": "model.review",
    "diagnose": "model.diagnose",
    "effect_curves": "model.future",
    "evaluate": "evaluation.scores",
    "explain": "model.explanation",
    "load": "model.predictor",
    "load_tensorflow": "training.tensorflow",
    "make_future_dataframe": "model.future",
    "mean_scores": "evaluation.scores",
    "plot_diagnosis": "reporting.plots",
    "plot_forecast": "reporting.plots",
    "plot_effects": "reporting.plots",
    "read_csv": "reading.reader",
    "read_parquet": "reading.reader",
    "read_future": "model.future",
    "frequency_of": "tables.dataset",
    "usual_horizon": "tables.dataset",
    "write_csv": "tables.writing",
}
_SUBMODULES = ("datasets", "errors", "layers", "reporting")

__all__ = ["__version__", *_MODULES, *_SUBMODULES]  # noqa: PLE0604 (all of them are strings)


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(f"forecastkit.{_MODULES[name]}"), name)
    if name in _SUBMODULES:
        return import_module(f"forecastkit.{name}")
    raise AttributeError(f"module 'forecastkit' has no attribute '{name}'")


def __dir__() -> list[str]:
    return __all__
