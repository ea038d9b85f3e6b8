"""`forecastkit update`: append new rows to the history of a model, without training."""

from __future__ import annotations

from typing import Any

import click
from forecastkit.cli.help import command
from forecastkit.cli.models import read_new_rows
from forecastkit.cli.options import FILE, output_options, reading_options
from forecastkit.cli.output import Console, print_json

from forecastkit.errors import shell_word
from forecastkit.files import check_outputs


@command(
    "update",
    first=("output",),
    examples=("model.safetensors new.csv",),
)
@click.argument("model", type=FILE, metavar="MODEL")
@click.argument("file", type=FILE, metavar="NEW.csv")
@click.option(
    "--output",
    type=FILE,
    metavar="FILE",
    help="Model file to write [default: MODEL, which is replaced].",
)
@reading_options
@output_options
def run(model: str, file: str, output: str | None, **options: Any) -> None:
    """Append the rows of NEW.csv to the history of MODEL, without training.

    Rows continue the stored history of their series; those from its start on replace it, and
    series without a history are added. Options for parsing NEW.csv default to those stored in
    MODEL.
    """
    import forecastkit as fk

    console = Console(options["quiet"])
    check_outputs({"--output": output}, {"the input": file})
    loaded = fk.load(model)
    table = read_new_rows(loaded, file, options)
    console.table(file, table, table.attrs["assumptions"])
    newer, notes = loaded.update(table)
    console.assumptions(notes)
    target = output or model
    newer.save(target)
    console.print(f"Model: {target} (history to {newer.facts['end']}).")
    console.print(f"Forecast with: forecastkit predict {shell_word(target)}")
    if options["as_json"]:
        print_json({"model": target, "facts": newer.facts, "assumptions": notes})
