"""A signed checkpoint kept elsewhere shows what nothing beside the log can show; proofs hold without the log."""

from __future__ import annotations

import json
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pymerkle import InmemoryTree

from cli_helpers import Answer, ask, make_workspace, new_workspace, working_in
from log_helpers import read_only
from test_verify import _change, _edit
from tracker.errors import ExitCode
from tracker.log.checkpoints import checkpoints_path, extend, leaves_path, root_at
from tracker.log.merkle import leaf_hash
from tracker.log.notes import parse_head, parse_public, signers
from tracker.log.proofs import BadProof, check
from tracker.log.verified import verified_path

NAME = "example.com/desk"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a workspace that signs, with a key, copies of its notes beside it, and three checkpoints."""
    (tmp_path / "notes").mkdir()
    assert ask("keygen", tmp_path / "desk.key", "--name", NAME).code == 0
    root = make_workspace(tmp_path / "desk", imported=False)
    with (root / "tracker.toml").open("a", encoding="utf-8") as file:
        file.write('\n[signing]\nkey = "../desk.key"\ncopies = "../notes"\n')
    for command in (
        ["import"],
        ["party", "add", "hooli", "--name", "Hooli"],
        ["party", "add", "piper", "--name", "Piper"],
    ):
        answer = ask("-C", root, *command)
        assert (answer.code, "warning" in answer.err) == (0, False), answer.err
    return root


def _log(root: Path) -> Path:
    return root / ".tracker" / "log.sqlite"


def _notes(root: Path) -> list[Path]:
    return sorted((root.parent / "notes").iterdir())


def _key(root: Path) -> str:
    return ask("keygen", root.parent / "desk.key", "--public").out.strip()


def _rewrite(log: Path) -> None:
    """Change an event and everything beside the log that would show it, as somebody could who knows how."""
    _change(log, _edit(6, '"coder":"', '"coder":"x'))
    for path in (checkpoints_path(log), leaves_path(log), verified_path(log)):
        path.unlink(missing_ok=True)
    extend(log)


def test_keygen_makes_a_key_for_its_owner_alone_and_overwrites_none(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "desk.key"
    made = ask("keygen", path, "--name", NAME)
    secret = path.read_text()

    assert made.code == 0
    assert parse_public(made.out).name == NAME
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert secret.startswith(f"PRIVATE+KEY+{NAME}+")
    assert secret.strip().split("+", 4)[4] not in made.out + made.err
    again = ask("keygen", path)
    assert (again.code, path.read_text()) == (ExitCode.USAGE, secret)
    assert "is there already" in again.err
    assert ask("keygen", path, "--public").out == made.out


def test_a_dry_run_of_keygen_makes_no_key_and_is_refused_where_one_would_be(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "desk.key"

    planned = ask("keygen", path, "--name", NAME, "--dry-run")

    assert (planned.code, planned.out) == (0, "")
    assert f"a key of {NAME} would be kept in {path}; nothing was made" in planned.err
    assert list(tmp_path.iterdir()) == []
    assert ask("keygen", path, "--name", "our desk", "--dry-run").code == ExitCode.BAD_INPUT
    assert ask("keygen", path, "--name", NAME).code == 0
    assert ask("keygen", path, "--dry-run").code == ExitCode.USAGE


def test_keygen_keeps_keys_out_of_workspaces_and_names_in_order(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "desk", imported=False)

    inside = ask("keygen", root / ".tracker" / "k")
    assert inside.code == ExitCode.USAGE
    assert "inside the workspace" in inside.err
    with working_in(root):
        assert ask("keygen", "k").code == ExitCode.USAGE
    odd = ask("keygen", tmp_path / "k", "--name", "our desk")
    assert odd.code == ExitCode.BAD_INPUT
    assert "no space and no plus" in odd.err
    assert list(tmp_path.iterdir()) == [root]


def test_a_note_that_a_broken_disk_kept_half_written_is_swept_by_the_next_command_that_records(root: Path) -> None:
    begun = root / ".tracker" / "checkpoint.note.new"
    begun.write_text("example.com/de")

    assert ask("-C", root, "verify").code == 0
    assert ask("-C", root, "party", "add", "raviga", "--name", "Raviga").code == 0

    assert not begun.exists()
    assert parse_head((begun.with_suffix("")).read_text().partition("\n\n")[0] + "\n").size == root_at(_log(root))[0]


def test_each_writing_command_leaves_a_signed_checkpoint_here_and_elsewhere(root: Path) -> None:
    size, hexadecimal = root_at(_log(root))
    kept = (root / ".tracker" / "checkpoint.note").read_bytes()

    text, by = signers(kept, [parse_public(_key(root))])
    head = parse_head(text)
    assert [key.name for key in by] == [NAME]
    assert (head.origin, head.size, head.root.hex()) == (NAME, size, hexadecimal)
    assert [parse_head(path.read_text().partition("\n\n")[0] + "\n").size for path in _notes(root)] == [
        size - 2,
        size - 1,
        size,
    ]
    assert _notes(root)[-1].read_bytes() == kept


def test_verify_writes_the_checkpoint_of_now_for_whoever_keeps_it(root: Path, tmp_path: Path) -> None:
    ask("-C", root, "verify", "--checkpoint", "-o", tmp_path / "today.note")
    assert (tmp_path / "today.note").read_bytes() == (root / ".tracker" / "checkpoint.note").read_bytes()

    plain = ask("-C", make_workspace(tmp_path / "other"), "verify", "--checkpoint")
    assert parse_head(plain.out).origin == "other"
    assert "not signed" in plain.err


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda key: key.chmod(0o640), "can be read by others (mode 640): chmod 600"),
        (lambda key: key.unlink(), "desk.key cannot be read: No such file or directory: tracker keygen"),
        (lambda key: key.write_text("PRIVATE+KEY+x"), "no key of a signed note"),
    ],
)
def test_what_cannot_be_signed_is_recorded_and_said_and_signed_later(
    root: Path, spoil: Callable[[Path], object], message: str
) -> None:
    key = root.parent / "desk.key"
    secret = key.read_text()
    spoil(key)

    answer = ask("-C", root, "party", "add", "raviga", "--name", "Raviga")
    assert answer.code == 0
    assert "warning: the checkpoint is not signed" in answer.err
    assert message in answer.err
    assert secret.strip().split("+", 4)[4] not in answer.err
    key.write_text(secret)
    key.chmod(0o600)
    assert len(_notes(root)) == 3
    assert ask("-C", root, "verify").err == ""
    assert len(_notes(root)) == 4


def test_a_log_is_verified_on_a_machine_that_has_not_the_key(root: Path) -> None:
    key = _key(root)
    (root.parent / "desk.key").unlink()

    answer = ask("-C", root, "verify")

    assert answer.code == 0
    assert "checkpoints agree" in answer.out
    assert "desk.key cannot be read" in answer.err
    assert ask("-C", root, "verify", "--against", root.parent / "notes", "--key", key).code == 0


def test_a_folder_that_takes_no_copies_is_named_and_not_the_file_that_was_to_be_made(root: Path) -> None:
    copies = root.parent / "notes"
    shutil.rmtree(copies)

    answer = ask("-C", root, "party", "add", "raviga", "--name", "Raviga")

    assert f"no copy can be kept in {copies}: No such file or directory: it is to be a folder" in answer.err
    assert "Errno" not in answer.err and ".new" not in answer.err


def test_settings_keep_the_key_and_the_copies_out_of_the_workspace(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toml = root / "tracker.toml"
    whole = toml.read_text()
    for section, message in (
        ('key = "./k"', "is inside the workspace"),
        ('key = "../k"\ncopies = "events"', "is inside the workspace"),
        ('copies = "../notes"', "has copies and no key"),
        ("key = 7", "[signing] takes key"),
    ):
        toml.write_text(f"[signing]\n{section}\n")
        refused = ask("-C", root, "verify")
        assert refused.code == ExitCode.WORKSPACE
        assert message in refused.err
    toml.write_text(whole.replace("../desk.key", "../nowhere.key"))
    monkeypatch.setenv("TRACKER_SIGNING_KEY", str(root.parent / "desk.key"))
    assert ask("-C", root, "verify").err == ""
    monkeypatch.setenv("TRACKER_SIGNING_KEY", "")
    assert ask("-C", root, "party", "add", "raviga", "--name", "Raviga").code == 0
    assert len(_notes(root)) == 3


def test_a_log_agrees_with_every_checkpoint_that_was_kept_of_it(root: Path) -> None:
    answer = ask("-C", root, "verify", "--against", root.parent / "notes", "--key", _key(root))

    assert answer.code == 0
    assert answer.out.count(f"signed by {NAME}: the log agrees") == 3
    as_json = json.loads(ask("-C", root, "verify", "--against", _notes(root)[0], "--json").out)
    assert as_json["against"][0]["signed_by"] == [NAME]
    # The key that signs here is trusted here, and may be given as a file.
    assert ask("-C", root, "verify", "--against", *_notes(root)[:1]).code == 0
    (root.parent / "desk.pub").write_text(_key(root) + "\n")
    assert ask("-C", root, "verify", "--against", _notes(root)[0], "--key", root.parent / "desk.pub").code == 0


def test_who_rewrote_log_and_checkpoints_is_seen_by_a_checkpoint_kept_elsewhere(root: Path) -> None:
    _rewrite(_log(root))

    # Without a key of its own to remember what was signed, nothing here tells.
    with (root / "tracker.toml").open("r+", encoding="utf-8") as file:
        settings = file.read()
        file.truncate(0)
    assert ask("-C", root, "verify", "--full").code == 0
    (root / "tracker.toml").write_text(settings, encoding="utf-8")
    answer = ask("-C", root, "verify", "--against", root.parent / "notes", "--key", _key(root))
    assert answer.code == ExitCode.NO
    first = _notes(root)[0]
    assert f"cannot be what the checkpoint in {first} vouches for" in answer.out
    assert re.search(r"one or more of events 1 to \d+ cannot be", answer.out)


def test_verify_holds_the_log_against_what_its_own_key_signed_last(root: Path) -> None:
    assert ask("-C", root, "verify").code == 0
    _rewrite(_log(root))

    for beside in (True, False):
        answer = ask("-C", root, "verify")
        as_json = json.loads(ask("-C", root, "verify", "--json").out)

        assert answer.code == ExitCode.NO
        last = root / ".tracker" / "checkpoint.note" if beside else _notes(root)[-1]
        assert re.match(rf"the checkpoint of \d+ events that was signed before \({last}\) is not among", answer.out)
        assert (as_json["ok"], as_json["findings"][0]["kind"]) == (False, "signed")
        # The copies elsewhere remember where whoever rewrote the log took the note beside it away.
        (root / ".tracker" / "checkpoint.note").unlink(missing_ok=True)


def test_a_rewritten_history_is_not_signed_over_the_one_signed_before(root: Path) -> None:
    _rewrite(_log(root))
    before = [path.read_bytes() for path in _notes(root)]

    answer = ask("-C", root, "party", "add", "raviga", "--name", "Raviga")
    assert answer.code == 0
    assert "nothing is signed that contradicts it" in answer.err
    # Not even where the note beside the log is gone: the copies elsewhere remember.
    (root / ".tracker" / "checkpoint.note").unlink()
    assert "nothing is signed that contradicts it" in ask("-C", root, "verify").out
    assert ask("-C", root, "verify", "--checkpoint").code == ExitCode.NO
    assert [path.read_bytes() for path in _notes(root)] == before
    # A note that is not by this key binds it to nothing.
    for path in _notes(root):
        path.write_text("example.com/desk\n3\n")
    assert ask("-C", root, "verify").code == 0


def test_an_older_copy_of_the_log_is_not_signed_on_where_others_keep_their_checkpoints_in_the_same_folder(
    root: Path,
) -> None:
    old, other = root.parent / "old", root.parent / "other"
    shutil.copytree(root / ".tracker", old)
    assert ask("-C", root, "party", "add", "raviga", "--name", "Raviga").code == 0
    signed = _notes(root)[-1]
    # Of more events than ours, one by another key and one that says nothing.
    assert ask("keygen", root.parent / "other.key", "--name", "example.com/other").code == 0
    made = make_workspace(other, imported=False)
    with (made / "tracker.toml").open("a", encoding="utf-8") as file:
        file.write('\n[signing]\nkey = "../other.key"\n')
    assert ask("-C", made, "party", "add", "hooli", "--name", "Hooli").code == 0
    (root.parent / "notes" / "0000009998-00000000.note").write_bytes((made / ".tracker/checkpoint.note").read_bytes())
    (root.parent / "notes" / "0000009999-00000000.note").write_text("hello")
    assert ask("-C", root, "verify").code == 0

    shutil.rmtree(root / ".tracker")
    shutil.copytree(old, root / ".tracker")
    verified = ask("-C", root, "verify")
    added = ask("-C", root, "party", "add", "bachmanity", "--name", "Bachmanity")

    assert verified.code == ExitCode.NO
    assert f"that was signed before ({signed}) is not among those beside the log, which end at event" in verified.out
    assert "nothing is signed that contradicts it" in added.err


def test_of_a_folder_of_checkpoints_the_one_that_nobody_trusted_signed_is_named(root: Path) -> None:
    strange = root.parent / "notes" / "strange.note"

    for text, said in (
        ("hello\n", "no signed checkpoint: it has no lines with a log's name, a size and a root"),
        ("hello\n1\n\n— me AAAAAAAA\n", "the note is signed by me+00000000, and not by example.com/desk+"),
    ):
        strange.write_text(text, encoding="utf-8")
        answer = ask("-C", root, "verify", "--against", root.parent / "notes")

        assert answer.code != 0
        assert f"{strange}: {said}" in answer.err


def test_a_checkpoint_kept_elsewhere_and_the_kept_leaves_name_the_event(root: Path) -> None:
    _change(_log(root), _edit(6, '"coder":"', '"coder":"x'))

    answer = ask("-C", root, "verify", "--against", root.parent / "notes")
    assert answer.code == ExitCode.NO
    assert answer.out.startswith("event 6 (ExclusivityRelaxed.v1")
    assert len(answer.out.splitlines()) == 1


def test_of_several_checkpoints_kept_elsewhere_it_is_told_up_to_which_the_log_is_what_it_was(root: Path) -> None:
    size = root_at(_log(root))[0]
    _change(_log(root), _edit(size - 1, '"coder":"', '"coder":"x'))

    answer = ask("-C", root, "verify", "--against", root.parent / "notes")
    as_json = json.loads(ask("-C", root, "verify", "--against", root.parent / "notes", "--json").out)

    march, may, june = _notes(root)
    assert answer.code == ExitCode.NO
    assert f"the log agrees with {march}: its {size - 2} events are as they were then" in answer.err
    assert f"the log does not agree with {may}, of {size - 1} events, nor with 1 other" in answer.err
    assert [(each["path"], each["agrees"]) for each in as_json["against"]] == [
        (str(march), True),
        (str(may), False),
        (str(june), False),
    ]


def test_a_log_cut_back_to_before_a_checkpoint_kept_elsewhere_is_seen(root: Path) -> None:
    size = root_at(_log(root))[0]
    log = _log(root)
    _change(
        log,
        f"delete from dcb_events where position = {size}",
        f"delete from dcb_tags where position = {size}",
        f"update sqlite_sequence set seq = {size - 1}",
    )
    for path in (checkpoints_path(log), leaves_path(log), verified_path(log)):
        path.unlink(missing_ok=True)

    assert ask("-C", root, "verify").code == ExitCode.NO
    answer = ask("-C", root, "verify", "--against", root.parent / "notes")
    assert answer.code == ExitCode.NO
    assert f"event {size} is missing" in answer.out


def test_a_backup_that_is_older_than_what_was_signed_since_is_called_so(root: Path) -> None:
    size = root_at(_log(root))[0]
    backup, older = root.parent / "older.tar.gz", root.parent / "older"
    assert ask("-C", root, "backup", backup).code == 0
    assert ask("-C", root, "party", "add", "raviga", "--name", "Raviga").code == 0
    assert ask("restore", backup, older).code == 0

    answer = ask("-C", older, "verify")

    assert answer.code == ExitCode.NO
    assert (
        f"those beside the log, which end at event {size}: it was cut off, or is an older copy: nothing" in answer.out
    )


def test_verification_against_a_note_writes_nothing_and_reads_everything(root: Path) -> None:
    ask("-C", root, "verify")
    _change(_log(root), _edit(6, '"coder":"', '"coder":"x'))
    assert ask("-C", root, "verify").code == 0
    before = {path.name: path.read_bytes() for path in (root / ".tracker").iterdir() if path.is_file()}

    assert ask("-C", root, "verify", "--against", _notes(root)[0]).code == ExitCode.NO
    for name in ("checkpoints", "leaves", "verified"):
        assert (root / ".tracker" / name).read_bytes() == before[name]


def test_a_note_of_another_key_or_with_a_changed_byte_is_no(root: Path, tmp_path: Path) -> None:
    ask("keygen", tmp_path / "other.key", "--name", NAME)
    other = ask("keygen", tmp_path / "other.key", "--public").out.strip()
    note = _notes(root)[0]

    foreign = ask("-C", root, "verify", "--against", note, "--key", other)
    assert foreign.code == ExitCode.NO
    assert "and not by example.com/desk+" in foreign.err
    forged = tmp_path / "forged.note"
    size = parse_head(note.read_text().partition("\n\n")[0] + "\n").size
    forged.write_text(note.read_text().replace(f"\n{size}\n", f"\n{size - 1}\n", 1))
    answer = ask("-C", root, "verify", "--against", forged)
    assert answer.code == ExitCode.NO
    assert "is not signed by example.com/desk, though it says so" in answer.err


def test_an_unsigned_checkpoint_counts_for_the_place_it_was_kept_in(root: Path, tmp_path: Path) -> None:
    body = tmp_path / "body.txt"
    body.write_text(_notes(root)[0].read_text().partition("\n\n")[0] + "\n")

    answer = ask("-C", root, "verify", "--against", body)
    assert answer.code == 0
    assert "not signed: it proves as much as the place" in answer.err
    refused = ask("-C", root, "verify", "--against", body, "--key", _key(root))
    assert refused.code == ExitCode.NO
    assert "signed by nobody" in refused.err
    _rewrite(_log(root))
    assert ask("-C", root, "verify", "--against", body).code == ExitCode.NO


def test_a_signed_note_without_a_key_to_check_it_is_asked_for_one(root: Path, tmp_path: Path) -> None:
    note = shutil.copy(_notes(root)[0], tmp_path / "a.note")
    other = new_workspace(tmp_path / "other")

    answer = ask("-C", other, "verify", "--against", note)
    assert answer.code == ExitCode.USAGE
    assert "--key NAME+ID+KEY" in answer.err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--against", "nowhere.note"], ExitCode.USAGE),
        (["--against", "."], ExitCode.USAGE),
        (["--against", "bad.note"], ExitCode.BAD_INPUT),
        (["--proof", "bad.note"], ExitCode.BAD_INPUT),
        (["--proof", "nowhere.json"], ExitCode.WORKSPACE),
        (["--prove", "x", "--consistency", "3"], ExitCode.USAGE),
        (["--checkpoint", "--json"], ExitCode.USAGE),
        (["--prove", "nothing#such"], ExitCode.BAD_INPUT),
        (["--prove", "999"], ExitCode.BAD_INPUT),
        (["--prove", "abcdef012345"], ExitCode.BAD_INPUT),
        (["--consistency", "0"], ExitCode.BAD_INPUT),
        (["--consistency", "999"], ExitCode.BAD_INPUT),
        (["--key", "x", "--against", "bad.note"], ExitCode.BAD_INPUT),
        (["--key", "x"], ExitCode.USAGE),
        (["--proof", "/dev/zero"], ExitCode.USAGE),
        (["--against", "/dev/zero"], ExitCode.USAGE),
    ],
)
def test_what_cannot_be_answered_is_refused(root: Path, arguments: list[str], code: ExitCode) -> None:
    (root.parent / "empty").mkdir()
    with working_in(root.parent / "empty"):
        Path("bad.note.txt").write_text("x")
        shutil.move("bad.note.txt", "../bad.note")
        answer = ask("-C", root, "verify", *(a.replace("bad.note", "../bad.note") for a in arguments))
    assert (answer.code, answer.out) == (code, "")
    assert answer.err.startswith("error: ")


@pytest.mark.parametrize("size", [0, 999])
def test_a_size_that_the_log_never_had_is_met_with_those_that_it_had(root: Path, size: int) -> None:
    answer = ask("-C", root, "verify", "--consistency", str(size))

    assert answer.err.endswith(f"name a size from 1 to {len(_lines(root))}\n")


def _lines(root: Path) -> list[str]:
    """Return the events as they are exported, without the checkpoint below them."""
    return ask("-C", root, "export", "events").out.splitlines()[:-1]


def _prove(root: Path, *arguments: str) -> bytes:
    answer = ask("-C", root, "verify", *arguments)
    assert answer.code == 0, answer.err
    return answer.out.encode()


def _check(proof: bytes, folder: Path, *arguments: str | Path) -> Answer:
    """Check a proof as somebody who has no workspace."""
    path = folder / "proof.json"
    path.write_bytes(proof)
    with working_in(folder):
        return ask("verify", "--proof", path, *arguments)


@pytest.fixture
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of somebody who has the proof and perhaps a note, and nothing else."""
    return tmp_path_factory.mktemp("elsewhere")


