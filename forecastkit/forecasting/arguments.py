"""The arguments of a forecaster, checked when it is fitted: scikit-learn's way."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from forecastkit.errors import OptionError
from forecastkit.network.training_config import MEMBERS
from forecastkit.tables.frame import check_alias


def check_arguments(forecaster: Any) -> None:
    """Refuse what cannot be used, by name and value.

    Raises
    ------
    OptionError
    """
    _check_whole("h", forecaster.h, least=1)
    _check_whole("seed", forecaster.seed, least=0)
    if forecaster.input_size is not None:
        _check_whole("input_size", forecaster.input_size, least=1)
    for m in given_seasons(forecaster.season_length) or ():
        _check_whole("season_length", m, least=1)
    if forecaster.preset not in tuple(MEMBERS):
        raise OptionError(
            f"There is no preset {forecaster.preset!r}; there are: {', '.join(MEMBERS)}.",
            value=forecaster.preset,
        )
    check_alias(forecaster.alias or forecaster.name)


def given_seasons(season_length: Any) -> list[Any] | None:
    """One season length or several as a list; None for none.

    Examples
    --------
    >>> given_seasons(12), given_seasons((24, 168)), given_seasons(None)
    ([12], [24, 168], None)
    """
    if season_length is None:
        return None
    if isinstance(season_length, str) or not isinstance(season_length, Iterable):
        return [season_length]
    return list(season_length)


def _check_whole(name: str, value: Any, least: int) -> None:
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or value < least:
        raise OptionError(
            f"{name} {value!r} is not a whole number of {least} or more.", value=value
        )
