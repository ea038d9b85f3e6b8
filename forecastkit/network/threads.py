"""Threads of the NumPy runtime: one for each chunk of series, none inside a matrix product.

A network multiplies many small matrices one after another. A BLAS library that spreads each of them
over its own threads makes them wait for each other: 5 to 100 times the processor time.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import TypeVar

from threadpoolctl import ThreadpoolController

MAX_THREADS = 4
_FIRST = Lock()

Item = TypeVar("Item")
Result = TypeVar("Result")


class _BlasLimit:
    """The process's one limit on BLAS threads; the call that sets it restores it.

    Some builds of OpenBLAS listen to the thread that set their number first, and to no other; so
    the limit is never handed from call to call. One that overlaps uses it as long as it holds.
    """

    def __init__(self) -> None:
        self._lock, self._is_set = Lock(), False
        self._controller = ThreadpoolController()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the limit, unless another call does."""
        with self._lock:
            mine, self._is_set = not self._is_set, True
        if not mine:
            yield
            return
        try:
            with self._controller.limit(limits=1, user_api="blas"):
                yield
        finally:
            self._is_set = False


@cache
def _blas_limit() -> _BlasLimit:
    return _BlasLimit()


@contextmanager
def single_blas_thread() -> Iterator[None]:
    """Keep BLAS at one thread inside the block, and restore the caller's setting after it.

    Examples
    --------
    >>> import numpy as np
    >>> with single_blas_thread():
    ...     float(np.ones((2, 3)) @ np.ones(3) @ np.ones(2))
    6.0
    """
    with _FIRST:  # a cache alone may make two where two threads come first
        limit = _blas_limit()
    with limit.held():
        yield


def n_threads() -> int:
    """Processors that this process may use, at most `MAX_THREADS`."""
    allowed = getattr(os, "sched_getaffinity", None)
    count = len(allowed(0)) if allowed else os.cpu_count() or 1
    return min(MAX_THREADS, count)


def map_chunks(work: Callable[[Item], Result], chunks: Iterable[Item]) -> list[Result]:
    """Run a function on chunks side by side, each with one BLAS thread; results in their order.

    Examples
    --------
    >>> map_chunks(lambda n: n * n, [1, 2, 3])
    [1, 4, 9]
    """
    chunks = list(chunks)
    workers = min(n_threads(), len(chunks))
    with single_blas_thread():
        if workers <= 1:
            return [work(chunk) for chunk in chunks]
        with ThreadPoolExecutor(workers) as pool:
            return list(pool.map(work, chunks))
