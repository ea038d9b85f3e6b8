"""`forecastkit inspect`: where a model comes from, its scores, what it remembers."""

from __future__ import annotations

import click
from forecastkit.cli.options import plot_option
from forecastkit.cli.output import print_json, text_table

from forecastkit.files import check_outputs


@click.command("inspect")
@click.argument("model", default="model.safetensors", metavar="[MODEL]")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@plot_option
def command(model: str, as_json: bool, plot: str | None) -> None:
    """Show provenance, accuracy, covariate effects, memory and gates of MODEL.

    MODEL is model.safetensors in the current folder if not given.
    """
    import forecastkit as fk

    check_outputs({"--plot": plot}, {"the model": model})
    loaded = fk.load(model)
    found = fk.diagnose(loaded)
    board = loaded.scoreboard.to_dict("records")
    effects = fk.effect_curves(loaded)
    if plot:
        fk.plot_diagnosis(found.gradient, effects, plot)
    if as_json:
        print_json(
            {
                "facts": loaded.facts,
                "scoreboard": board,
                "diagnosis": found.to_dict(),
                "effects": effects.to_dict("records"),
            }
        )
        return
    facts = [{"fact": name, "value": value} for name, value in loaded.facts.items()]
    plain = [row for row in facts if isinstance(row["value"], str | int | float)]
    click.echo("\n".join(text_table(plain, ["fact", "value"])[1:]))
    if board:
        click.echo("\n".join(["", *text_table(board, list(board[0]))]))
    intervals = loaded.facts.get("intervals", [])
    if intervals:
        click.echo("\n".join(["", *text_table(intervals, list(intervals[0]))]))
    if len(effects):
        click.echo("\nFuture covariates (mean forecast at their low and high value, change in %):")
        click.echo("\n".join(text_table(effects.to_dict("records"), list(effects.columns))))
    click.echo(f"\n{found}")
