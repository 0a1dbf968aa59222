"""How rows of the decoded log are found by the names that they give: SQL over `log.keys`, in place of a scan."""

from __future__ import annotations

from tracker.state.vocabulary import vocabulary


def named_parties(told: str) -> str:
    """Return SQL for the lists of all parties that a development names, of the table `told`."""
    roles = [column for column in vocabulary().columns if column.kind in ("party", "parties")]
    return ", ".join(f"{told}.{c.name}" if c.kind == "parties" else f"[{told}.{c.name}]" for c in roles)


def accounts_of(keys: str) -> str:
    """Return SQL for every revision of what names a key, and of all that shares a happening with one of these."""
    return f"""
        with named as (select development, occurrence from log.told where {named_in(keys)}),
        happenings as (select coalesce(occurrence, development) from named),
        told as (
            select development from named
            union
            select development from log.told where {named_in("from happenings")}
        )
        select position, development, type from log.told where {named_in("from told")}
    """


def named_in(keys: str) -> str:
    """Return SQL for whether a row of `log.told` names one of some keys; of what hashes alike, too."""
    return f"""position in (
        select position from log.keys where key in (select hash(key) from ({keys}) as asked(key))
    )"""
