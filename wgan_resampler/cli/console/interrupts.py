"""Ctrl-C and SIGTERM: each ends a command by one exception, at a moment when code can clean up."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

INTERRUPTED: Final = 130
TERMINATED: Final = 143
"""Exit codes."""

_LOOK_AGAIN: Final = 0.01
"""Seconds between two checks whether an import has ended."""

_SAME_STOP: Final = 1.0
"""Signals within this many seconds count as one. A terminal and a wrapper may both send one for the same Ctrl-C."""

_IMPORT_SYSTEM: Final = "<frozen importlib._bootstrap"
"""How the file names of Python's import system begin."""


class Terminated(KeyboardInterrupt):
    """Raised when SIGTERM arrives. Code that cleans up after Ctrl-C also cleans up after this exception."""


def say_stopped(stop: KeyboardInterrupt) -> int:
    """Print one line that says what stopped the command, and return the exit code."""
    name, code = ("SIGTERM", TERMINATED) if isinstance(stop, Terminated) else ("Ctrl-C", INTERRUPTED)
    print(f"wgan-resampler: stopped by {name}", file=sys.stderr, flush=True)
    return code


class Stops:
    """Raises an exception for a signal, but not while a module is being imported.

    An exception in the middle of an import makes packages such as torch fail with other errors, or with endless
    recursion. If the command has not begun its work, the process ends at once, because there is nothing to clean up.
    Otherwise the exception waits until the import is done.

    Parameters
    ----------
    main : str
        Name of the package of the commands. Code that imports this package is not checked.
    owns_process : bool
        Whether the command may end the process.
    """

    def __init__(self, main: str, *, owns_process: bool) -> None:
        self._main = main
        self._owns_process = owns_process
        self._waiting: KeyboardInterrupt | None = None
        self._raised_at = -float("inf")

    def on_stop(self, number: int, frame: FrameType | None) -> None:
        """Handle SIGINT or SIGTERM."""
        self._waiting = Terminated() if number == signal.SIGTERM else KeyboardInterrupt()
        self.on_timer(number, frame)

    def on_timer(self, _number: int, frame: FrameType | None) -> None:
        """Raise the waiting exception, end the process, or check again soon."""
        is_importing, has_begun = self._state(frame)
        if is_importing and self._waiting and self._owns_process and not has_begun:
            code = say_stopped(self._waiting)
            sys.stdout.flush()
            os._exit(code)
        # Windows has no such timer. There, the exception is raised at once.
        if is_importing and hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, _LOOK_AGAIN)
        else:
            self.raise_waiting()

    def raise_waiting(self) -> None:
        """Raise the exception of a signal that has arrived, if there is one."""
        stop, self._waiting = self._waiting, None
        if stop is not None and time.monotonic() - self._raised_at > _SAME_STOP:
            self._raised_at = time.monotonic()
            raise stop

    def _state(self, frame: FrameType | None) -> tuple[bool, bool]:
        """Whether a module is being imported, and whether a function that the command has called is running."""
        is_importing = has_begun = False
        package = self._main.partition(".")[0]
        while frame is not None and (name := frame.f_globals.get("__name__", "")) != self._main:
            is_importing |= frame.f_code.co_filename.startswith(_IMPORT_SYSTEM)
            is_command = name.startswith(f"{self._main}.")
            has_begun |= name.startswith(f"{package}.") and not is_command and frame.f_code.co_name != "<module>"
            frame = frame.f_back
        return is_importing, has_begun


@contextlib.contextmanager
def signals_raise(main: str, *, owns_process: bool) -> Iterator[Stops]:
    """Turn SIGINT into KeyboardInterrupt and SIGTERM into `Terminated`, but not during an import.

    A signal that the parent of the process ignores stays ignored, as with ``nohup``. Only the main thread gets signals.
    In other threads, nothing changes. `Stops` has the same parameters.
    """
    stops = Stops(main, owns_process=owns_process)
    handlers: dict[int, Callable[[int, FrameType | None], None]] = {
        signal.SIGINT: stops.on_stop,
        signal.SIGTERM: stops.on_stop,
    }
    if hasattr(signal, "SIGALRM"):
        handlers[signal.SIGALRM] = stops.on_timer
    before = {}
    try:
        for number, handler in handlers.items():
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, handler)
    except ValueError:  # not the main thread
        yield stops
        return
    try:
        yield stops
    finally:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)
        for number, old in before.items():
            signal.signal(number, old)
