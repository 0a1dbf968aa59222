"""Notes are those of C2SP: the reference implementation's key and note, and none of its malformed ones."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.log.notes import (
    BadKey,
    BadNote,
    BadSignature,
    Head,
    PrivateKey,
    PublicKey,
    new_key,
    parse_head,
    parse_note,
    parse_private,
    parse_public,
    signers,
)

# The published key and note of Go's golang.org/x/mod/sumdb/note, which the specification takes up.
VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SKEY = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
SIGNATURE = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
NOTE = f"{TEXT}\n— PeterNeumann {SIGNATURE}\n"

PETER = parse_public(VKEY)


def test_the_published_note_is_signed_by_the_published_key() -> None:
    assert signers(NOTE.encode(), [PETER]) == (TEXT, [PETER])


def test_the_published_private_key_signs_the_published_note_byte_for_byte() -> None:
    key = parse_private(SKEY)

    assert key.sign(TEXT) == NOTE
    assert str(key.public) == VKEY
    assert key.text() == SKEY


def test_a_key_keeps_its_secret_when_it_is_printed() -> None:
    key = parse_private(SKEY)

    assert [repr(key), str(key), repr([key])] == [f"PrivateKey({key.name!r})"] * 2 + [f"[PrivateKey({key.name!r})]"]


def test_no_part_of_a_key_and_no_changed_one_is_a_key() -> None:
    for start in range(len(VKEY) + 1):
        for end in range(start + 1, len(VKEY) + 1):
            if (start, end) != (0, len(VKEY)):
                with pytest.raises(BadKey):
                    parse_public(VKEY[start:end])
    for place in range(len(VKEY)):
        with pytest.raises(BadKey):
            parse_public(VKEY[:place] + chr(ord(VKEY[place]) + 1) + VKEY[place + 1 :])
        if place < len(SKEY):
            with pytest.raises(BadKey):
                parse_private(SKEY[:place] + chr(ord(SKEY[place]) + 1) + SKEY[place + 1 :])


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==", "not the parts"),
        ("PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "not of the kind Ed25519"),
        ("Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "cannot be its name"),
        ("", "cannot be its name"),
        ("Peter\ud83d+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "cannot be its name"),
    ],
)
def test_what_is_no_key_is_refused_with_the_reason(key: str, why: str) -> None:
    with pytest.raises(BadKey, match=why):
        parse_public(key)


def test_a_changed_note_is_refused_at_every_byte() -> None:
    whole = NOTE.encode()
    for place in range(len(whole)):
        changed = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
        with pytest.raises((BadNote, BadSignature)):
            signers(changed, [PETER])


def test_a_note_of_another_key_of_the_same_name_is_refused() -> None:
    other = new_key("PeterNeumann")

    with pytest.raises(BadSignature, match=r"signed by PeterNeumann\+[0-9a-f]{8}, and not by PeterNeumann\+c74f20a3"):
        signers(other.sign(TEXT).encode(), [PETER])


def test_signatures_of_others_beside_a_trusted_one_are_passed_over() -> None:
    witness = new_key("witness.example/w1")
    line = witness.sign(TEXT).splitlines()[-1]
    note = f"{NOTE}{line}\n"

    assert signers(note.encode(), [PETER]) == (TEXT, [PETER])
    assert signers(note.encode(), [witness.public]) == (TEXT, [witness.public])
    assert signers(note.encode(), [PETER, witness.public])[1] == [PETER, witness.public]
    # A forged signature of a trusted key spoils the note even where another one is right.
    forged = note.replace(line[-20:], line[-20:].swapcase())
    with pytest.raises((BadSignature, BadNote)):
        signers(forged.encode(), [PETER, witness.public])


@pytest.mark.parametrize(
    "note",
    [
        TEXT[:-1],
        NOTE[:-1],
        NOTE.replace("—", "-"),
        NOTE.replace("— PeterNeumann ", "— "),
        NOTE.replace("— PeterNeumann", "— Peter+Neumann"),
        NOTE.replace("— PeterNeumann", "— "),
        NOTE.replace(SIGNATURE, SIGNATURE[:-1]),
        NOTE.replace(SIGNATURE, "x08g"),
        NOTE.replace(SIGNATURE, ""),
        NOTE.replace("\n", "\r\n"),
        NOTE + "\n",
        NOTE.replace("problem", "pro\x01blem"),
        TEXT + "\n" + f"— PeterNeumann {SIGNATURE}\n" * 101,
        "x" * 1_000_001 + "\n",
        "",
    ],
)
def test_what_is_no_note_is_refused(note: str) -> None:
    with pytest.raises((BadNote, BadSignature)):
        signers(note.encode(), [PETER])


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(BadNote, match="not UTF-8"):
        parse_note(b"\xff\n")


def test_a_checkpoint_is_the_three_lines_of_the_specification() -> None:
    text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    head = parse_head(text)

    assert (head.origin, head.size) == ("example.com/behind-the-sofa", 20852163)
    assert head.root.hex().startswith("0ac5186a91863e8e1d90c808014aa89b")
    assert head.text() == text
    assert parse_head(text + "an extension\n") == head


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n",
        "a\n1\n",
        "a\n01\n" + base64.b64encode(bytes(32)).decode() + "\n",
        "a\n-1\n" + base64.b64encode(bytes(32)).decode() + "\n",
        "a\n1e3\n" + base64.b64encode(bytes(32)).decode() + "\n",
        "a\n99999999999999999999\n" + base64.b64encode(bytes(32)).decode() + "\n",
        "a\n1\n" + base64.b64encode(bytes(31)).decode() + "\n",
        "a\n1\n" + base64.b64encode(bytes(32)).decode()[:-2] + "B=\n",
        "\n1\n" + base64.b64encode(bytes(32)).decode() + "\n",
        "a\n1\n" + base64.b64encode(bytes(32)).decode() + "\n\nx\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(BadNote):
        parse_head(text)


names = st.text(st.characters(exclude_characters="+", exclude_categories=("Z", "C")), min_size=1, max_size=20)


@given(names, st.binary(min_size=32, max_size=32), st.integers(0, 10**18), st.binary(min_size=32, max_size=32))
def test_a_signed_checkpoint_comes_back_and_no_other_key_signed_it(
    name: str, seed: bytes, size: int, root: bytes
) -> None:
    key, head = PrivateKey(name, seed), Head(name, size, root)
    note = key.sign(head.text()).encode()

    text, by = signers(note, [PETER, key.public])
    assert (parse_head(text), by) == (head, [key.public])
    assert parse_private(key.text()) == key
    assert parse_public(str(key.public)) == key.public
    with pytest.raises(BadSignature):
        signers(note, [PublicKey(name, PETER.key)])


@given(st.binary(max_size=200))
def test_any_bytes_are_a_note_or_refused(data: bytes) -> None:
    for text in (data, NOTE.encode() + data, data + NOTE.encode()):
        try:
            signers(text, [PETER])
        except (BadNote, BadSignature):
            continue
        assert text.endswith(NOTE.encode()) or text == NOTE.encode()
