"""Arguments of the readers, checked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from forecastkit.errors import OptionError
from forecastkit.reading.cells import Cells
from forecastkit.reading.gaps import FILLS, Fill
from forecastkit.reading.sheet import to_cells
from forecastkit.reading.source import MAX_BYTES, Source
from forecastkit.reading.text import decoded, split
from forecastkit.reading.time_column import Wanted


@dataclass(frozen=True)
class ReadingOptions:
    """How a file is read; see `read_csv`. What is None is inferred from the file."""

    target_col: tuple[str, ...] = ()
    time_col: str | None = None
    id_col: tuple[str, ...] = ()
    delimiter: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    encoding: str | None = None
    date_format: str | None = None
    na_value: tuple[str, ...] = ()
    fill: Fill = "none"
    snap: bool = False
    max_bytes: int = MAX_BYTES

    @classmethod
    def of(cls, **given: Any) -> ReadingOptions:
        """Make one from arguments of `read_csv`; a name may be passed without a list."""
        for name in ("target_col", "id_col", "na_value"):
            value = given.get(name)
            if isinstance(value, str) or not isinstance(value, Sequence):
                value = () if value is None else (value,)
            given[name] = tuple(str(one) for one in value)
        known = {name: value for name, value in given.items() if value is not None}
        options = cls(**known)
        if options.fill not in FILLS:
            raise OptionError(
                f"There is no fill rule '{options.fill}'; there are: {', '.join(FILLS)}.",
                value=options.fill,
            )
        _check_marks(options.decimal, options.thousands)
        _check_format(options.date_format)
        return options

    def to_dict(self) -> dict[str, Any]:
        """Return a dictionary that JSON can hold."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    def wanted(self, covariates: Sequence[str] = ()) -> Wanted:
        """The roles of the columns, as far as they are given."""
        known = (self.time_col, self.id_col, self.target_col, self.date_format, self.na_value)
        return Wanted(*known, tuple(covariates))

    def cells(self, source: Source) -> Cells:
        """Split the bytes of a text file into cells."""
        text, notes = decoded(source.data, source.name, self.encoding)
        cells = to_cells(split(text, source.name, self.delimiter))
        return replace(cells, notes=(*source.notes, *notes, *cells.notes))


def _check_marks(decimal: str | None, thousands: str | None) -> None:
    if decimal not in (None, ".", ","):
        raise OptionError(
            f"'{decimal}' is not a decimal mark.", value=decimal, fix="Use a point or a comma."
        )
    if thousands not in (None, ".", ",", " ", "'") or (thousands and thousands == decimal):
        raise OptionError(
            f"'{thousands}' cannot be both decimal mark and thousands separator."
            if thousands == decimal
            else f"'{thousands}' is not a thousands separator.",
            value=thousands,
            fix="Use a point, a comma, a space or an apostrophe.",
        )


def _check_format(form: str | None) -> None:
    parts = re.findall(r"%(.)", form or "")
    twice = [one for one in parts if parts.count(one) > 1 and one != "%"]
    if twice:
        raise OptionError(
            f"date_format '{form}' contains %{twice[0]} twice.",
            value=form,
            fix="Use for instance %d.%m.%Y or %Y-%m-%d %H:%M.",
        )
    if form is not None and not re.search(r"%[YyGcxDF]", form):
        raise OptionError(
            f"date_format '{form}' is not a strptime format with a year.",
            value=form,
            fix="Use for instance %d.%m.%Y or %Y-%m-%d %H:%M.",
        )
