"""Ablation study of the synthetic series: pretraining without one component of the generator.

    python benchmarks/leave_one_out.py FOLDER [--parts counts ...] [--steps 4000] [--units 48]

Writes FOLDER/without_PART.safetensors for each component of `forecastkit.pretraining.prior.Prior`,
and FOLDER/whole_1 and whole_2 with all components and two seeds, to show the variation between
seeds. `zero_shot.py` scores the files.
"""

from __future__ import annotations

import argparse
from dataclasses import fields, replace
from pathlib import Path

from forecastkit.training.tensorflow import load_tensorflow


def main() -> None:
    """Train all networks one after the other, except those whose file exists."""
    from forecastkit.pretraining.prior import Prior

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--parts", nargs="*", default=[field.name for field in fields(Prior)])
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--units", type=int, default=48)
    options = parser.parse_args()
    options.folder.mkdir(exist_ok=True)
    load_tensorflow(1)
    train(options, "whole_1", None, 1)
    train(options, "whole_2", None, 2)
    for part in options.parts:
        train(options, f"without_{part}", part, 1)


def train(options: argparse.Namespace, name: str, part: str | None, seed: int) -> None:
    """Pretrain one network without a component of the generator."""
    from forecastkit.pretraining.prior import PRIOR
    from forecastkit.pretraining.run import Pretraining, pretrain

    output = options.folder / f"{name}.safetensors"
    if output.exists():
        return
    prior = replace(PRIOR, **{part: 0.0}) if part else PRIOR
    run = Pretraining(steps=options.steps, units=options.units, seed=seed)
    checkpoint = options.folder / f"{name}.npz"

    def log(line: str) -> None:
        print(name, line[:60], flush=True)

    pretrain(run, checkpoint, output, log, prior)
    checkpoint.unlink()


if __name__ == "__main__":
    main()
