"""Options shared by several commands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
from forecastkit.cli.help import option

FILE = click.Path()  # for the completion of file names; the commands check the files
Command = Callable[..., Any]


def _split_names(
    ctx: click.Context, param: click.Parameter, value: tuple[str, ...]
) -> list[str] | None:
    """Split comma-separated names; None if there are none."""
    return [name.strip() for names in value for name in names.split(",") if name.strip()] or None


_READING = (
    option("Reading", "--target", "target_col", metavar="COLUMN", help="Column to forecast."),
    option("Reading", "--time", "time_col", metavar="COLUMN", help="Timestamp column."),
    option(
        "Reading",
        "--id",
        "id_col",
        multiple=True,
        metavar="COLUMN",
        help="Series identifier column (repeatable).",
    ),
    option("Reading", "--delimiter", help="Cell delimiter, for instance ;."),
    option("Reading", "--decimal", help="Decimal mark."),
    option("Reading", "--thousands", help="Thousands separator."),
    option("Reading", "--encoding", help="Encoding of the file, for instance cp1252."),
    option("Reading", "--date-format", metavar="FORMAT", help="For instance %d.%m.%Y."),
    option(
        "Reading", "--na-value", multiple=True, help="Additional missing-value code (repeatable)."
    ),
    option(
        "Reading",
        "--fill",
        type=click.Choice(["none", "error", "zero", "previous", "linear"]),
        help="How to fill missing periods [default: none, they stay missing].",
    ),
    option(
        "Reading",
        "--aggregate",
        type=click.Choice(["sum", "mean", "last", "max"]),
        help="Combine rows of a series with the same timestamp or period [default with --every: "
        "sum].",
    ),
    option("Reading", "--every", metavar="ALIAS", help="Combine rows per period: D, W, MS, ..."),
    option(
        "Reading",
        "--snap",
        is_flag=True,
        help="Align timestamps with small offsets to the frequency.",
    ),
    option(
        "Reading",
        "--max-bytes",
        type=click.IntRange(min=1),
        help="Maximum size of FILE after decompression.",
    ),
    option(
        "Reading",
        "--freq",
        metavar="ALIAS",
        help="Frequency as a pandas offset alias, for instance MS [default: inferred].",
    ),
)
_MODEL = (
    option(
        "Model",
        "--horizon",
        "-H",
        type=click.IntRange(min=1),
        help="Steps to forecast [default: by frequency].",
    ),
    option(
        "Model",
        "--input-size",
        type=click.IntRange(min=1),
        help="Lookback window of a network trained from scratch.",
    ),
    option(
        "Model",
        "--season-length",
        type=click.IntRange(min=1),
        multiple=True,
        help="Steps per season (repeatable).",
    ),
    option(
        "Covariates",
        "--future-exog",
        "futr_exog",
        callback=_split_names,
        multiple=True,
        metavar="COLUMNS",
        help="Covariates known in advance, for instance price,promo.",
    ),
    option(
        "Covariates",
        "--past-exog",
        "hist_exog",
        callback=_split_names,
        multiple=True,
        metavar="COLUMNS",
        help="Covariates known for the past only.",
    ),
    option(
        "Covariates",
        "--static-exog",
        "stat_exog",
        callback=_split_names,
        multiple=True,
        metavar="COLUMNS",
        help="Covariates that are constant within a series.",
    ),
    option(
        "Covariates",
        "--holidays",
        metavar="CODE",
        help="Public holidays of a country or region: US, DE-BY.",
    ),
    option(
        "Covariates",
        "--calendar",
        callback=_split_names,
        multiple=True,
        metavar="CYCLES",
        help="Calendar features of trained networks: hour, weekday, month (the day of the month), "
        "day of year; or none [default: by frequency, if there are future covariates].",
    ),
    option(
        "Covariates",
        "--events",
        type=FILE,
        metavar="FILE.csv",
        help="Custom events: a file with the columns date and event.",
    ),
    option(
        "Model",
        "--model",
        type=click.Choice(["auto", "lstm", "rnn"]),
        default="auto",
        show_default=True,
        help="auto: a blend of LSTM, simple RNN and statistical methods.",
    ),
    option(
        "Model",
        "--preset",
        type=click.Choice(["instant", "fast", "default", "best", "scratch"]),
        default="default",
        show_default=True,
        help="instant: pretrained networks, without training; fast, default, best: 1, 3 or 6 "
        "fine-tuned networks (default and best also train 2 or 6 from scratch on 3,000 values or "
        "more); scratch: 3 networks trained from scratch.",
    ),
    option(
        "Model",
        "--seed",
        type=click.IntRange(min=0),
        default=1,
        show_default=True,
        help="The same seed gives the same result.",
    ),
)
_OUTPUT = (
    option("Output", "--json", "as_json", is_flag=True, help="Print the result as JSON."),
    option("Output", "--quiet", is_flag=True, help="Print errors only."),
)


def _combined(options: tuple[Callable[[Command], Command], ...]) -> Callable[[Command], Command]:
    """Decorator that adds several options to a command."""

    def add(command: Command) -> Command:
        for decorator in reversed(options):
            command = decorator(command)
        return command

    return add


reading_options = _combined(_READING)
model_options = _combined(_MODEL)
output_options = _combined(_OUTPUT)


class Numbers(click.ParamType):
    """Numbers separated by commas; each is converted by another type.

    Parameters
    ----------
    each : click.ParamType
    """

    def __init__(self, each: click.ParamType) -> None:
        self.each, self.name = each, each.name

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[float, ...]:
        """Convert text to numbers; a number that is converted already stays."""
        if not isinstance(value, str):
            return value if isinstance(value, tuple) else (value,)
        return tuple(self.each.convert(part.strip(), param, ctx) for part in value.split(","))


def _joined(ctx: click.Context, param: click.Parameter, value: Any) -> tuple[float, ...]:
    """Numbers of all occurrences of a repeatable option."""
    return tuple(number for numbers in value for number in numbers)


class Level(click.FloatRange):
    """Percentage from 1 to below 100; a fraction such as 0.8 is rejected."""

    name = "level"

    def __init__(self) -> None:
        super().__init__(min=1, max=100, max_open=True)

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        """Convert text to a percentage, 80.0 for 80 %."""
        percentage = float(click.FLOAT.convert(value, param, ctx))
        if 0 < percentage < 1:
            self.fail(f"{value} is not a percentage; write {100 * percentage:g}", param, ctx)
        return float(super().convert(percentage, param, ctx))


def _check_plot(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Check the format and the path of a plot before any computation."""
    if value is not None:
        import forecastkit as fk

        fk.check_picture(value)
    return value


