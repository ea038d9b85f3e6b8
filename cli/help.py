"""Help pages: options in groups, those that matter first, and examples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

# groups in the order of the page; options without a group come first
GROUPS = ("Model", "Covariates", "Reading", "Output")


class Option(click.Option):
    """An option of a group.

    Parameters
    ----------
    group : str, optional
        One of `GROUPS`; without it the option is listed first.
    """

    def __init__(self, *arguments: Any, group: str | None = None, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.group = group


class Command(click.Command):
    """A command whose help lists its options in groups, and ends with examples.

    Parameters
    ----------
    first : sequence of str
        Names of the options that matter most, listed first whatever their group.
    examples : sequence of str
        Arguments of the command, without its name.
    """

    def __init__(
        self,
        *arguments: Any,
        first: Sequence[str] = (),
        examples: Sequence[str] = (),
        **settings: Any,
    ) -> None:
        super().__init__(*arguments, **settings)
        self.first, self.examples = tuple(first), tuple(examples)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, those that matter first."""
        records: dict[str, list[tuple[str, str]]] = {}
        ranked: list[tuple[int, tuple[str, str]]] = []
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is None or not isinstance(parameter, click.Option):
                continue
            group = getattr(parameter, "group", None)
            if parameter.name in self.first or group is None:
                order = [*self.first, parameter.name].index(parameter.name)
                ranked.append((order, record))
            else:
                records.setdefault(group, []).append(record)
        with formatter.section("Options"):
            formatter.write_dl([record for _, record in sorted(ranked, key=lambda pair: pair[0])])
        for group in GROUPS:
            if group in records:
                with formatter.section(group):
                    formatter.write_dl(records[group])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples."""
        if self.examples:
            with formatter.section("Examples"):
                for example in self.examples:
                    formatter.write_text(f"forecastkit {self.name} {example}".rstrip())


def command(
    name: str, *, first: Sequence[str] = (), examples: Sequence[str] = ()
) -> Callable[[Callable[..., Any]], click.Command]:
    """Decorator that makes a `Command` of a function."""
    return click.command(name, cls=Command, first=first, examples=examples)


def option(group: str | None, *declarations: str, **settings: Any) -> Callable[[Any], Any]:
    """Decorator that adds an `Option` of a group to a command."""
    return click.option(*declarations, cls=Option, group=group, **settings)
