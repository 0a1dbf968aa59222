from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from tracker.books.files import MAX_BYTES, UnreadableFile, read_book_file
from tracker.errors import ExitCode


def test_a_regular_file_is_read_byte_for_byte(tmp_path: Path) -> None:
    (tmp_path / "书.yaml").write_bytes(b"\xef\xbb\xbfa: b\r\n\xff")

    assert read_book_file(tmp_path / "书.yaml") == b"\xef\xbb\xbfa: b\r\n\xff"


def test_a_link_within_the_folder_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real.yaml").write_bytes(b"a: b")
    (tmp_path / "link.yaml").symlink_to("real.yaml")

    assert read_book_file(tmp_path / "link.yaml") == b"a: b"


def test_a_link_that_leads_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"key")
    (tmp_path / "books").mkdir()
    (tmp_path / "books" / "x.yaml").symlink_to(tmp_path / "secret")

    with pytest.raises(UnreadableFile, match=r"leads out of .*copy the file into the folder") as refused:
        read_book_file(tmp_path / "books" / "x.yaml")

    assert refused.value.exit_code is ExitCode.BAD_INPUT


def test_a_path_that_climbs_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"key")
    (tmp_path / "books").mkdir()

    with pytest.raises(UnreadableFile, match="leads out of"):
        read_book_file(tmp_path / "books" / ".." / "secret", tmp_path / "books")


def test_a_neighbouring_folder_is_open_where_the_given_folder_holds_both(tmp_path: Path) -> None:
    (tmp_path / "books").mkdir()
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "x.txt").write_bytes(b"text")

    assert read_book_file(tmp_path / "books" / "../sources/x.txt", tmp_path) == b"text"


def test_a_named_pipe_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(UnreadableFile, match="it is a named pipe"):
        read_book_file(tmp_path / "pipe")


def test_a_device_is_refused() -> None:
    with pytest.raises(UnreadableFile, match="it is a device"):
        read_book_file(Path("/dev/zero"))


def test_a_socket_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The name of a socket may have about a hundred bytes, less than a path of a temporary folder.
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("s")

        with pytest.raises(UnreadableFile, match="it is a socket"):
            read_book_file(Path("s"))


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="it is a folder; name a regular file"):
        read_book_file(tmp_path)


@pytest.mark.parametrize("name", ["absent.yaml", "absent/x.yaml", "nul\0.yaml", "x" * 5000])
def test_a_file_that_cannot_be_there_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnreadableFile, match="cannot read"):
        read_book_file(tmp_path / name)


def test_links_that_lead_to_each_other_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")

    with pytest.raises(UnreadableFile, match="cannot read"):
        read_book_file(tmp_path / "a")


def test_a_file_over_the_size_cap_is_refused_and_one_at_the_cap_is_read(tmp_path: Path) -> None:
    (tmp_path / "cap").write_bytes(b"x" * MAX_BYTES)
    (tmp_path / "over").write_bytes(b"x" * (MAX_BYTES + 1))

    assert len(read_book_file(tmp_path / "cap")) == MAX_BYTES
    with pytest.raises(UnreadableFile, match="larger than 5,000,000 bytes"):
        read_book_file(tmp_path / "over")
