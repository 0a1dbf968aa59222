"""Questions that are asked at the same time, each of a reader of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


def ask_beside(
    readers: Sequence[Asked], questions: Sequence[Callable[[Asked], Answer]], stop: Callable[[Asked], None]
) -> list[Answer]:
    """Return the answers in the order of the questions; each is asked of a reader that has nothing else to do.

    Raises what the first question that fails raises. Then, and at Ctrl-C, the others are stopped by `stop`.
    """
    # Most answers ask nothing beside, and it brings the library of logging with it.
    from concurrent.futures import ThreadPoolExecutor

    free: SimpleQueue[Asked] = SimpleQueue()
    for each in readers:
        free.put(each)

    def answer(question: Callable[[Asked], Answer]) -> Answer:
        reader = free.get()
        try:
            return question(reader)
        finally:
            free.put(reader)

    with ThreadPoolExecutor(len(readers)) as pool:
        answers: list[Future[Answer]] = []
        try:
            answers += (pool.submit(answer, question) for question in questions)
            return [future.result() for future in answers]
        except BaseException:
            # The threads are waited for, so they had better stop.
            for future in answers:
                future.cancel()
            for each in readers:
                stop(each)
            raise
