"""Options that commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

Command = Callable[..., Any]

_READING = (
    click.option("--target", "target_col", metavar="COLUMN", help="Column to forecast."),
    click.option("--time", "time_col", metavar="COLUMN", help="Column of timestamps."),
    click.option("--id", "id_col", metavar="COLUMN", help="Column that names the series."),
    click.option("--delimiter", help="What stands between cells."),
    click.option("--decimal", help="Decimal mark."),
    click.option("--thousands", help="What stands between groups of three digits."),
    click.option("--encoding", help="Encoding of the file, for instance cp1252."),
    click.option("--date-format", metavar="FORMAT", help="For instance %d.%m.%Y."),
    click.option("--na-value", multiple=True, help="One more word for a missing value."),
    click.option(
        "--fill",
        type=click.Choice(["none", "error", "zero", "previous", "linear"]),
        default="none",
        show_default=True,
        help="What stands for absent periods.",
    ),
    click.option("--freq", metavar="ALIAS", help="Pandas offset alias, for instance MS."),
)
_MODEL = (
    click.option("--horizon", "-H", type=click.IntRange(min=1), help="Steps to forecast."),
    click.option("--input-size", type=click.IntRange(min=1), help="Steps that the network sees."),
    click.option(
        "--season-length", type=click.IntRange(min=1), multiple=True, help="Steps in a season."
    ),
    click.option(
        "--model",
        type=click.Choice(["lstm", "rnn"]),
        default="lstm",
        show_default=True,
        help="Kind of network.",
    ),
    click.option(
        "--preset",
        type=click.Choice(["fast", "default", "best"]),
        default="default",
        show_default=True,
        help="1, 3 or 7 networks.",
    ),
    click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same result."),
)
_OUTPUT = (
    click.option("--json", "as_json", is_flag=True, help="Machine-readable result."),
    click.option("--quiet", is_flag=True, help="Nothing on standard error but errors."),
)


def _together(options: tuple[Callable[[Command], Command], ...]) -> Callable[[Command], Command]:
    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


reading_options = _together(_READING)
model_options = _together(_MODEL)
output_options = _together(_OUTPUT)
level_option = click.option(
    "--level",
    type=float,
    multiple=True,
    default=(80.0, 95.0),
    show_default=True,
    help="Prediction interval in percent; may be given again.",
)
plot_option = click.option(
    "--plot", type=click.Path(dir_okay=False), metavar="FILE.png", help="Draw the result."
)

READING = (
    *("target_col", "time_col", "id_col", "delimiter", "decimal", "thousands", "encoding"),
    *("date_format", "na_value", "fill", "freq"),
)
MODEL = (
    click.option("--horizon", "-H", type=click.IntRange(min=1), help="Steps to forecast."),
    click.option("--input-size", type=click.IntRange(min=1), help="Steps that the network sees."),
    click.option(
        "--season-length", type=click.IntRange(min=1), multiple=True, help="Steps in a season."
    ),
    click.option(
        "--model",
        type=click.Choice(["lstm", "rnn"]),
        default="lstm",
        show_default=True,
        help="Kind of network.",
    ),
    click.option(
        "--preset",
        type=click.Choice(["fast", "default", "best"]),
        default="default",
        show_default=True,
        help="1, 3 or 7 networks.",
    ),
    click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same result."),
)
_OUTPUT = (
    click.option("--json", "as_json", is_flag=True, help="Machine-readable result."),
    click.option("--quiet", is_flag=True, help="Nothing on standard error but errors."),
)


def _together(options: tuple[Callable[[Command], Command], ...]) -> Callable[[Command], Command]:
    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


reading_options = _together(_READING)
model_options = _together(_MODEL)
output_options = _together(_OUTPUT)
level_option = click.option(
    "--level",
    type=float,
    multiple=True,
    default=(80.0, 95.0),
    show_default=True,
    help="Prediction interval in percent; may be given again.",
)
plot_option = click.option(
    "--plot", type=click.Path(dir_okay=False), metavar="FILE.png", help="Draw the result."
)

READING = tuple(
    [
        "target_col",
        "time_col",
        "id_col",
        "delimiter",
        "decimal",
        "thousands",
        "encoding",
        "date_format",
        "na_value",
        "fill",
        "freq",
    ]
)
MODEL = ("horizon", "input_size", "season_length", "model", "preset", "seed")


def chosen(options: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Take some options out of all those that a command got."""
    return {name: options[name] for name in names}