def test_an_event_is_proven_to_whoever_holds_a_checkpoint(root: Path, elsewhere: Path) -> None:
    proof = _prove(root, "--prove", "planet-2025-05-05#cloud-relaxed")
    key, note = _key(root), _notes(root)[-1]
    line = _lines(root)[5]

    for arguments in (["--key", key], ["--against", note, "--key", key]):
        answer = _check(proof, elsewhere, *arguments)
        assert answer.code == 0, answer.err
        assert answer.out.splitlines()[1] == line
        assert f"signed by {NAME}" in answer.out
    alone = _check(proof, elsewhere)
    assert alone.code == 0
    assert "no checkpoint was compared" in alone.err
    assert json.loads(_check(proof, elsewhere, "--json").out)["line"] == line


def test_every_event_is_found_by_position_and_id(root: Path) -> None:
    for place, line in enumerate(_lines(root), 1):
        identity = json.loads(line)["data"]["event"]
        for reference in (str(place), identity, identity[:9]):
            assert json.loads(_prove(root, "--prove", reference))["line"] == line


def test_a_proof_leads_to_the_checkpoint_that_is_asked_for(root: Path, elsewhere: Path) -> None:
    older = _notes(root)[0]
    proof = _prove(root, "--prove", "6", "--against", str(older))
    key = _key(root)

    assert _check(proof, elsewhere, "--against", older, "--key", key).code == 0
    newer = _check(proof, elsewhere, "--against", _notes(root)[-1], "--key", key)
    assert newer.code == ExitCode.NO
    assert "proves nothing for" in newer.err


