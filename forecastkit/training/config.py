"""Training settings, and the candidate settings among which the hold-out selects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Preset = Literal["instant", "fast", "default", "best", "scratch"]

# networks per preset: fine-tuned, and trained from scratch
MEMBERS: dict[str, tuple[int, int]] = {
    "instant": (0, 0),
    "fast": (1, 0),
    "default": (3, 2),
    "best": (6, 6),
    "scratch": (0, 3),
}


@dataclass(frozen=True)
class TrainingConfig:
    """Settings of a training run.

    Attributes
    ----------
    max_steps : int
        Maximum number of gradient steps; early stopping may use fewer.
    check_every, patience : int
        Steps between evaluations of the validation loss, and number of evaluations without
        improvement after which training stops.
    batch_size : int
        Training sequences per step.
    learning_rate, weight_decay, clip_norm : float
        Of AdamW (Loshchilov & Hutter 2019); gradients are clipped at the global norm `clip_norm`.
    warm_up : int
        Steps over which the learning rate rises linearly to its full value.
    noise : float
        Standard deviation of the noise added to the inputs, in units of the series' noise.
    scale_power : float
        Each loss is weighted with the noise of its series to this power: 0 weights all series
        equally, 1 weights errors relative to the level.
    head_only : bool
        Whether only the last layer is trained.
    target_stride : int
        Number of cutoffs from one with targets to the next.
    """

    max_steps: int = 200
    check_every: int = 10
    patience: int = 5
    batch_size: int = 128
    learning_rate: float = 2e-3
    weight_decay: float = 1e-3
    clip_norm: float = 1.0
    warm_up: int = 20
    noise: float = 0.02
    scale_power: float = 0.5
    head_only: bool = False
    target_stride: int = 1


# scale powers of the members of an ensemble, in turn: they weight errors differently
SCALE_POWERS = (0.5, 1.0, 0.0)
# median length, in steps, from which a panel counts as long
MIN_LONG = 300
# candidate settings by initial weights and by whether the panel is long
TRAININGS: dict[tuple[str, bool], tuple[TrainingConfig, ...]] = {
    # few, small steps: the network must not forget its pretraining
    ("pretrained", False): (
        TrainingConfig(max_steps=80, learning_rate=5e-4),
        TrainingConfig(max_steps=80, learning_rate=2e-3, head_only=True),
    ),
    # small batches: many steps in little time, and a longer wait for the first improvement
    ("pretrained", True): (
        TrainingConfig(
            max_steps=480,
            check_every=20,
            patience=4,
            batch_size=48,
            learning_rate=1e-3,
            target_stride=4,
        ),
    ),
    ("scratch", False): (TrainingConfig(max_steps=200),),
    ("scratch", True): (TrainingConfig(max_steps=600, check_every=20, patience=4, batch_size=48),),
}
