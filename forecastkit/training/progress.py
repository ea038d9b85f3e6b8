"""The progress bar of a fit."""

from __future__ import annotations

from tqdm import tqdm


class Progress:
    """A progress bar of gradient steps, removed from the terminal on exit.

    Parameters
    ----------
    show : bool or None
        None shows it if standard error is a terminal.
    """

    def __init__(self, show: bool | None) -> None:
        disable = None if show is None else not show  # tqdm: None disables it without a terminal
        self.bar = tqdm(total=0, disable=disable, leave=False, unit="step", desc="training")
        self.position = 0

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()

    def start(self, total: int) -> None:
        """Set the maximum number of steps."""
        self.bar.reset(total)

    def step(self, _: int) -> None:
        """Advance by one step."""
        self.bar.update()

    def skip(self, steps: int) -> None:
        """Advance to where the bar would be if training had not stopped early."""
        self.position += steps
        self.bar.update(max(0, self.position - self.bar.n))
