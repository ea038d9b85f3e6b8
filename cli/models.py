"""From options of the command line to a forecaster."""

from __future__ import annotations

from typing import Any

_AS_GIVEN = ("input_size", "freq", "preset", "seed", "futr_exog", "hist_exog", "stat_exog")


def make_forecaster(table: Any, options: dict[str, Any]) -> Any:
    """Make the forecaster that the options describe; the horizon is the usual one if not given."""
    import forecastkit as fk

    kinds = {"auto": fk.AutoForecaster, "lstm": fk.LSTMForecaster, "rnn": fk.RNNForecaster}
    kind = kinds[options["model"]]
    return kind(
        h=options["horizon"] or fk.usual_horizon(table, options["freq"]),
        season_length=list(options["season_length"]) or None,
        **{name: options[name] for name in _AS_GIVEN},
    )


def named_covariates(options: dict[str, Any]) -> list[str]:
    """Columns that the options name as covariates."""
    lists = (options[name] or () for name in ("futr_exog", "hist_exog", "stat_exog"))
    return [name for names in lists for name in names]


def with_events(table: Any, options: dict[str, Any]) -> Any:
    """Note the holidays and events that the options ask for beside a table."""
    import forecastkit as fk

    if options["holidays"]:
        table = fk.add_holidays(table, options["holidays"])
    if options["calendar"]:
        table = fk.add_calendar(table, _cycles(options["calendar"]))
    if options["events"]:
        table = fk.add_events(table, options["events"])
    return table


def _cycles(names: list[str]) -> list[str] | None:
    """Cycles by name; None for those that the frequency makes useful."""
    return {"auto": None, "none": []}.get(names[0], names)