level_option = option(
    "Output",
    "--level",
    type=Numbers(Level()),
    callback=_joined,
    multiple=True,
    default=("80,95",),
    show_default=True,
    metavar="PERCENT",
    help="Prediction intervals, for instance 80,95.",
)
horizon_option = option(
    None,
    "--horizon",
    "-H",
    type=click.IntRange(min=1),
    help="Steps to forecast [default: those of the fit].",
)
quantiles_option = option(
    "Output",
    "--quantiles",
    type=Numbers(click.FloatRange(0, 1, min_open=True, max_open=True)),
    callback=_joined,
    multiple=True,
    metavar="PROBABILITIES",
    help="Quantiles beside the intervals, for instance .1,.9.",
)
point_option = option(
    "Output",
    "--point",
    type=click.Choice(["median", "mean"]),
    default="median",
    show_default=True,
    help="Point forecast; means can be added up.",
)
plot_option = option(
    "Output",
    "--plot",
    callback=_check_plot,
    metavar="FILE.png",
    help="Plot the result (.png, .svg or .pdf).",
)

spreadsheet_option = option(
    "Output",
    "--spreadsheet-safe",
    is_flag=True,
    help="Prefix ids that begin with = + - @ with an apostrophe.",
)

columns_option = option(
    "Output",
    "--columns",
    type=click.Choice(["file", "standard"]),
    default="file",
    show_default=True,
    help="Names of id and time columns in the output: the file's own, or unique_id and ds.",
)

READING_ARGUMENTS = (
    *("target_col", "time_col", "id_col", "delimiter", "decimal", "thousands", "encoding"),
    *("date_format", "na_value", "fill", "aggregate", "every", "snap", "max_bytes", "freq"),
)


def given_options(options: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Select options by name, without those that the user did not give."""
    return {name: options[name] for name in names if options[name] is not None}