def test_an_independent_tree_gives_the_exported_proof(root: Path) -> None:
    lines = [line.encode() for line in _lines(root)]
    peer = InmemoryTree(algorithm="sha256")
    peer.append_entries(lines)

    for position in range(1, len(lines) + 1):
        proof = json.loads(_prove(root, "--prove", str(position)))
        assert [leaf_hash(lines[position - 1]), *map(bytes.fromhex, proof["path"])] == (
            peer.prove_inclusion(position, len(lines)).path
        )
        assert bytes.fromhex(proof["root"]) == peer.get_root()
    for size in range(1, len(lines)):
        proof = json.loads(_prove(root, "--consistency", str(size)))
        assert bytes.fromhex(proof["first"]["root"]) == peer.get_root(size)


def test_a_log_is_proven_to_continue_an_older_checkpoint(root: Path, elsewhere: Path) -> None:
    notes = _notes(root)
    size = parse_head(notes[0].read_text().partition("\n\n")[0] + "\n").size
    proof = _prove(root, "--consistency", str(size))

    answer = _check(proof, elsewhere, "--against", notes[0], "--key", _key(root))
    assert answer.code == 0, answer.err
    assert f"the first {size} events" in answer.out
    assert "signed by example.com/desk" in answer.out


def test_a_proof_in_which_anything_was_changed_does_not_hold(root: Path, elsewhere: Path) -> None:
    trusted = ["--against", _notes(root)[-1], "--key", _key(root)]
    for arguments in (["--prove", "6"], ["--consistency", "8"]):
        whole = json.loads(_prove(root, *arguments))
        del whole["note"]
        assert _check(json.dumps(whole).encode(), elsewhere, *trusted).code == 0
        for changed in _changes(whole):
            answer = _check(json.dumps(changed).encode(), elsewhere, *trusted)
            assert answer.code in (ExitCode.NO, ExitCode.BAD_INPUT), changed
            assert answer.out == ""


