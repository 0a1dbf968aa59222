"""What starts the due jobs: units and crontab lines that name this program and this workspace, quoted as each reads."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tracker.schedule.install import BadPath, NoCrontab, crontab_line, units, with_line, write_crontab, write_units

AWKWARD = Path('/srv/50% "off" $HOME desk')


def test_units_run_what_is_due_every_minute(tmp_path: Path):
    service, timer = units(tmp_path / "desk")

    assert service.name.removesuffix(".service") == timer.name.removesuffix(".timer")
    assert f"-C {tmp_path / 'desk'} schedule run --due\n" in service.text
    assert "OnCalendar=*-*-* *:*:00" in timer.text


def test_two_workspaces_of_one_name_get_units_of_their_own():
    assert units(Path("/a/desk"))[0].name != units(Path("/b/desk"))[0].name


def test_a_unit_quotes_an_awkward_path_as_systemd_reads_it():
    assert '"/srv/50%% \\"off\\" $$HOME desk"' in units(AWKWARD)[0].text


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze (Debian: systemd) is not here")
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path):
    root = tmp_path / "50% off desk"
    root.mkdir()
    written = write_units(root, tmp_path / "units")

    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, written)], capture_output=True, text=True, check=False
    )

    assert [line for line in done.stderr.splitlines() if "tracker-" in line] == []


def test_units_are_written_where_one_says(tmp_path: Path):
    written = write_units(tmp_path / "desk", tmp_path / "deep" / "units")

    assert [path.suffix for path in written] == [".service", ".timer"]
    assert all(path.read_text(encoding="utf-8").startswith("[Unit]") for path in written)


def test_a_crontab_line_survives_cron_and_the_shell():
    line = crontab_line(AWKWARD)

    # cron: an unescaped % ends the command; \% is a percent sign.
    fields = line.split(" ", 5)
    command = fields[5].replace("\\%", "%")
    assert fields[:5] == ["*"] * 5
    assert "%" not in fields[5].replace("\\%", "")
    assert shlex.split(command, comments=True)[-6:] == ["-C", str(AWKWARD), "--quiet", "schedule", "run", "--due"]


def test_a_crontab_keeps_what_others_wrote_and_has_the_line_once():
    others = "MAILTO=desk\n5 4 * * * /usr/bin/true  # mine\n"

    once = with_line(others, Path("/srv/desk"))
    twice = with_line(once, Path("/srv/desk"))

    assert once == twice
    assert once.startswith(others)
    assert once.count("schedule run --due") == 1
    assert with_line(once, Path("/srv/other")).count("schedule run --due") == 2


def test_the_crontab_of_the_account_is_read_and_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Through a program that stands for crontab(1): it keeps its table in a file, and has none at first."""
    table = tmp_path / "table"
    program = tmp_path / "bin" / "crontab"
    program.parent.mkdir()
    program.write_text(
        f"""#!/bin/sh
if [ "$1" = -l ]; then
    [ -f '{table}' ] || {{ echo "no crontab for desk" >&2; exit 1; }}
    cat '{table}'
else
    cat > '{table}'
fi
""",
        encoding="utf-8",
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")

    write_crontab(Path("/srv/desk"))
    write_crontab(Path("/srv/desk"))

    assert table.read_text(encoding="utf-8").splitlines() == [crontab_line(Path("/srv/desk"))]


def test_without_crontab_one_is_told_to_print_the_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(NoCrontab, match="there is no such program here: print the line with --cron"):
        write_crontab(Path("/srv/desk"))


def test_a_path_with_a_line_break_is_written_nowhere():
    for refuse in (units, crontab_line):
        with pytest.raises(BadPath):
            refuse(Path("/srv/a\nb"))
