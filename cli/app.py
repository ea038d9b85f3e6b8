"""The command group, and the only place where errors are mapped to exit codes."""

from __future__ import annotations

import os
import sys
import threading
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from forecastkit import errors
from forecastkit.version import __version__

# name and help line of each command, in the order of --help; each has its own module
COMMANDS = {
    "fit": "Fit a forecaster to a CSV file, score it on held-out data, write the model file.",
    "predict": "Forecast with a model file, after its own data or after new rows.",
    "update": "Append new rows to the history of a model, without training.",
    "score": "Compare the forecast of a model with what came after it.",
    "anomalies": "Find observations outside the interval forecast one step ahead.",
    "backtest": "Evaluate the model and the baselines on rolling origins.",
    "inspect": "Show provenance, accuracy, covariate effects and memory of a model.",
    "check": "Validate a CSV file: how it is parsed, and every problem with its row.",
    "datasets": "List the sample data, or write one as CSV.",
    "completion": "Print the completion script of a shell.",
}
EXIT_CODES: tuple[tuple[type[Exception], int], ...] = (
    (errors.OptionError, 2),
    (errors.MissingPackageError, 3),
    (errors.UnknownFileError, 4),
    (errors.DataError, 5),
    (errors.ForecastkitError, 1),
)


EXIT_TEXTS = {
    0: "success",
    1: "failure",
    2: "invalid option",
    3: "a package is missing",
    4: "file not found",
    5: "invalid data",
    6: "no skill, with --require-skill",
    130: "stopped by Ctrl-C",
}


class Commands(click.Group):
    """Command group that imports a command's module on first use, so that --help is fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the command names."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of a command and return the command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"forecastkit.cli.{cmd_name}").run
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command of the first argument; a name that does not exist gets a suggestion."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            close = get_close_matches(args[0], COMMANDS, n=1)
            if close:
                error.message = f"No such command '{args[0]}'. Did you mean '{close[0]}'?"
            elif Path(args[0]).suffix:
                error.message += f" To fit a model to a file: forecastkit fit {args[0]}"
            raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing their modules."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the exit codes."""
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), text) for code, text in EXIT_TEXTS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; print a `ForecastkitError` without traceback and exit with its code."""
        try:
            return super().invoke(ctx)
        except errors.ForecastkitError as error:
            click.echo(str(error), err=True)
            ctx.exit(next(code for error_type, code in EXIT_CODES if isinstance(error, error_type)))
        except KeyboardInterrupt:
            click.echo("Stopped; nothing was changed.", err=True)
            if threading.active_count() > 1:  # threads that compile would be waited for
                sys.stdout.flush()
                os._exit(130)
            ctx.exit(130)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="forecastkit")
def main() -> None:
    r"""Forecast the time series in a CSV file.

    \b
    Start with:
      forecastkit fit sales.csv                    fit a model, and see how good it is
      forecastkit predict --output forecast.csv    forecast with it

    Data goes to standard output; progress, notes and scores go to standard error.
    """


if __name__ == "__main__":
    sys.exit(main())
