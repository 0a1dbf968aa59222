"""Ctrl-C ends a command with 130, also where a library in C loses Python's exception."""

from __future__ import annotations

import signal
from contextlib import suppress

import pytest

from tracker.cli.failures import exit_code_of
from tracker.cli.interrupts import raise_if_lost
from tracker.errors import ExitCode


def press_ctrl_c() -> None:
    with suppress(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_an_interrupt_that_a_library_makes_another_error_of_is_no_bug(capsys: pytest.CaptureFixture[str]) -> None:
    def action() -> None:
        press_ctrl_c()
        raise RuntimeError("error building a schema")

    assert exit_code_of(action) == ExitCode.INTERRUPTED
    assert capsys.readouterr().err == "\ninterrupted\n"


def test_an_interrupt_that_a_library_drops_is_felt_at_the_next_question() -> None:
    def action() -> None:
        press_ctrl_c()
        raise_if_lost()

    assert exit_code_of(action) == ExitCode.INTERRUPTED


def test_a_command_that_ends_before_the_interrupt_is_felt_has_done_its_work() -> None:
    assert exit_code_of(press_ctrl_c) == ExitCode.DONE


def test_an_interrupt_of_one_command_is_none_of_the_next() -> None:
    exit_code_of(press_ctrl_c)

    assert exit_code_of(raise_if_lost) == ExitCode.DONE
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_process_that_ignores_the_signal_goes_on_doing_so() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert exit_code_of(press_ctrl_c) == ExitCode.DONE
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
