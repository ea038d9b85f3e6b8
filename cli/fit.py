"""`forecastkit fit`: read, train, score, write the model file."""

from __future__ import annotations

import sys
from typing import Any

import click
from forecastkit.cli.options import (
    READING,
    chosen,
    level_option,
    model_options,
    output_options,
    plot_option,
    reading_options,
)
from forecastkit.cli.output import Talk, print_json

NOT_BETTER = 6


@click.command("fit")
@click.argument("file", metavar="FILE.csv")
@click.option(
    "--output",
    default="model.safetensors",
    show_default=True,
    metavar="FILE",
    help="Model file to write.",
)
@click.option(
    "--require-skill", is_flag=True, help="Exit with code 6 if seasonal naive is not beaten."
)
@click.option(
    "--no-ablation", is_flag=True, help="Do not score the model without its covariates too."
)
@reading_options
@model_options
@level_option
@plot_option
@output_options
def command(file: str, output: str, require_skill: bool, no_ablation: bool, **options: Any) -> None:
    """Train a forecaster on FILE.csv, score it against baselines, write a model file."""
    from forecastkit.cli.models import make_forecaster, named_covariates, with_events

    import forecastkit as fk

    talk = Talk(options["quiet"])
    fk.check_writable(output)
    covariates = named_covariates(options)
    table = fk.read_csv(file, covariates=covariates, **chosen(options, READING))
    table = with_events(table, options)
    model = make_forecaster(table, options)
    talk.say(f"{file}: {len(table)} rows, {table['unique_id'].nunique()} series.")
    model.fit(table, progress=False if options["quiet"] else None, ablation=not no_ablation)
    model.save(output)
    talk.assumptions(model.assumptions)
    board = model.scoreboard.to_dict("records")
    talk.scoreboard(
        board,
        _held_back(**{name: model.facts[name] for name in ("holdout", "n_windows")})
        + " (mase, smape: less is better; coverage: 0.8 is wanted):",
        model.alias or model.name,
    )
    talk.skill(model.alias or model.name, model.skills)
    talk.intervals(model.facts["intervals"])
    if options["plot"]:
        fk.plot_forecast(table, model.predict(level=options["level"]), options["plot"])
        talk.say(f"Plot: {options['plot']}")
    talk.say(f"Model: {output} (horizon {model.h}). Forecast with: forecastkit predict {output}")
    if options["as_json"]:
        print_json(_result(output, model))
    if require_skill and not _has_skill(model.skills):
        talk.say("The model did not beat the seasonal naive forecast.")
        sys.exit(NOT_BETTER)


def _held_back(holdout: int, n_windows: int) -> str:
    if n_windows == 1:
        return f"Scores on the last {holdout} steps, held back"
    return f"Scores on the last {n_windows} windows of {holdout} steps"


def _result(output: str, model: Any) -> dict[str, Any]:
    return {
        "model": output,
        "horizon": model.h,
        "scoreboard": model.scoreboard.to_dict("records"),
        "skill": [one.to_dict() for one in model.skills],
        "intervals": model.facts["intervals"],
        "assumptions": model.assumptions,
        "facts": model.facts,
    }


def _has_skill(skills: list[Any]) -> bool:
    """Whether the model had less error than the seasonal naive forecast."""
    return any(one.against == "SeasonalNaive" and one.gain > 0 for one in skills)
