"""Options of the readers, and their validation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from forecastkit.errors import OptionError
from forecastkit.reading.aggregation import RULES, Rule
from forecastkit.reading.cells import Cells
from forecastkit.reading.extraction import extract_cells
from forecastkit.reading.gaps import FILLS, Fill
from forecastkit.reading.source import MAX_BYTES, Source
from forecastkit.reading.text import decode_text, split_records
from forecastkit.reading.time_column import ColumnOptions


@dataclass(frozen=True)
class ReadingOptions:
    """Options of `read_csv` that control parsing; None means inferred from the file."""

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
    aggregate: Rule | None = None
    every: str | None = None

    @property
    def combines_rows(self) -> bool:
        """Whether several rows of a series and period are combined."""
        return self.aggregate is not None or self.every is not None

    @classmethod
    def of(cls, **arguments: Any) -> ReadingOptions:
        """Make options from arguments of `read_csv`; a single name needs no list."""
        for name in ("target_col", "id_col", "na_value"):
            value = arguments.get(name)
            if isinstance(value, str) or not isinstance(value, Sequence):
                value = () if value is None else (value,)
            arguments[name] = tuple(str(item) for item in value)
        if arguments.get("fill") is None:  # a sum of no rows is 0
            is_sum = arguments.get("aggregate") in (None, "sum") and arguments.get("every")
            arguments["fill"] = "zero" if is_sum else "none"
        specified = {name: value for name, value in arguments.items() if value is not None}
        options = cls(**specified)
        if options.fill not in FILLS:
            raise OptionError(
                f"There is no fill rule '{options.fill}'; there are: {', '.join(FILLS)}.",
                value=options.fill,
            )
        if options.aggregate is not None and options.aggregate not in RULES:
            raise OptionError(
                f"There is no rule '{options.aggregate}'; there are: {', '.join(RULES)}.",
                value=options.aggregate,
            )
        _check_separators(options.decimal, options.thousands)
        _check_format(options.date_format)
        return options

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-serialisable dictionary."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    def column_options(self, covariates: Sequence[str] = ()) -> ColumnOptions:
        """Return the options that concern columns, with the names of covariates."""
        specified = (self.time_col, self.id_col, self.target_col, self.date_format, self.na_value)
        return ColumnOptions(*specified, tuple(covariates))

    def cells(self, source: Source) -> Cells:
        """Decode a text file and extract its cells."""
        text, notes = decode_text(source.data, source.name, self.encoding)
        cells = extract_cells(split_records(text, source.name, self.delimiter))
        return replace(cells, notes=(*source.notes, *notes, *cells.notes))


def _check_separators(decimal: str | None, thousands: str | None) -> None:
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


def _check_format(date_format: str | None) -> None:
    directives = re.findall(r"%(.)", date_format or "")
    repeated = [
        directive
        for directive in directives
        if directives.count(directive) > 1 and directive != "%"
    ]
    if repeated:
        raise OptionError(
            f"date_format '{date_format}' contains %{repeated[0]} twice.",
            value=date_format,
            fix="Use for instance %d.%m.%Y or %Y-%m-%d %H:%M.",
        )
    if date_format is not None and not re.search(r"%[YyGcxDF]", date_format):
        raise OptionError(
            f"date_format '{date_format}' is not a strptime format with a year.",
            value=date_format,
            fix="Use for instance %d.%m.%Y or %Y-%m-%d %H:%M.",
        )
