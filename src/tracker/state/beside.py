"""What is done at the same time: questions, each of a reader of its own, and tables, each after those that it reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from graphlib import TopologicalSorter
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


def begin(ask: Callable[[], Answer]) -> Callable[[], Answer]:
    """Begin to ask, and return how to get the answer, which waits for it and raises what asking raises."""
    # A future would bring the library of logging with it.
    found: list[Answer] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            found.append(ask())
        except BaseException as error:
            failed.append(error)

    thread = Thread(target=run)
    thread.start()

    def answer() -> Answer:
        thread.join()
        if failed:
            raise failed[0]
        return found[0]

    return answer


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


def make_beside(
    workers: Sequence[Asked],
    needs: Mapping[str, set[str]],
    make: Callable[[Asked, str], object],
    stop: Callable[[Asked], None],
    *,
    cost: Callable[[str], int] = lambda _: 1,
    alone: Callable[[str], bool] = lambda _: False,
    begun: Callable[[str], None] = lambda _: None,
    made: Callable[[str], None] = lambda _: None,
) -> None:
    """Make what is named, each when all that it needs is made, by a worker that has nothing else to do.

    Of what can be made, that goes first with which the costliest chain begins, for the end waits for that, too. What
    is made `alone` waits until nothing else is being made, and all else waits for it.
    `begun` and `made` are told each name before and after, by the caller's thread. Where one fails, what is being made
    is waited for, and what the first one raised is raised. At Ctrl-C the workers are stopped by `stop`.
    """
    from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

    order = TopologicalSorter(needs)
    order.prepare()
    chains = _chains(needs, cost)
    free = list(workers)
    with ThreadPoolExecutor(len(workers)) as pool:
        running: dict[Future[object], tuple[str, Asked]] = {}
        ready: list[str] = []
        failed: BaseException | None = None
        try:
            while running or (order.is_active() and failed is None):
                ready = sorted([*ready, *order.get_ready()], key=chains.__getitem__, reverse=True)
                while ready and free and failed is None:
                    if running and (alone(ready[0]) or any(alone(name) for name, _ in running.values())):
                        break
                    name, worker = ready.pop(0), free.pop()
                    begun(name)
                    running[pool.submit(make, worker, name)] = name, worker
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    name, worker = running.pop(future)
                    free.append(worker)
                    if error := future.exception():
                        failed = failed or error
                    else:
                        made(name)
                        order.done(name)
        except BaseException:
            for each in workers:
                stop(each)
            raise
    if failed is not None:
        raise failed


def _chains(needs: Mapping[str, set[str]], cost: Callable[[str], int]) -> dict[str, int]:
    """Return what the costliest chain costs that begins with each name, of which each waits for the one before."""
    after = dict.fromkeys(needs, 0)
    chains: dict[str, int] = {}
    for name in reversed([*TopologicalSorter(needs).static_order()]):
        chains[name] = after[name] + cost(name)
        for needed in needs[name]:
            after[needed] = max(after[needed], chains[name])
    return chains
