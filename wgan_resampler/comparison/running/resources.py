"""Limit a worker to one thread, and measure the time and memory of a fit."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator

from joblib import cpu_count, parallel_config
from threadpoolctl import threadpool_limits

from wgan_resampler.utils import COMPARE, require

_INTERVAL = 0.01
"""Seconds between two measurements of the memory."""

_THREADS = "OMP_NUM_THREADS"
"""Sets the number of threads of libraries that are loaded later, when a sampler is fitted."""


class _ProcessLimits:
    """Thread limits of the whole process. The first thread that enters sets them, the last one that leaves resets them.

    If each thread saved and restored the limits by itself, a thread that entered later would save the limit of 1, and
    restore that in the end.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._undo = contextlib.ExitStack()

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                torch, before = sys.modules.get("torch"), os.environ.get(_THREADS)
                threads = cpu_count(only_physical_cores=True) if torch is None else torch.get_num_threads()
                self._undo.callback(_set_torch_threads, threads)
                self._undo.enter_context(threadpool_limits(1, user_api="blas"))
                os.environ[_THREADS] = "1"
                if before is None:
                    self._undo.callback(os.environ.pop, _THREADS)
                else:
                    self._undo.callback(os.environ.update, {_THREADS: before})
            self._inside += 1

    def __exit__(self, *exception: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._undo.close()


_LIMITS = _ProcessLimits()


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Limit numerical libraries, torch and nested joblib calls to one thread.

    Otherwise each worker would start one thread for each core, and there is already one worker for each core.
    """
    with _LIMITS, threadpool_limits(1, user_api="openmp"), parallel_config(backend="sequential", n_jobs=1):
        # torch keeps this setting partly for the process and partly for each thread.
        _set_torch_threads(1)
        yield


def _set_torch_threads(number: int) -> None:
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(number)


class Meter:
    """Measures the time and the peak memory of a ``with`` block.

    The memory is the highest resident memory above the one at the start. It is a lower bound: it is measured every few
    milliseconds, and free memory that the process held before is not counted.

    Attributes
    ----------
    seconds : float
        Time.
    peak_mb : float
        Memory in MiB.

    Examples
    --------
    >>> from wgan_resampler.comparison.running.resources import Meter
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
        self.peak_mb = (self._peak - self._before) / 2**20

    def _watch(self) -> None:
        done = False
        while not done:
            done = self._done.wait(_INTERVAL)
            self._peak = max(self._peak, self._process.memory_info().rss)