def _changes(proof: dict[str, object]) -> list[dict[str, object]]:
    """Return the proof with each of its values changed a little."""

    def other(value: object) -> object:
        if isinstance(value, int):
            return value + 1
        if isinstance(value, list):
            return value[1:]
        text = str(value)
        return (
            ("1" if text[0] != "1" else "2") + text[1:]
            if re.fullmatch("[0-9a-f]{64}", text)
            else text.replace("a", "b", 1)
        )

    changed: list[dict[str, object]] = []
    for name, value in proof.items():
        if isinstance(value, dict):
            changed += [{**proof, name: {**value, inner: other(each)}} for inner, each in value.items()]
        else:
            changed.append({**proof, name: other(value)})
    path = proof["path"]
    assert isinstance(path, list)
    changed += [{**proof, "path": [*path[:n], other(path[n]), *path[n + 1 :]]} for n in range(len(path))]
    changed += [{**proof, "path": [*path, "0" * 64]}, {k: v for k, v in proof.items() if k != "path"}]
    return changed


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"7", b"{", b"[" * 9_999, b'{"proof":"x","path":[]}', b'{"path":["zz"]}', b'{"path":{}}', b"\xff"],
)
def test_what_is_no_proof_is_refused(data: bytes) -> None:
    with pytest.raises(BadProof):
        check(data)


