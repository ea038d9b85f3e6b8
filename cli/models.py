"""From options of the command line to a forecaster."""

from __future__ import annotations

from typing import Any

_AS_GIVEN = (
    *("input_size", "preset", "seed", "futr_exog", "hist_exog", "stat_exog"),
    *("holidays", "events"),
)


def make_forecaster(table: Any, options: dict[str, Any]) -> Any:
    """Make the forecaster that the options describe; the horizon is the usual one if not given."""
    import forecastkit as fk

    kinds = {"auto": fk.AutoForecaster, "lstm": fk.LSTMForecaster, "rnn": fk.RNNForecaster}
    kind = kinds[options["model"]]
    freq = fk.frequency_of(table)
    return kind(
        h=options["horizon"] or fk.usual_horizon(table, freq),
        freq=freq,
        season_length=list(options["season_length"]) or None,
        calendar=_cycles(options["calendar"]),
        **{name: options[name] for name in _AS_GIVEN},
    )


def named_covariates(options: dict[str, Any]) -> list[str]:
    """Columns that the options name as covariates."""
    lists = (options[name] or () for name in ("futr_exog", "hist_exog", "stat_exog"))
    return [name for names in lists for name in names]


def _cycles(names: list[str] | None) -> list[str] | None:
    """Calendar features by name; None for the default of the frequency."""
    return {"auto": None, "none": []}.get(names[0], names) if names else None
