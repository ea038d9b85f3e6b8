"""The progress bar of a fit."""

from __future__ import annotations

from tqdm import tqdm


class Progress:
    """A progress bar that counts gradient steps, gone when the work is done.

    Parameters
    ----------
    show : bool or None
        None shows it where standard error is a terminal.
    """

    def __init__(self, show: bool | None) -> None:
        disable = None if show is None else not show  # None: only where there is a terminal
        self.bar = tqdm(total=0, disable=disable, leave=False, unit="step", desc="training")
        self.end = 0

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()

    def start(self, total: int) -> None:
        """Say how many steps there will be, at the most."""
        self.bar.reset(total)

    def step(self, _: int) -> None:
        """Count a step."""
        self.bar.update()

    def skip(self, steps: int) -> None:
        """Move to where the work would be if no training had stopped early."""
        self.end += steps
        self.bar.update(max(0, self.end - self.bar.n))
