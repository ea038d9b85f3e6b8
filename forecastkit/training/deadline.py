"""Time limits of a fit: deadlines that training asks for at every step."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Deadline:
    """A time at which work should end.

    Attributes
    ----------
    end : float
        On the clock of `time.monotonic`, in seconds; infinite without a limit.
    """

    end: float = math.inf

    @classmethod
    def after(cls, seconds: float | None) -> Deadline:
        """Deadline in a number of seconds from now; None for no limit.

        Examples
        --------
        >>> Deadline.after(None).remaining, Deadline.after(-1).passed
        (inf, True)
        """
        return cls() if seconds is None else cls(time.monotonic() + seconds)

    @property
    def remaining(self) -> float:
        """Seconds until the deadline; negative after it."""
        return self.end - time.monotonic()

    @property
    def passed(self) -> bool:
        """Whether the deadline has passed."""
        return self.remaining <= 0

    @property
    def is_set(self) -> bool:
        """Whether there is a limit at all."""
        return math.isfinite(self.end)

    def share(self, share: float) -> Deadline:
        """Deadline after a share of the time that remains."""
        return Deadline(time.monotonic() + share * self.remaining) if self.is_set else self

    def earlier(self, seconds: float) -> Deadline:
        """Deadline that is so many seconds earlier."""
        return Deadline(self.end - seconds)


NEVER = Deadline()
