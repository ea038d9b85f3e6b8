"""Notes on what was inferred, assumed or dropped, and why."""

from __future__ import annotations

from typing import NamedTuple


class Note(NamedTuple):
    """A decision made on behalf of the user, and its reason.

    Attributes
    ----------
    what, why : str

    Examples
    --------
    >>> Note("frequency MS", "matches all timestamps").to_dict()
    {'what': 'frequency MS', 'why': 'matches all timestamps'}
    """

    what: str
    why: str

    def to_dict(self) -> dict[str, str]:
        """Return a JSON-serialisable dictionary."""
        return self._asdict()
