"""Progress of a fit: named phases, on a terminal, in a notebook or as lines of a log."""

from __future__ import annotations

import sys
import time
from typing import Protocol

from tqdm import tqdm

# seconds between the lines of a log
_INTERVAL = 10.0


class Watch(Protocol):
    """Protocol of an observer of the phases and the gradient steps of a fit."""

    def phase(self, name: str, total: int = 0) -> None:
        """Start a phase of so many steps at most; 0 if it has none."""

    def step(self, number: int) -> None:
        """Count a step."""


class Silent:
    """Shows nothing."""

    def phase(self, name: str, total: int = 0) -> None:
        """Ignore the phase."""

    def step(self, number: int) -> None:
        """Ignore the step."""


class Progress:
    """Shows the phase of a fit: a bar that is removed on exit, or a line every ten seconds.

    Parameters
    ----------
    show : bool or None
        None shows a bar on a terminal and in notebooks, and lines elsewhere; False shows nothing.

    Examples
    --------
    >>> with Progress(False) as progress:
    ...     progress.phase("training", 100)
    ...     progress.step(1)
    """

    def __init__(self, show: bool | None) -> None:
        has_bar = sys.stderr.isatty() or "ipykernel" in sys.modules
        self.bar: tqdm | None = None
        self.shows_lines = show is None and not has_bar
        self.shows_bar = bool(show) or (show is None and has_bar)
        self.name, self.total, self.n = "", 0, 0
        self.start = self.printed = time.monotonic()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def phase(self, name: str, total: int = 0) -> None:
        """Start a phase of so many steps at most; 0 if it has none."""
        self.name, self.total, self.n = name, total, 0
        if self.shows_bar:
            self._close()
            form = "{desc}: {n_fmt} of at most {total_fmt} steps |{bar:20}| {elapsed}"
            self.bar = tqdm(
                total=total or None,
                desc=name,
                leave=False,
                file=sys.stderr,
                bar_format=form if total else "{desc} ... {elapsed}",
            )
        self._print_line()

    def step(self, number: int) -> None:  # noqa: ARG002 (of several networks in parallel)
        """Count a step."""
        self.n += 1
        if self.bar is not None:
            self.bar.update()
        self._print_line()

    def _close(self) -> None:
        if self.bar is not None:
            self.bar.close()
            self.bar = None

    def _print_line(self) -> None:
        now = time.monotonic()
        if not self.shows_lines or now - self.printed < _INTERVAL:
            return
        self.printed = now
        steps = f", step {self.n} of at most {self.total}" if self.total else ""
        sys.stderr.write(f"{self.name}{steps} ({now - self.start:.0f} s)\n")
        sys.stderr.flush()
