"""Values of the command line that the library's validators need not read: what they are taken for is the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
import typer.core
import typer.main

from tracker.cli.main import COMMANDS, app, load_command
from tracker.cli.plain_values import PlainFirst, take_plain_values

VALUES = [None, "", "acme", "2026-01-05", "7", "-1", "true", "nan", "json", ".", "no/such/file", "-", True, 7, b"acme",
          Path("x"), [], ["a", "b"], ("a",), ["a", 1], (None,)]  # fmt: skip


def parameters() -> Iterator[Any]:
    """Yield every parameter of every command."""
    yield from typer.main.get_command(app).params
    pending = [load_command(name, c.module) for names in COMMANDS.values() for name, c in names.items()]
    while pending:
        command = pending.pop()
        yield from command.params
        pending += getattr(command, "commands", {}).values()


def test_every_parameter_takes_a_value_as_the_library_does() -> None:
    seen: list[Any] = []
    for parameter in parameters():
        ours = parameter.get_runtime_param()
        assert isinstance(ours, PlainFirst)
        seen.append(parameter.type_descriptor.annotation)
        for value in VALUES:
            theirs = outcome(ours._built(parameter), value, parameter)

            assert outcome(ours, value, parameter) == theirs, (parameter.name, value)
    assert all(annotation in seen for annotation in (str, list[str], Path))


def outcome(reading: Any, value: Any, parameter: Any) -> tuple[Any, ...]:
    """Return what a value is read as, with its type, or what is said against it."""
    try:
        read = reading.coerce(value, param=parameter, ctx=None)
    except typer.BadParameter as error:
        return type(error), str(error)
    return type(read), read


@pytest.mark.parametrize("annotation", [str, list[str], Path])
def test_a_parser_of_its_own_reads_every_value(annotation: Any) -> None:
    read: list[Any] = []
    asked = typer.Typer(add_completion=False)

    def ask(given: Any) -> None:
        read.append(given)

    ask.__annotations__["given"] = Annotated[annotation, typer.Option(parser=lambda text: f"<{text}>")]
    asked.command()(ask)

    typer.main.get_command(asked).main(["--given", "a"], standalone_mode=False)

    assert read == ([["<a>"]] if annotation == list[str] else ["<a>"])


def test_parameters_are_changed_once() -> None:
    before = typer.core.TyperOption.get_runtime_param

    take_plain_values()

    assert typer.core.TyperOption.get_runtime_param is before
