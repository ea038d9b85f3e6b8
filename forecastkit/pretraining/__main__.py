"""Pretrain a network: `python -m forecastkit.pretraining --minutes 60 --seed 1`."""

from __future__ import annotations

from pathlib import Path

import click

from forecastkit.training.tensorflow import load_tensorflow


@click.command(help=__doc__)
@click.option("--minutes", type=float, default=60.0, show_default=True, help="Training time.")
@click.option("--steps", type=int, help="Gradient steps in place of the minutes.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--threads", type=int, default=1, show_default=True)
@click.option("--cell", type=click.Choice(["lstm", "rnn"]), default="lstm", show_default=True)
@click.option("--units", type=int, default=96, show_default=True)
@click.option("--draws", type=int, default=4, show_default=True, help="Futures per cutoff.")
@click.option("--checkpoint", type=click.Path(path_type=Path), default=Path("pretraining.npz"))
@click.option("--output", type=click.Path(path_type=Path), default=Path("pretrained.safetensors"))
def main(
    minutes: float,
    steps: int | None,
    seed: int,
    threads: int,
    cell: str,
    units: int,
    draws: int,
    checkpoint: Path,
    output: Path,
) -> None:
    """Run the training, from the checkpoint if there is one."""
    load_tensorflow(threads)
    from forecastkit.pretraining.run import Pretraining, pretrain

    run = Pretraining(minutes, seed, cell, units, steps=steps, n_draws=draws)
    pretrain(run, checkpoint, output, click.echo)


if __name__ == "__main__":
    main()
