"""What fuzzing guided by coverage must find: readers that break at texts which chance alone does not come to."""

from __future__ import annotations

from faults.fuzzing import Target


def staircase(text: str) -> None:
    """Break at one word of five letters, each of which is asked for only behind the one before it."""
    if text[:1] == "t" and text[1:2] == "r" and text[2:3] == "a" and text[3:4] == "c" and text[4:5] == "k":
        raise ValueError("the word was found")


def endless(text: str) -> None:
    """Go on for ever at a text with a bracket that is never closed."""
    while text.count("(") > text.count(")"):
        pass


def controls() -> dict[str, Target]:
    """Return the controls by name."""
    listed = (Target("staircase", staircase, ("x",)), Target("endless", endless, ("a (b)",)))
    return {target.name: target for target in listed}
