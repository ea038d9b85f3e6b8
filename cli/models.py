"""From options of the command line to a forecaster."""

from __future__ import annotations

from typing import Any


def make_forecaster(
    table: Any,
    freq: str | None,
    horizon: int | None,
    input_size: int | None,
    season_length: tuple[int, ...],
    model: str,
    preset: str,
    seed: int,
) -> Any:
    """Make the forecaster that the options describe; the horizon is the usual one if not given."""
    import forecastkit as fk

    kind = {"lstm": fk.LSTMForecaster, "rnn": fk.RNNForecaster}[model]
    return kind(
        h=horizon or fk.usual_horizon(table, freq),
        input_size=input_size,
        season_length=list(season_length) or None,
        freq=freq,
        preset=preset,
        seed=seed,
    )
