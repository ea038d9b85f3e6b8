"""`forecastkit predict`: forecast with a model file, without TensorFlow."""

from __future__ import annotations

from typing import Any

import click
from forecastkit.cli.options import (
    READING,
    chosen,
    level_option,
    output_options,
    plot_option,
    reading_options,
    spreadsheet_option,
)
from forecastkit.cli.output import Talk, print_json


@click.command("predict")
@click.argument("model", default="model.safetensors", metavar="[MODEL]")
@click.argument("file", required=False, metavar="[NEW.csv]")
@click.option(
    "--output", default="-", metavar="FILE", help="CSV to write; default standard output."
)
@click.option(
    "--future", metavar="FILE.csv", help="Rows of the forecast steps with what is known ahead."
)
@click.option(
    "--make-future",
    metavar="FILE.csv",
    help="Write the rows to fill in for --future, forecast nothing.",
)
@spreadsheet_option
@reading_options
@level_option
@plot_option
@output_options
def command(
    model: str,
    file: str | None,
    output: str,
    future: str | None,
    make_future: str | None,
    **options: Any,
) -> None:
    """Forecast with MODEL (model.safetensors here), after its own data or after NEW.csv."""
    import forecastkit as fk

    talk = Talk(options["quiet"])
    loaded = fk.load(model)
    table = None
    given = {name: value for name, value in chosen(options, READING).items() if value}
    if file is not None:
        table = fk.read_csv(file, **{**loaded.reading, **given})
        talk.say(f"{file}: {len(table)} rows, {table['unique_id'].nunique()} series.")
        talk.assumptions(table.attrs["assumptions"])
    if make_future:
        fk.write_csv(fk.make_future_dataframe(loaded, table), make_future)
        talk.say(f"Fill in {make_future}, then forecast with --future {make_future}.")
        return
    futr_df = fk.read_future(future, loaded, **given) if future else None
    forecast = loaded.predict(table, level=options["level"], futr_df=futr_df)
    talk.assumptions(forecast.attrs["assumptions"])
    if options["plot"]:
        fk.plot_forecast(loaded.history if table is None else table, forecast, options["plot"])
        talk.say(f"Plot: {options['plot']}")
    if output != "-" or not options["as_json"]:
        fk.write_csv(forecast, output, options["spreadsheet_safe"])
    if options["as_json"]:
        print_json(forecast.to_dict("records"))
