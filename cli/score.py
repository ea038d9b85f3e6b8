"""`forecastkit score`: compare the forecast of a model with what came after it."""

from __future__ import annotations

from typing import Any

import click
from forecastkit.cli.help import command
from forecastkit.cli.models import read_new_rows
from forecastkit.cli.options import FILE, output_options, reading_options
from forecastkit.cli.output import print_json, text_table


@command("score", examples=("model.safetensors actuals.csv",))
@click.argument("model", type=FILE, metavar="MODEL")
@click.argument("file", type=FILE, metavar="ACTUALS.csv")
@reading_options
@output_options
def run(model: str, file: str, **options: Any) -> None:
    """Compare the forecast of MODEL with the observations of ACTUALS.csv that followed its data."""
    import forecastkit as fk

    loaded = fk.load(model)
    score = loaded.score(read_new_rows(loaded, file, options))
    rows = score.table.to_dict("records")
    drift = None if score.drift is None else score.drift.to_dict()
    if options["as_json"]:
        print_json({"scores": rows, "drift": drift})
        return
    click.echo("\n".join(text_table(rows, list(rows[0]))))
    if score.drift is not None:
        click.echo(f"{loaded.model.metadata.alias}: {score.drift}")
