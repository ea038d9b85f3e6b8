"""`forecastkit completion`: print the completion script of a shell."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class
from forecastkit.cli.help import command


@command(
    "completion",
    examples=("bash >> ~/.bashrc", "fish > ~/.config/fish/completions/forecastkit.fish"),
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def run(ctx: click.Context, shell: str) -> None:
    """Print a script that completes commands, options and file names in SHELL."""
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"There is no completion for {shell}.")
    click.echo(kind(ctx.find_root().command, {}, "forecastkit", "_FORECASTKIT_COMPLETE").source())
