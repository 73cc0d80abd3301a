"""Opening data files, gzip files included, with a limit on the unpacked size."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from wgan_resampler.exceptions import DataFileError

MAX_GZIP_RATIO = 100
"""How many bytes one byte of a gzip file may unpack to. Numbers as text reach about 5; only gzip bombs reach 1000."""

MIN_GZIP_ALLOWANCE = 4 * 2**20
"""Bytes that any gzip file may unpack to, however small it is."""


@contextlib.contextmanager
def open_data(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a file for reading, unpacked if its name ends in ``.gz``.

    Parameters
    ----------
    path : str or os.PathLike
        The file.

    Yields
    ------
    BinaryIO
        Reading from it raises DataFileError if the gzip file is damaged or unpacks to over 100 times its size.

    Raises
    ------
    DataFileError
        If the file is a gzip file whose name does not end in ``.gz``.
    OSError
        If the file does not exist or cannot be read.
    """
    path = Path(path)
    with path.open("rb") as file:
        if path.suffix.lower() != ".gz":
            if file.peek(2)[:2] == b"\x1f\x8b":
                raise DataFileError(f"{path} is a gzip file, but its name does not end in .gz. Rename it.")
            yield file
            return
        allowance = max(MIN_GZIP_ALLOWANCE, MAX_GZIP_RATIO * path.stat().st_size)
        with gzip.GzipFile(fileobj=file) as unpacked:
            # pandas and ijson read from any object with `read`. The buffer makes small reads cheap.
            yield io.BufferedReader(_BoundedReader(unpacked, path, allowance), buffer_size=2**16)


class _BoundedReader(io.RawIOBase):
    """Reads the unpacked content of `file`, up to `allowance` bytes."""

    def __init__(self, file: gzip.GzipFile, path: Path, allowance: int) -> None:
        self._file = file
        self._path = path
        self._allowance = allowance
        self._n_read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        try:
            n_bytes = self._file.readinto(buffer)
        except (OSError, EOFError, zlib.error) as error:
            raise DataFileError(f"{self._path} is not a complete gzip file: {one_line(error)}.") from error
        self._n_read += n_bytes
        if self._n_read > self._allowance:
            raise DataFileError(
                f"{self._path} unpacks to over {self._allowance} bytes. That is more than {MAX_GZIP_RATIO} times its "
                "size, which files of numbers do not reach. If you trust it, unpack it and pass the unpacked file."
            )
        return n_bytes


def one_line(error: BaseException, limit: int = 200) -> str:
    """Return the message of an error as one short line without a final full stop.

    Parsers quote the bytes that they could not read. Such bytes may be control codes for a terminal, so they are
    replaced.
    """
    text = " ".join(str(error).split()) or type(error).__name__
    text = "".join(char if char.isprintable() else "?" for char in text)
    text = text if len(text) <= limit else text[: limit - 3] + "..."
    return text.removesuffix(".")
