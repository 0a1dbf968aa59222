"""What is made at the same time is made after what it needs, and a failure loses nothing of what was made."""

from __future__ import annotations

import time
from threading import Barrier, Event

import pytest

from tracker.state.beside import make_beside

DIAMOND = {"roof": {"left", "right"}, "left": {"ground"}, "right": {"ground"}, "ground": set[str]()}


def test_each_is_made_after_what_it_needs_and_two_at_a_time() -> None:
    together = Barrier(2, timeout=20)
    begun: list[str] = []
    made: list[str] = []

    def make(worker: str, name: str) -> None:
        assert DIAMOND[name] <= set(made)
        if name in ("left", "right"):
            together.wait()

    make_beside(["one", "two"], DIAMOND, make, lambda _: None, begun=begun.append, made=made.append)

    assert begun[0] == made[0] == "ground" and begun[-1] == made[-1] == "roof"
    assert sorted(begun) == sorted(made) == sorted(DIAMOND)


@pytest.mark.parametrize("heavy", ["left", "right"])
def test_what_is_made_alone_has_nothing_made_beside_it(heavy: str) -> None:
    needs = DIAMOND | {"cellar": set(), "shed": set()}
    at_work: list[str] = []
    beside: dict[str, list[str]] = {}

    def make(worker: str, name: str) -> None:
        at_work.append(name)
        time.sleep(0.02)
        beside[name] = [other for other in at_work if other != name]
        at_work.remove(name)

    make_beside(["one", "two"], needs, make, lambda _: None, alone=lambda name: name == heavy)

    assert beside.keys() == needs.keys()
    assert beside[heavy] == []
    assert not any(heavy in others for others in beside.values())
    assert any(beside.values())


def test_where_one_fails_the_other_is_waited_for_and_nothing_more_is_begun() -> None:
    has_failed = Event()
    made: list[str] = []

    def make(worker: str, name: str) -> None:
        if name == "left":
            has_failed.set()
            raise ValueError("left")
        if name == "right":
            assert has_failed.wait(timeout=20)

    with pytest.raises(ValueError, match="left"):
        make_beside(["one", "two"], DIAMOND, make, lambda _: None, made=made.append)

    assert made == ["ground", "right"]


def test_at_ctrl_c_the_workers_are_stopped() -> None:
    is_stopped = Event()

    def interrupted(name: str) -> None:
        if name == "right":
            raise KeyboardInterrupt

    def make(worker: str, name: str) -> None:
        if name == "left":
            assert is_stopped.wait(timeout=20)

    with pytest.raises(KeyboardInterrupt):
        make_beside(["one", "two"], DIAMOND, make, lambda _: is_stopped.set(), begun=interrupted)
