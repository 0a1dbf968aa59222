"""The tree is that of RFC 6962: published vectors and an independent implementation agree with ours."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree
from pymerkle import verify_consistency as peer_verifies_consistency
from pymerkle import verify_inclusion as peer_verifies_inclusion

from log_helpers import log_with, numbered
from tracker.log import merkle
from tracker.log.checkpoints import root_at
from tracker.log.faults import LogDamaged
from tracker.log.leaves import extended, leaf_hashes, row_of
from tracker.log.merkle import RightEdge

# The leaves and roots that implementations of Certificate Transparency are tried with.
VECTOR = [
    bytes.fromhex(x)
    for x in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]

datas = st.lists(st.binary(max_size=8), max_size=70)


def _hashes(leaves: list[bytes]) -> list[bytes]:
    return [merkle.leaf_hash(leaf) for leaf in leaves]


def _leaves(leaves: list[bytes]) -> merkle.Leaves:
    hashes = _hashes(leaves)
    return lambda start, end: hashes[start:end]


def _root(leaves: list[bytes]) -> bytes:
    return merkle.root_of(_hashes(leaves))


@pytest.mark.parametrize("size", range(9))
def test_the_roots_are_those_of_the_published_vector(size: int) -> None:
    assert _root(VECTOR[:size]).hex() == ROOTS[size]


def test_the_proofs_are_those_of_the_published_vector() -> None:
    leaves = _leaves(VECTOR)

    assert [h.hex() for h in merkle.consistency_proof(leaves, 6, 8)] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]
    assert [h.hex() for h in merkle.consistency_proof(leaves, 2, 5)] == [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ]
    assert merkle.inclusion_proof(leaves, 2, 3) == [bytes.fromhex(ROOTS[2])]


@given(datas, datas)
def test_an_edge_extended_twice_is_the_edge_of_it_all(first: list[bytes], second: list[bytes]) -> None:
    edge = RightEdge().extended(_hashes(first)).extended(_hashes(second))

    assert edge == RightEdge().extended(_hashes(first + second))
    assert edge.size == len(first + second)
    assert edge.root == _root(first + second)


@given(datas)
def test_an_independent_tree_has_the_same_root_at_every_size(leaves: list[bytes]) -> None:
    peer = InmemoryTree(algorithm="sha256")
    peer.append_entries(leaves)

    assert [_root(leaves[:size]) for size in range(len(leaves) + 1)] == [
        peer.get_root(size) for size in range(len(leaves) + 1)
    ]


@given(datas.filter(bool), st.data())
def test_an_independent_tree_gives_the_same_inclusion_proof(leaves: list[bytes], data: st.DataObject) -> None:
    size = data.draw(st.integers(1, len(leaves)))
    index = data.draw(st.integers(0, size - 1))
    peer = InmemoryTree(algorithm="sha256")
    peer.append_entries(leaves)
    theirs = peer.prove_inclusion(index + 1, size)

    ours = merkle.inclusion_proof(_leaves(leaves), index, size)

    # Theirs has the leaf itself in front.
    assert [peer.get_leaf(index + 1), *ours] == theirs.path
    peer_verifies_inclusion(merkle.leaf_hash(leaves[index]), _root(leaves[:size]), theirs)
    assert merkle.verify_inclusion(merkle.leaf_hash(leaves[index]), index, size, ours, peer.get_root(size))


@given(datas, st.data())
def test_an_independent_tree_finds_the_same_histories_consistent(leaves: list[bytes], data: st.DataObject) -> None:
    second = data.draw(st.integers(0, len(leaves)))
    first = data.draw(st.integers(0, second))
    peer = InmemoryTree(algorithm="sha256")
    peer.append_entries(leaves)

    ours = merkle.consistency_proof(_leaves(leaves), first, second)

    assert merkle.verify_consistency(first, second, ours, peer.get_root(first), peer.get_root(second))
    if 0 < first < second:
        theirs = peer.prove_consistency(first, second)
        peer_verifies_consistency(_root(leaves[:first]), _root(leaves[:second]), theirs)


@given(datas.filter(bool), st.data())
def test_no_other_leaf_place_size_or_root_has_the_proof(leaves: list[bytes], data: st.DataObject) -> None:
    size = len(leaves)
    index = data.draw(st.integers(0, size - 1))
    root, hashed = _root(leaves), merkle.leaf_hash(leaves[index])
    proof = merkle.inclusion_proof(_leaves(leaves), index, size)
    wrong = bytes(32)

    assert not merkle.verify_inclusion(wrong, index, size, proof, root)
    assert not merkle.verify_inclusion(hashed, index, size, proof, wrong)
    assert not merkle.verify_inclusion(hashed, index, size, [*proof, wrong], root)
    assert not merkle.verify_inclusion(hashed, size, size, proof, root)
    assert not merkle.verify_inclusion(hashed, -1, size, proof, root)
    for n in range(len(proof)):
        assert not merkle.verify_inclusion(hashed, index, size, proof[:n] + proof[n + 1 :], root)
        assert not merkle.verify_inclusion(hashed, index, size, [*proof[:n], wrong, *proof[n + 1 :]], root)
    for other in set(range(size)) - {index}:
        if leaves[other] != leaves[index]:
            assert not merkle.verify_inclusion(merkle.leaf_hash(leaves[other]), index, size, proof, root)


@given(datas.filter(lambda leaves: len(leaves) > 1), st.data())
def test_a_history_that_was_rewritten_has_no_consistency_proof(leaves: list[bytes], data: st.DataObject) -> None:
    first = data.draw(st.integers(1, len(leaves) - 1))
    place = data.draw(st.integers(0, first - 1))
    rewritten = [*leaves[:place], leaves[place] + b"!", *leaves[place + 1 :]]

    for history in (leaves, rewritten):
        proof = merkle.consistency_proof(_leaves(history), first, len(history))
        assert not merkle.verify_consistency(first, len(history), proof, _root(leaves[:first]), _root(rewritten))
        assert not merkle.verify_consistency(first, len(history), proof, _root(rewritten[:first]), _root(leaves))
        for n in range(len(proof)):
            cut = proof[:n] + proof[n + 1 :]
            assert not merkle.verify_consistency(first, len(history), cut, _root(history[:first]), _root(history))


def test_what_is_no_proof_is_refused_and_not_a_traceback() -> None:
    root = bytes.fromhex(ROOTS[8])

    assert not merkle.verify_consistency(9, 8, [], root, root)
    assert not merkle.verify_consistency(3, 8, [], root, root)
    assert not merkle.verify_consistency(8, 8, [root], root, root)
    assert not merkle.verify_consistency(0, 8, [], root, root)
    assert not merkle.verify_consistency(1, 2, [root] * 40, root, root)
    with pytest.raises(ValueError, match="none at 8"):
        merkle.inclusion_proof(_leaves(VECTOR), 8, 8)
    with pytest.raises(ValueError, match="does not continue"):
        merkle.consistency_proof(_leaves(VECTOR), 9, 8)


def test_an_edge_holds_as_many_hashes_as_its_size_needs() -> None:
    with pytest.raises(ValueError, match="6 leaves has 2 hashes"):
        RightEdge(6, (bytes(32),))


def test_a_leaf_is_the_line_of_the_export() -> None:
    tags = ["alias:顶点", 'party:"x"']
    line = json.dumps(
        {"position": 7, "topic": "Said.v1", "tags": tags, "data": {"a": "引"}},
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode()

    assert leaf_hashes([row_of(7, "Said.v1", tags, '{"a":"引"}'.encode())]) == [hashlib.sha256(b"\0" + line).digest()]


texts = st.text(max_size=6)
events = st.tuples(st.integers(1, 99), texts, st.lists(texts, max_size=3), st.binary(max_size=6))


@given(events, events)
def test_different_events_have_different_leaves(
    one: tuple[int, str, list[str], bytes], two: tuple[int, str, list[str], bytes]
) -> None:
    assert (one == two) == (leaf_hashes([row_of(*one)]) == leaf_hashes([row_of(*two)]))


@pytest.mark.parametrize(
    "one, two",
    [
        ((1, "a", ["x", "y"], b""), (1, "a", ['x","y'], b"")),
        ((1, "a", ["x"], b'"y"],"data":1'), (1, "a", ["x", "y"], b"1")),
        ((1, 'a","tags":[],"data":', [], b""), (1, "a", [], b"")),
        ((1, "a", [], b"1"), (11, "a", [], b"1")),
    ],
)
def test_no_field_can_pose_as_a_part_of_another(
    one: tuple[int, str, list[str], bytes], two: tuple[int, str, list[str], bytes]
) -> None:
    assert leaf_hashes([row_of(*one)]) != leaf_hashes([row_of(*two)])


def test_the_root_of_a_log_at_a_size_is_that_of_its_first_events(tmp_path: Path) -> None:
    path = log_with(tmp_path, 7)
    rows = [row_of(n, event.type, event.tags, event.data) for n, event in enumerate(numbered(1, 7), 1)]

    for size in range(8):
        assert root_at(path, size) == (size, merkle.root_of(leaf_hashes(rows[:size])).hex())
        assert extended(extended(RightEdge(), path, size), path).root == merkle.root_of(leaf_hashes(rows))
    assert root_at(path) == root_at(path, 7)
    with pytest.raises(LogDamaged, match="event 8 is missing"):
        root_at(path, 8)
