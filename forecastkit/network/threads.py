"""Threads of the NumPy runtime: one per chunk of series, and a single BLAS thread in each.

A network multiplies many small matrices in sequence. If BLAS splits each product among its own
threads, these mostly wait for each other: 5 to 100 times the processor time.
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
_CREATION = Lock()

Item = TypeVar("Item")
Result = TypeVar("Result")


class _BlasLimit:
    """Process-wide limit of BLAS threads, restored by the call that set it.

    Some builds of OpenBLAS only obey the thread that first set their number of threads, so the
    limit never passes from one call to another. An overlapping call shares it while it lasts.
    """

    def __init__(self) -> None:
        self._lock, self._is_set = Lock(), False
        self._controller = ThreadpoolController()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the limit, unless another call already does."""
        with self._lock:
            is_owner, self._is_set = not self._is_set, True
        if not is_owner:
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
    """Limit BLAS to one thread inside the block, and restore the caller's setting after it.

    Examples
    --------
    >>> import numpy as np
    >>> with single_blas_thread():
    ...     float(np.ones((2, 3)) @ np.ones(3) @ np.ones(2))
    6.0
    """
    with _CREATION:  # `cache` alone may create two limits if two threads call it at once
        limit = _blas_limit()
    with limit.held():
        yield


def n_threads() -> int:
    """Number of processors available to this process, at most `MAX_THREADS`."""
    affinity = getattr(os, "sched_getaffinity", None)
    count = len(affinity(0)) if affinity else os.cpu_count() or 1
    return min(MAX_THREADS, count)


def map_chunks(work: Callable[[Item], Result], chunks: Iterable[Item]) -> list[Result]:
    """Apply a function to chunks in parallel, each with one BLAS thread; results in order.

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