def test_a_note_that_is_none_does_not_spoil_an_export(root: Path) -> None:
    (root / ".tracker" / "checkpoint.note").write_bytes(b"\xff rubbish")

    last = ask("-C", root, "export", "events").out.splitlines()[-1]
    assert json.loads(last)["checkpoint"].keys() == {"size", "root"}


def test_the_answer_goes_into_a_file_where_that_is_asked_for(root: Path, tmp_path: Path) -> None:
    answer = ask("-C", root, "verify", "--full", "--json", "-o", tmp_path / "answer.json")
    assert (answer.code, answer.out) == (0, "")
    assert json.loads((tmp_path / "answer.json").read_text())["ok"] is True


def test_what_a_proof_proves_goes_into_a_file_where_that_is_asked_for(root: Path, elsewhere: Path) -> None:
    answer = _check(_prove(root, "--prove", "3"), elsewhere, "--json", "-o", elsewhere / "answer.json")

    assert (answer.code, answer.out) == (0, "")
    assert json.loads((elsewhere / "answer.json").read_text())["position"] == 3


def test_a_checkpoint_of_now_is_not_written_as_if_it_had_been_held_against_another(root: Path) -> None:
    answer = ask("-C", root, "verify", "--checkpoint", "--against", _notes(root)[-1])

    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: --checkpoint and --against exclude each other")


