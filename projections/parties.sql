-- parties: the organisations and persons that are registered, under all their names.
-- grain: one row per party
-- party       id, a slug
-- name        the name that tables show
-- kind        organisation | person
-- aliases     its other names, in any script
-- part_of     the group that it is part of; of several, the one that it came to last
-- counts_for  the party that it was merged into, directly or not; itself where it was not merged
-- note        what a reader should know
-- order by: party
-- pinned: the rows of a relationship rest on what touches it
-- local: what its people did elsewhere moves them only by where they belonged
with recursive

registered as (
    select
        party,
        arg_max(name, position) as name,
        arg_max(kind, position) as kind,
        arg_max(aliases, position) as aliases,
        list_max(
            list_transform(
                arg_max_null(part_of, position),
                lambda one: {'since': coalesce(one.since, ''), 'until': coalesce(one.until, '9999'), 'organisation': one.group}
            )
        ).organisation as part_of,
        arg_max_null(note, position) as note
    from party_entries
    where topic = 'PartyRegistered.v1'
    group by party
),

added as (
    select
        entries.party,
        list(entries.alias order by entries.position) as aliases
    from party_entries as entries
    inner join registered on entries.party = registered.party
    where
        entries.topic = 'PartyAliasAdded.v1'
        and not coalesce(list_contains(registered.aliases, entries.alias), false)
    group by entries.party
),

mergers as (
    select
        party,
        arg_max_null(into_party, position) as into_party
    from party_entries
    where topic in ('PartiesMerged.v1', 'PartyMergeUndone.v1')
    group by party
),

followed as (
    select
        party,
        into_party as counts_for,
        1 as steps
    from mergers
    where into_party is not null
    union all
    select
        followed.party,
        mergers.into_party as counts_for,
        followed.steps + 1 as steps
    from followed
    inner join mergers on followed.counts_for = mergers.party
    where
        mergers.into_party is not null
        and followed.steps < 50
),

roots as (
    select
        party,
        arg_max(counts_for, steps) as counts_for
    from followed
    group by party
)

select
    registered.party,
    registered.name,
    registered.kind,
    list_concat(coalesce(registered.aliases, []), coalesce(added.aliases, [])) as aliases,
    registered.part_of,
    coalesce(roots.counts_for, registered.party) as counts_for,
    registered.note
from registered
left join added on registered.party = added.party
left join roots on registered.party = roots.party
