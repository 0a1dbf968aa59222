"""Jobs as `tracker.toml` names them, and what is refused with the field and the way out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tracker.schedule.jobs import UnknownJob, job_named, read_jobs
from tracker.workspace import BadSettings, init_workspace, load_workspace


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    return init_workspace(tmp_path / "desk").root


def jobs_of(desk: Path, settings: str):
    (desk / "tracker.toml").write_text(settings, encoding="utf-8")
    return read_jobs(load_workspace(desk))


def test_a_job_is_read_with_all_that_it_may_say(desk: Path):
    jobs = jobs_of(
        desk,
        """
        [lenses]
        documents = "attribution = 'document'"

        [jobs.morning]
        cron = "30 6 * * mon-fri"
        zone = "Asia/Shanghai"
        projections = ["exclusivity_terms"]
        on_change = "./tell desk 'two words'"
        on_failure = ["mail", "-s", "tracker"]

        [jobs.strict]
        cron = "0 7 1 * *"
        scope = { lens = "documents", as_of = 2025-05-05 }
        output = "exports/strict"
        """,
    )

    assert list(jobs) == ["morning", "strict"]
    assert jobs["morning"].zone == "Asia/Shanghai"
    assert jobs["morning"].projections == ("exclusivity_terms",)
    assert jobs["morning"].on_change == ("./tell", "desk", "two words")
    assert jobs["morning"].on_failure == ("mail", "-s", "tracker")
    assert jobs["strict"].zone == "UTC"
    assert jobs["strict"].scope == (("as_of", "2025-05-05"), ("lens", "documents"))


def test_a_new_workspace_has_no_jobs_and_shows_how_to_write_one(desk: Path):
    workspace = load_workspace(desk)

    assert read_jobs(workspace) == {}
    assert "[jobs.morning]" in (desk / "tracker.toml").read_text(encoding="utf-8")
    with pytest.raises(UnknownJob, match=r"unknown job 'evening': name one in tracker.toml:"):
        job_named(workspace, "evening")


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("[jobs.a]\nzone = 'UTC'", "[jobs.a] has no cron: write one such as"),
        ("[jobs.a]\ncron = '61 * * * *'", "cron '61 * * * *': Bad minute"),
        ("[jobs.a]\ncron = '0 6 * *'", "has not five fields"),
        ("[jobs.a]\ncron = '0 6 * * * *'", "has not five fields"),
        ("[jobs.a]\ncron = '0 0 31 2 *'", "cron '0 0 31 2 *'"),
        ("[jobs.a]\ncron = 6", "cron is a text in quotes, not 6"),
        ("[jobs.a]\ncron = '0 6 * * *'\nzone = 'Europe/Berlim'", "zone 'Europe/Berlim' is unknown: name one such as"),
        ("[jobs.a]\ncron = '0 6 * * *'\nzone = '../etc/passwd'", "zone '../etc/passwd' is unknown"),
        ("[jobs.a]\ncron = '0 6 * * *'\nzones = 'UTC'", "unknown setting 'zones': did you mean 'zone'"),
        (
            "[jobs.a]\ncron = '0 6 * * *'\nscope = {lense = 'x'}\noutput = 'x'",
            "scope: unknown setting 'lense': did you mean 'lens'",
        ),
        (
            "[jobs.a]\ncron = '0 6 * * *'\nscope = {as_of = '2025-02-31'}\noutput = 'x'",
            "[jobs.a] scope: --as-of: ",
        ),
        ("[jobs.a]\ncron = '0 6 * * *'\nscope = {lens = 'x'}", "has a scope and no output"),
        ("[jobs.a]\ncron = '0 6 * * *'\noutput = 'x'", "has an output and no scope"),
        (
            "[jobs.a]\ncron = '0 6 * * *'\nscope = {as_of = '2025'}\noutput = '.tracker/generations/1.duckdb'",
            "[jobs.a] output: .tracker/generations/1.duckdb is where a workspace keeps its log: name another",
        ),
        (
            "[jobs.a]\ncron = '0 6 * * *'\nscope = {as_of = '2025'}\noutput = 'tracker.toml'",
            "[jobs.a] output: tracker.toml is what the settings of a workspace are called: name another place",
        ),
        ("[jobs.a]\ncron = '0 6 * * *'\nprojections = 'some'", 'projections is "all" or a list of names'),
        (
            "[jobs.a]\ncron = '0 6 * * *'\nprojections = ['disputes', 'exclusivity_term']",
            "[jobs.a] projections: unknown projection 'exclusivity_term': did you mean 'exclusivity_terms'?",
        ),
        ("[jobs.a]\ncron = '0 6 * * *'\non_change = \"say 'x\"", "on_change: No closing quotation"),
        ("[jobs.a]\ncron = '0 6 * * *'\non_change = [1]", "on_change is a command"),
        ("[jobs.'A b']\ncron = '0 6 * * *'", "a job's name has small letters"),
        ("[jobs]\na = 1", "[jobs.a] is a table"),
        ("jobs = 1", "[jobs] holds tables"),
    ],
)
def test_a_job_that_cannot_be_used_is_refused_with_the_field_and_the_way_out(desk: Path, said: str, problem: str):
    with pytest.raises(BadSettings) as refused:
        jobs_of(desk, said)

    assert str(refused.value).startswith(str(desk / "tracker.toml"))
    assert problem in str(refused.value)


def test_an_unknown_job_names_the_nearest(desk: Path):
    jobs_of(desk, "[jobs.morning]\ncron = '0 6 * * *'")

    with pytest.raises(UnknownJob, match=r"unknown job 'mornin': did you mean 'morning'\?"):
        job_named(load_workspace(desk), "mornin")
