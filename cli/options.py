"""Options that commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

Command = Callable[..., Any]


def _names(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> list[str] | None:
    """Split lists of names at their commas; None for none."""
    return [name.strip() for one in value for name in one.split(",") if name.strip()] or None


_READING = (
    click.option("--target", "target_col", metavar="COLUMN", help="Column to forecast."),
    click.option("--time", "time_col", metavar="COLUMN", help="Timestamp column."),
    click.option(
        "--id",
        "id_col",
        multiple=True,
        metavar="COLUMN",
        help="Series identifier column (repeatable).",
    ),
    click.option("--delimiter", help="Cell delimiter, for instance ;."),
    click.option("--decimal", help="Decimal mark."),
    click.option("--thousands", help="Thousands separator."),
    click.option("--encoding", help="Encoding of the file, for instance cp1252."),
    click.option("--date-format", metavar="FORMAT", help="For instance %d.%m.%Y."),
    click.option("--na-value", multiple=True, help="Additional missing-value code (repeatable)."),
    click.option(
        "--fill",
        type=click.Choice(["none", "error", "zero", "previous", "linear"]),
        help="How to fill missing periods [default: none, they stay missing].",
    ),
    click.option(
        "--snap", is_flag=True, help="Align timestamps with small offsets to the frequency."
    ),
    click.option(
        "--max-bytes", type=click.IntRange(min=1), help="Maximum size of FILE after decompression."
    ),
    click.option(
        "--freq",
        metavar="ALIAS",
        help="Frequency as a pandas offset alias, for instance MS [default: inferred].",
    ),
)
_MODEL = (
    click.option(
        "--horizon",
        "-H",
        type=click.IntRange(min=1),
        help="Steps to forecast [default: by frequency].",
    ),
    click.option(
        "--input-size",
        type=click.IntRange(min=1),
        help="Lookback window of a network trained from scratch.",
    ),
    click.option(
        "--season-length",
        type=click.IntRange(min=1),
        multiple=True,
        help="Steps per season (repeatable).",
    ),
    click.option(
        "--future-exog",
        "futr_exog",
        callback=_names,
        multiple=True,
        metavar="COLUMNS",
        help="Covariates known in advance, for instance price,promo.",
    ),
    click.option(
        "--past-exog",
        "hist_exog",
        callback=_names,
        multiple=True,
        metavar="COLUMNS",
        help="Covariates known for the past only.",
    ),
    click.option(
        "--static-exog",
        "stat_exog",
        callback=_names,
        multiple=True,
        metavar="COLUMNS",
        help="Covariates that are constant within a series.",
    ),
    click.option(
        "--holidays", metavar="CODE", help="Public holidays of a country or region: US, DE-BY."
    ),
    click.option(
        "--calendar",
        callback=_names,
        multiple=True,
        metavar="CYCLES",
        help="Calendar features for trained networks: hour, weekday, month, day of year; or none "
        "[default: by frequency, if there are future covariates].",
    ),
    click.option(
        "--events",
        metavar="FILE.csv",
        help="Custom events: a file with the columns date and event.",
    ),
    click.option(
        "--model",
        type=click.Choice(["auto", "lstm", "rnn"]),
        default="auto",
        show_default=True,
        help="auto: a blend of LSTM, simple RNN and statistical methods.",
    ),
    click.option(
        "--preset",
        type=click.Choice(["instant", "fast", "default", "best", "scratch"]),
        default="default",
        show_default=True,
        help="instant: the pretrained network, without training; fast, default, best: fine-tunes "
        "1, 3 or 6 pretrained networks (on larger panels also trains 0, 2 or 6 from scratch); "
        "scratch: trains 3 from scratch.",
    ),
    click.option(
        "--seed",
        type=click.IntRange(min=0),
        default=1,
        show_default=True,
        help="The same seed gives the same result.",
    ),
)
_OUTPUT = (
    click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),
    click.option("--quiet", is_flag=True, help="Print errors only."),
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


class Level(click.FloatRange):
    """A percentage from 1 to below 100; a share is taken for a slip."""

    name = "level"

    def __init__(self) -> None:
        super().__init__(min=1, max=100, max_open=True)

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        """Turn text into a number; 80.0 for 80 %."""
        number = float(click.FLOAT.convert(value, param, ctx))
        if 0 < number < 1:
            self.fail(f"{value} is not a percentage; write {100 * number:g}", param, ctx)
        return float(super().convert(number, param, ctx))


def _picture(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Check before any work that a plot can be written."""
    if value is not None:
        import forecastkit as fk

        fk.check_picture(value)
    return value


level_option = click.option(
    "--level",
    type=Level(),
    multiple=True,
    default=(80.0, 95.0),
    show_default=True,
    help="Prediction interval in percent (repeatable).",
)
plot_option = click.option(
    "--plot", callback=_picture, metavar="FILE.png", help="Plot the result (.png, .svg or .pdf)."
)

spreadsheet_option = click.option(
    "--spreadsheet-safe",
    is_flag=True,
    help="Prefix ids that begin with = + - @ with an apostrophe.",
)

columns_option = click.option(
    "--columns",
    type=click.Choice(["file", "standard"]),
    default="file",
    show_default=True,
    help="Names of id and time columns in the output: the file's own, or unique_id and ds.",
)

READING = (
    *("target_col", "time_col", "id_col", "delimiter", "decimal", "thousands", "encoding"),
    *("date_format", "na_value", "fill", "snap", "max_bytes", "freq"),
)


def chosen(options: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Take some options out of all those that a command got."""
    return {name: options[name] for name in names if options[name] is not None}
