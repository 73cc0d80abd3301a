"""One thread for each worker, and how much memory a piece of work takes."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator

from joblib import parallel_config
from threadpoolctl import threadpool_limits

from wgan_resampler.extras import COMPARE, require

_INTERVAL = 0.01
"""Seconds between two looks at the memory of the process."""


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Keep numerical libraries, torch and nested joblib calls to one thread.

    As many workers as there are cores would otherwise each start as many threads as there are cores.
    """
    torch = sys.modules.get("torch")
    before = torch.get_num_threads() if torch is not None else None
    with threadpool_limits(1), parallel_config(backend="sequential", n_jobs=1):
        if torch is not None:
            torch.set_num_threads(1)
        try:
            yield
        finally:
            if torch is not None:
                torch.set_num_threads(before)


class Meter:
    """Seconds, and the highest resident memory above that at the start, of the work inside a ``with`` block.

    Memory is looked at every few milliseconds, and what the process had at hand already is not counted: the figure is
    a lower bound.

    Examples
    --------
    >>> from wgan_resampler.comparison.runtime import Meter
    >>> with Meter() as meter:
    ...     rows = [0.0] * 10
    >>> meter.seconds < 10, meter.peak_mb >= 0
    (True, True)
    """

    seconds = 0.0
    peak_mb = 0.0

    def __enter__(self) -> Meter:
        self._process = require("psutil", "Measuring memory", COMPARE).Process()
        self._before = self._peak = self._process.memory_info().rss
        self._done = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()
        self._start = time.perf_counter()
        return self

    def __exit__(self, *exception: object) -> None:
        self.seconds = time.perf_counter() - self._start
        self._done.set()
        self._watcher.join()
        self._look()
        self.peak_mb = (self._peak - self._before) / 2**20

    def _watch(self) -> None:
        while not self._done.wait(_INTERVAL):
            self._look()

    def _look(self) -> None:
        self._peak = max(self._peak, self._process.memory_info().rss)
