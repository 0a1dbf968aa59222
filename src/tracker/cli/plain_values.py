"""Values of the command line that need no reading: what was not given, and text where text is wanted.

The library reads every value with a validator of pydantic's, one for each parameter of a command, to find that a text
is a text and that nothing is nothing: 70 ms, most of it to import pydantic. So is a path plain where it exists and any
will do. Whatever else there is to read goes the library's way.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer.core


def take_plain_values() -> None:
    """Let the library's parameters take plain values as they are, for the rest of this process."""
    for kind in (typer.core.TyperArgument, typer.core.TyperOption):
        # A version that knows no such method reads in a way of its own, which may be as fast.
        built = getattr(kind, "get_runtime_param", None)
        if built is not None and not getattr(built, "takes_plain_values", False):
            kind.get_runtime_param = _plain_first(built)  # type: ignore[method-assign,assignment]


def _plain_first(built: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def get_runtime_param(parameter: Any) -> PlainFirst:
        return PlainFirst(parameter, built)

    get_runtime_param.takes_plain_values = True  # type: ignore[attr-defined]
    return get_runtime_param


class PlainFirst:
    """What the library asks for the value of a parameter; it builds the validator only where one is needed."""

    def __init__(self, parameter: Any, built: Callable[[Any], Any]) -> None:
        self._parameter = parameter
        self._built = built

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return what the validator would return, or raise what it raises."""
        several = param.multiple or param.nargs == -1
        if value is None:
            return () if several else None
        wanted, info = self._parameter.type_descriptor.annotation, self._parameter.type_descriptor.parameter_info
        if info.parser is None:
            if wanted == list[str] and type(value) in (list, tuple) and {*map(type, value)} <= {str}:
                return list(value)
            if type(value) is str and param.nargs == 1 and not several:
                if wanted is str:
                    return value
                if wanted is Path and _suits_any_path(info) and os.access(value, os.R_OK):
                    return Path(value)
        return self._built(self._parameter).coerce(value, param=param, ctx=ctx)


def _suits_any_path(info: Any) -> bool:
    """Say whether a parameter asks no more of a path than that it can be read where it exists."""
    asks = info.resolve_path or info.writable or info.allow_dash or info.path_type is not None
    return bool(info.file_okay and info.dir_okay and not asks)
