"""Output that never stops a command: not if a stream is closed, a disk is full, or an encoding lacks a character.

A command does its work and returns its exit code even if nobody can read its output.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import TYPE_CHECKING, Any, TextIO, cast

if TYPE_CHECKING:
    from collections.abc import Iterator


class _LenientStream:
    """A text stream that drops all output after a failed write, and escapes characters that its encoding lacks."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write the text, or drop it."""
        with self._dropping_the_rest():
            try:
                self._stream.write(text)
            except UnicodeEncodeError as error:
                self._stream.write(text.encode(error.encoding, "backslashreplace").decode(error.encoding))
        return len(text)

    def flush(self) -> None:
        """Write what is buffered, or drop it."""
        with self._dropping_the_rest():
            self._stream.flush()

    @contextlib.contextmanager
    def _dropping_the_rest(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            # From now on, all output is dropped, including what is buffered. Otherwise Python would try to write the
            # buffer to the broken stream when the process ends, and change the exit code to 120.
            with contextlib.suppress(OSError, io.UnsupportedOperation):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, self._stream.fileno())
                os.close(nowhere)
                self._stream.flush()


@contextlib.contextmanager
def lenient_streams() -> Iterator[None]:
    """Let stdout and stderr drop what cannot be written, and flush them at the end."""
    with contextlib.ExitStack() as stack:
        if None in (sys.stdin, sys.stdout, sys.stderr):
            _fill_standard_descriptors()
        for name in ("stdout", "stderr"):
            # Python has None in place of a stream that was closed when the process began.
            stream = getattr(sys, name) or stack.enter_context(open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123
            lenient = cast(TextIO, _LenientStream(stream))
            redirect = {"stdout": contextlib.redirect_stdout, "stderr": contextlib.redirect_stderr}[name]
            stack.enter_context(redirect(lenient))
            stack.callback(lenient.flush)
        yield


def _fill_standard_descriptors() -> None:
    """Open each closed descriptor of 0, 1 and 2, so that no file of ours gets the number of a standard stream."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
