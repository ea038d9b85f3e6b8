"""`forecastkit inspect`: provenance, accuracy and effective memory of a model."""

from __future__ import annotations

import click
from forecastkit.cli.help import command, option
from forecastkit.cli.options import FILE, plot_option
from forecastkit.cli.output import INTERVALS_TITLE, print_json, text_table

from forecastkit.files import check_outputs

# labels of the metadata whose names alone do not say what they are
_LABELS = {
    "steps": "training steps",
    "holdout": "steps of a held-out window",
    "n_windows": "held-out windows",
    "sha256": "SHA-256 of the data",
    "made": "created",
}
_EFFECTS_TITLE = """
Future covariates (mean forecast with each at its 10 % and 90 % quantile, 0 and 1 of a flag;
change from low to high in %):"""
_BOARD_TITLE = (
    "Accuracy on the held-out windows, of a model fitted without them (sMAPE in %, 0 to 200):"
)


@command(
    "inspect",
    examples=(
        "",
        "sales.safetensors --plot inspect.png",
        "sales.safetensors --explain P05 --step 3",
    ),
)
@click.argument("model", type=FILE, default="model.safetensors", metavar="[MODEL]")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@option(None, "--explain", metavar="ID", help="Split the forecast of this series into its parts.")
@option(
    None,
    "--step",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Step of the horizon, for --explain.",
)
@plot_option
def run(model: str, as_json: bool, explain: str | None, step: int, plot: str | None) -> None:
    """Show provenance, accuracy, covariate effects, effective memory and gates of MODEL.

    MODEL is model.safetensors in the current folder if not given.
    """
    import forecastkit as fk

    check_outputs({"--plot": plot}, {"the model": model})
    loaded = fk.load(model)
    if explain is not None:
        rows = fk.explain(loaded, explain, step).to_dict("records")
        if as_json:
            print_json(rows)
        else:
            click.echo("\n".join(text_table(rows, ["part", "contribution", "total"])))
        return
    diagnosis = fk.diagnose(loaded)
    board = loaded.scoreboard.to_dict("records")
    effects = fk.effect_curves(loaded)
    if plot:
        fk.plot_diagnosis(diagnosis.gradient, effects, plot)
    if as_json:
        print_json(
            {
                "facts": loaded.facts,
                "scoreboard": board,
                "diagnosis": diagnosis.to_dict(),
                "effects": effects.to_dict("records"),
            }
        )
        return
    metadata = [
        {"field": _LABELS.get(name, name), "value": value} for name, value in loaded.facts.items()
    ]
    scalars = [row for row in metadata if isinstance(row["value"], str | int | float)]
    click.echo("\n".join(text_table(scalars, ["field", "value"])[1:]))
    if board:
        click.echo("\n".join(["", _BOARD_TITLE, *text_table(board, list(board[0]))]))
    intervals = loaded.facts.get("intervals", [])
    if intervals:
        title = INTERVALS_TITLE.format(model=loaded.model.metadata.alias)
        click.echo("\n".join(["", title, *text_table(intervals, list(intervals[0]))]))
    if len(effects):
        click.echo(_EFFECTS_TITLE)
        click.echo("\n".join(text_table(effects.to_dict("records"), list(effects.columns))))
    click.echo("\nEffective memory, by the gradient of the loss with respect to past values:")
    click.echo(str(diagnosis))
