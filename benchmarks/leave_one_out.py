"""Ablation study of the synthetic series: pretraining without one component of the generator.

    python benchmarks/leave_one_out.py FOLDER [--parts counts ...] [--steps 1500] [--units 48]

Writes FOLDER/without_PART.safetensors for each component, and FOLDER/whole_1 and whole_2 with the
full generator and two seeds, to show the variation between seeds. `zero_shot.py` scores the files.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from forecastkit.training.tensorflow import load_tensorflow

# ruff: noqa: ARG005 (a replacement has the signature of the function it replaces)

# component: the function of the generator that draws it, and a neutral replacement
PARTS: dict[str, tuple[str, Callable[..., Any]]] = {
    "changing seasonal amplitude": ("_swell", lambda rng, n, cycles, m: np.ones((n, cycles, m))),
    "changing seasonal pattern": ("_change", lambda rng, n, cycles, m: np.zeros((n, cycles, m))),
    "outliers and level shifts": ("_rare", lambda rng, n, length, shares: np.zeros((n, length))),
    "changing volatility": ("_unrest", lambda rng, n, length: np.ones((n, length))),
    "calendar effects": (
        "calendar_effects",
        lambda rng, unit, length, seasons: np.zeros((len(unit), length)),
    ),
    "trend breaks": ("_turn", lambda rng, growth, length: (np.full(len(growth), -1), growth)),
    "missing values": ("_with_gaps", lambda rng, y: y),
    "counts": ("_counts", lambda rng, centre: np.exp(centre)),
    "heavy-tailed noise": ("_shocks", lambda rng, n, length: rng.normal(size=(n, length))),
}


def main() -> None:
    """Train all networks one after the other, except those whose file exists."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--parts", nargs="*", default=[*PARTS, "persistent trends"])
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--units", type=int, default=48)
    options = parser.parse_args()
    options.folder.mkdir(exist_ok=True)
    load_tensorflow(1)
    train(options, "whole_1", None, 1)
    train(options, "whole_2", None, 2)
    for part in options.parts:
        train(options, f"without_{part.replace(' ', '_')}", part, 1)


def train(options: argparse.Namespace, name: str, part: str | None, seed: int) -> None:
    """Pretrain one network without a component of the generator."""
    from forecastkit.pretraining import run as pretraining
    from forecastkit.pretraining import stream, synthetic

    output = options.folder / f"{name}.safetensors"
    if output.exists():
        return
    kinds, originals = synthetic.KINDS, {}
    if part == "persistent trends":
        kinds = tuple(replace(kind, trending=0.0) for kind in kinds)
    elif part:
        function, replacement = PARTS[part]
        originals[function] = getattr(synthetic, function)
        setattr(synthetic, function, replacement)

    class Stream(stream.Stream):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            default = {} if len(args) > 5 else {"kinds": kinds}  # a validation stream has its own
            super().__init__(*args, **default, **kwargs)

    pretraining.Stream = Stream  # type: ignore[misc]
    run = pretraining.Pretraining(steps=options.steps, units=options.units, seed=seed)
    checkpoint = options.folder / f"{name}.npz"
    pretraining.pretrain(run, checkpoint, output, lambda line: print(name, line[:60], flush=True))
    checkpoint.unlink()
    for function, original in originals.items():
        setattr(synthetic, function, original)


if __name__ == "__main__":
    main()