def test_nothing_is_proven_of_a_log_that_is_not_what_its_checkpoint_says(root: Path) -> None:
    _change(_log(root), _edit(6, '"coder":"', '"coder":"x'))

    for arguments in (["--prove", "7"], ["--consistency", "8"]):
        answer = ask("-C", root, "verify", *arguments)
        assert answer.code == ExitCode.NO
        assert "nothing to prove" in answer.err


def test_a_workspace_that_cannot_be_written_is_verified_all_the_same(root: Path, foreign_folder: Path) -> None:
    shutil.copytree(root, foreign_folder / "desk")
    (foreign_folder / "desk" / ".tracker" / "log.sqlite.lock").unlink(missing_ok=True)
    (foreign_folder / "desk" / "tracker.toml").write_text("")
    foreign_folder.chmod(0o755)
    read_only(foreign_folder / "desk" / ".tracker")

    answer = ask("-C", foreign_folder / "desk", "verify", "--full")
    assert answer.code == 0
    assert "nothing was written down" in answer.err


def test_the_program_of_the_documentation_computes_the_root_from_an_export(root: Path, tmp_path: Path) -> None:
    page = (Path(__file__).parents[1] / "docs" / "verification.md").read_text(encoding="utf-8")
    program = page.partition("```python\n")[2].partition("```")[0]
    ask("-C", root, "export", "events", "-o", tmp_path / "log.jsonl")
    last = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[-1])["checkpoint"]

    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "log.jsonl")], capture_output=True, text=True, check=True
    )
    assert done.stdout == "{} {}\n".format(*root_at(_log(root))) == f"{last['size']} {last['root']}\n"
    assert last["note"].encode() == (root / ".tracker" / "checkpoint.note").read_bytes()
