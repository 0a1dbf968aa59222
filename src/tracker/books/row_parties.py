"""The parties that rows name: known ones by any of their names, and, where that is wanted, new ones registered."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import ValidationError

from tracker.books.forms import Form
from tracker.books.names import NEW_NAME, PartyIndex
from tracker.books.yaml_nodes import Mapping, Node, Scalar, Sequence
from tracker.model.catalogue import Kind
from tracker.model.names import RELATIONSHIP_SEPARATOR, InvalidName, slugify
from tracker.model.records import PartyRegistered


class UnknownName(Exception):
    """A name that leads to no party, and cannot be registered as one."""


class RowParties:
    """Resolves the names of one row after another; with `register`, a new name becomes a party with an id made of it.

    What a row that turns out to be bad registered is taken back. The `careful` one takes no name for a party to which
    only an id leads that was made of another name: of C++ and of C the same is made.
    """

    def __init__(self, index: PartyIndex, *, register: bool, careful: bool = False) -> None:
        self.index = index
        self.refused: dict[str, tuple[str, str]] = {}
        """Names of the row that no party can be made of, with what is wrong and what to do."""
        self._register, self._careful = register, careful
        self.ids = _Ids(self._party)
        """The id of the party that a name means, looked up once; raises UnknownName."""
        self._new: list[PartyRegistered] = []

    def begin(self) -> None:
        """Begin a row, or begin it again: what it registered so far is taken back."""
        if self._new:
            self.take_back()
        if self.refused:
            self.refused = {}

    def new(self) -> tuple[PartyRegistered, ...]:
        """Hand over the parties that the row registers."""
        handed, self._new = tuple(self._new), []
        return handed

    def take_back(self) -> None:
        """Register nothing of this row."""
        for party in self._new:
            self.index.remove(party.party)
            self.ids.pop(party.name, None)
        self._new = []

    def forget_ids(self) -> None:
        """Look names up anew, for what they lead to may have changed."""
        self.ids.clear()

    def take_all(self, node: Mapping, form: Form) -> None:
        """Register what a row names, as far as that is wanted and possible."""
        if not self._register:
            return
        for name, (_, child) in node.entries.items():
            spec = form.spec(name)
            if spec is not None and spec.kind in (Kind.PARTY, Kind.PARTIES):
                self._take(child)
            elif spec is not None and spec.kind is Kind.BEARINGS and isinstance(child, Mapping):
                for pair in child.entries:
                    for side in pair.split(RELATIONSHIP_SEPARATOR):
                        self._take(Scalar(side.strip(), node.mark, "", 0))

    def _take(self, node: Node) -> None:
        for item in node.items if isinstance(node, Sequence) else (node,):
            if isinstance(item, Scalar) and item.text:
                try:
                    self.ids[item.text]
                except UnknownName:
                    continue

    def _party(self, name: str) -> str:
        owner = self.index.owner(name)
        if owner is not None and not (self._careful and name != owner and self.index.is_made_of_another(owner, name)):
            return owner
        return self._registered(name)

    def _registered(self, name: str) -> str:
        if not self._register:
            raise UnknownName(name)
        try:
            party = PartyRegistered(party=slugify(name), name=name)
        except (InvalidName, ValidationError) as error:
            how = f"{NEW_NAME}tracker party add ID --name …"
            self.refused[name] = f"no id can be made of the name '{name}'", how
            raise UnknownName(name) from error
        holder = self.index.owner(party.party)
        if holder is not None:
            message = f"the name '{name}' makes the id '{party.party}', which leads to '{holder}' already"
            self.refused[name] = (
                message,
                f"if they are one: tracker party alias {holder} …; else: tracker party add ID …",
            )
            raise UnknownName(name)
        self.index.add(party.party, [party.party, name])
        self._new.append(party)
        return party.party


class _Ids(dict[str, str]):
    """Remembers what names lead to."""

    def __init__(self, party: Callable[[str], str]) -> None:
        self._party = party

    def __missing__(self, name: str) -> str:
        party = self[name] = self._party(name)
        return party
