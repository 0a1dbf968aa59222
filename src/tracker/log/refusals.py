"""Why the log refuses: each refusal says what was wrong, with which value, and what to do next."""

from __future__ import annotations

from tracker.errors import TrackerError, did_you_mean, shortened


class Refused(TrackerError):
    """A use case was refused; nothing was recorded."""


class UnknownParty(Refused):
    """A development or command names a party that was never registered."""

    def __init__(self, party: str, suggestions: list[str] | None = None) -> None:
        self.party = party
        self.suggestions = suggestions or []
        shown = shortened(party)
        # Of 顶点 no id can be made.
        named = f"'{shown}'" if any(sign.isascii() and sign.isalnum() for sign in party) else f"ID --name '{shown}'"
        super().__init__(
            f"unknown party '{shown}'{did_you_mean(self.suggestions)}"
            + ("" if self.suggestions else f": register it with tracker party add {named}")
            if party.strip()
            else "the name of a party is empty: write its id or one of its names"
        )


class UnknownReport(Refused):
    """A development or command names a report that was never filed."""

    def __init__(self, report: str, suggestions: list[str] | None = None) -> None:
        self.report = report
        super().__init__(
            f"unknown report '{shortened(report)}'{did_you_mean(suggestions or [])}"
            + ("" if suggestions else ": file it first, with a book or tracker add")
        )


class UnknownDevelopment(Refused):
    """A command names a development that was never reported."""

    def __init__(self, development: str, suggestions: list[str] | None = None) -> None:
        self.development = development
        super().__init__(
            f"unknown development '{shortened(development)}'{did_you_mean(suggestions or [])}"
            + ("" if suggestions else ": tracker list developments shows them all")
            if development.strip()
            else "the id of a development is empty: write report#key; tracker list developments shows them all"
        )


class NameTaken(Refused):
    """A name already leads to another party."""

    def __init__(self, name: str, owner: str, wanted_by: str) -> None:
        super().__init__(
            f"the name '{name}' already belongs to '{owner}', so '{wanted_by}' cannot have it: "
            f"choose another, or tracker party merge {wanted_by} {owner} if they are one"
        )


class NameUnseen(Refused):
    """A name is made of blanks and hidden characters alone."""

    def __init__(self, name: str) -> None:
        super().__init__(f"'{name}' holds no character that can be seen: write a name")


class AlreadyReported(Refused):
    """A development is in the log with another content."""

    def __init__(self, development: str, revision: int) -> None:
        super().__init__(
            f"'{development}' is already in the log (revision {revision}) and says something else: "
            "import it from its book to correct it, or choose another key"
        )


class StaleRevision(Refused):
    """What is to be recorded equals an older revision that was corrected since, by `book` if it was another one."""

    def __init__(self, development: str, matches: int, current: int, book: str | None = None) -> None:
        of_book = f" of the book '{book}'" if book else ""
        super().__init__(
            f"'{development}' equals revision {matches}, which revision {current}{of_book} superseded: "
            "update the book, or import it with --revert to go back"
        )


class AlreadyRetracted(Refused):
    """A development was retracted before; `is_wanted` where that is what was asked for."""

    def __init__(self, development: str, revision: int, *, is_wanted: bool = False) -> None:
        again = "import its book with --revert to record it again"
        undo = f"there is nothing to do; tracker retract {development} --undo makes it stand again"
        super().__init__(f"'{development}' was retracted already (revision {revision}): {undo if is_wanted else again}")


class SaidTooSoon(Refused):
    """A source is to have taken back what it had not published by then."""

    def __init__(self, report: str, filed: str, published: str) -> None:
        super().__init__(
            f"'{report}' was published {filed}, so its source took nothing of it back on {published}: "
            "write the day on which the source said so, or none if the slip is our own"
        )


class OriginCycle(Refused):
    """A link of origins would lead back to where it starts."""

    def __init__(self, chain: list[str]) -> None:
        super().__init__(f"origins would run in a circle: {' → '.join(chain)}: a report cannot retell itself")


class MergeRefused(Refused):
    """Two parties cannot be merged, or a merge cannot be undone."""


class RaceLost(TrackerError):
    """Other writers kept changing what the use cases depend on."""

    def __init__(self) -> None:
        super().__init__("other writers kept changing the same parties or developments: try again")
