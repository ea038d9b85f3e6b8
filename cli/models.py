"""Construction of a forecaster from command-line options."""

from __future__ import annotations

from typing import Any

from forecastkit.cli.options import READING_ARGUMENTS

_FORECASTER_ARGUMENTS = (
    *("input_size", "preset", "seed", "futr_exog", "hist_exog", "stat_exog"),
    *("holidays", "events"),
)


def make_forecaster(table: Any, options: dict[str, Any]) -> Any:
    """Construct the forecaster; without --horizon, its horizon is the default of the frequency."""
    import forecastkit as fk

    classes = {"auto": fk.AutoForecaster, "lstm": fk.LSTMForecaster, "rnn": fk.RNNForecaster}
    freq = fk.frequency_of(table)
    return classes[options["model"]](
        h=options["horizon"] or fk.usual_horizon(table, freq),
        freq=freq,
        season_length=list(options["season_length"]) or None,
        calendar=_calendar_features(options["calendar"]),
        **{name: options[name] for name in _FORECASTER_ARGUMENTS},
    )


def reading_overrides(options: dict[str, Any]) -> dict[str, Any]:
    """Options of reading that the user gave, in place of those stored in a model."""
    return {name: options[name] for name in READING_ARGUMENTS if options[name]}


def read_new_rows(model: Any, file: str, options: dict[str, Any]) -> Any:
    """Read a file as the data of a model were read, except for the options that the user gave."""
    import forecastkit as fk

    return fk.read_csv(file, **{**model.reading, **reading_overrides(options)})


def named_covariates(options: dict[str, Any]) -> list[str]:
    """Return the columns named as future, historical or static covariates."""
    lists = (options[name] or () for name in ("futr_exog", "hist_exog", "stat_exog"))
    return [name for names in lists for name in names]


def _calendar_features(names: list[str] | None) -> list[str] | None:
    """Names of the calendar features; None for the default of the frequency."""
    return {"auto": None, "none": []}.get(names[0], names) if names else None
