"""Range checks of records at construction; an error names field, value and valid range.

A record that is fitted and one that is read from a model file get the same checks and messages.
"""

from __future__ import annotations

from collections.abc import Sized
from numbers import Integral, Real
from typing import Any

from forecastkit.errors import ForecastkitError, OptionError

# maximum number of periods that a model uses and stores per series; bound of all lengths in steps
MAX_STEPS = 20_000


class RangeError(ForecastkitError, ValueError):
    """A field of a record has a value outside its valid range."""


def check_whole(name: str, value: Any, low: int, high: int) -> None:
    """Raise `RangeError` unless a value is a whole number between two bounds, inclusive.

    Examples
    --------
    >>> check_whole("h", 12, 1, MAX_STEPS)
    >>> check_whole("h", 0, 1, MAX_STEPS)
    Traceback (most recent call last):
    forecastkit.ranges.RangeError: h is 0; it must be a whole number from 1 to 20000.
    """
    if not _is_whole(value, low, high):
        refuse(name, value, f"a whole number from {low} to {high}")


def check_whole_option(name: str, value: Any, low: int, high: int, why: str = "") -> None:
    """Raise `OptionError` unless an argument is a whole number between two bounds, inclusive.

    Examples
    --------
    >>> check_whole_option("step", 4, 1, 3, ", the horizon")
    Traceback (most recent call last):
    forecastkit.errors.OptionError: step 4 is not a whole number from 1 to 3, the horizon.
    """
    if not _is_whole(value, low, high):
        message = f"{name} {value!r} is not a whole number from {low} to {high}{why}."
        raise OptionError(message, value=value)


def _is_whole(value: Any, low: int, high: int) -> bool:
    is_whole = isinstance(value, Integral) and not isinstance(value, bool)
    return bool(is_whole and low <= value <= high)


def check_number(name: str, value: Any, low: float, high: float) -> None:
    """Raise `RangeError` unless a value is a number between two bounds, inclusive.

    Examples
    --------
    >>> check_number("weight", 0.25, 0, 1)
    >>> check_number("weight", float("nan"), 0, 1)
    Traceback (most recent call last):
    forecastkit.ranges.RangeError: weight is nan; it must be a number from 0 to 1.
    """
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if not (is_number and low <= value <= high):
        refuse(name, value, f"a number from {low:g} to {high:g}")


def check_length(name: str, values: Sized, low: int, high: int) -> None:
    """Raise `RangeError` unless a collection has between `low` and `high` items."""
    if not low <= len(values) <= high:
        refuse(f"the length of {name}", len(values), f"from {low} to {high}")


def refuse(name: str, value: Any, valid: str) -> None:
    """Raise `RangeError` with a value, shortened to 80 characters, and the valid range."""
    shown = repr(value)
    shown = shown if len(shown) <= 80 else f"{shown[:77]}..."
    raise RangeError(f"{name} is {shown}; it must be {valid}.", value=value)
