"""Pretrain without one part of the synthetic series, to see what each part is good for.

    python benchmarks/leave_one_out.py FOLDER [--parts swell gaps ...] [--steps 1500] [--units 48]

Writes FOLDER/without_PART.safetensors for each part, and FOLDER/whole_1 and whole_2 with nothing
left out and two seeds, whose difference is chance. `zero_shot.py` scores them.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from forecastkit.training.tensorflow import load_tensorflow

# ruff: noqa: ARG005 (what stands in for a function takes what it takes)

# name of the part: the function of the generator that makes it, and what stands in its place
PARTS: dict[str, tuple[str, Callable[..., Any]]] = {
    "seasons that swell": ("_swell", lambda rng, n, cycles, m: np.ones((n, cycles, m))),
    "seasons that change": ("_change", lambda rng, n, cycles, m: np.zeros((n, cycles, m))),
    "outliers and jumps": ("_rare", lambda rng, n, length, shares: np.zeros((n, length))),
    "unrest": ("_unrest", lambda rng, n, length: np.ones((n, length))),
    "calendar": (
        "calendar_effects",
        lambda rng, unit, length, seasons: np.zeros((len(unit), length)),
    ),
    "turns of growth": ("_turn", lambda rng, growth, length: (np.full(len(growth), -1), growth)),
    "gaps": ("_with_gaps", lambda rng, y: y),
    "counts": ("_counts", lambda rng, centre: np.exp(centre)),
    "tails of the noise": ("_shocks", lambda rng, n, length: rng.normal(size=(n, length))),
}


def main() -> None:
    """Train all, one after the other; what is there already is left."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--parts", nargs="*", default=[*PARTS, "trends"])
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--units", type=int, default=48)
    given = parser.parse_args()
    given.folder.mkdir(exist_ok=True)
    load_tensorflow(1)
    train(given, "whole_1", None, 1)
    train(given, "whole_2", None, 2)
    for part in given.parts:
        train(given, f"without_{part.replace(' ', '_')}", part, 1)


def train(given: argparse.Namespace, name: str, part: str | None, seed: int) -> None:
    """One run, without a part of the generator."""
    from forecastkit.pretraining import run as running
    from forecastkit.pretraining import stream, synthetic

    output = given.folder / f"{name}.safetensors"
    if output.exists():
        return
    kinds, kept = synthetic.KINDS, {}
    if part == "trends":
        kinds = tuple(replace(kind, trending=0.0) for kind in kinds)
    elif part:
        function, instead = PARTS[part]
        kept[function] = getattr(synthetic, function)
        setattr(synthetic, function, instead)

    class Stream(stream.Stream):
        def __init__(self, *args: Any, **options: Any) -> None:
            drawn = {} if len(args) > 5 else {"kinds": kinds}  # validation names a kind
            super().__init__(*args, **drawn, **options)

    running.Stream = Stream  # type: ignore[misc]
    run = running.Pretraining(steps=given.steps, units=given.units, seed=seed)
    checkpoint = given.folder / f"{name}.npz"
    running.pretrain(run, checkpoint, output, lambda line: print(name, line[:60], flush=True))
    checkpoint.unlink()
    for function, original in kept.items():
        setattr(synthetic, function, original)


if __name__ == "__main__":
    main()
