"""Opening files of data, packed ones too, with a limit to what they may unpack to."""

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
"""How many bytes a byte of a gzip file may unpack to. Numbers as text reach about 5; only bombs reach 1000."""

MIN_GZIP_ALLOWANCE = 4 * 2**20
"""What any gzip file may unpack to, however small it is."""


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
        Reads of it raise DataFileError where the packed file is damaged or unpacks to over 100 times its size.

    Raises
    ------
    OSError
        If there is no such file or it cannot be read.
    """
    path = Path(path)
    with path.open("rb") as file:
        if path.suffix.lower() != ".gz":
            if file.peek(2)[:2] == b"\x1f\x8b":
                raise DataFileError(f"{path} is packed with gzip, but its name does not say so; let it end in .gz.")
            yield file
            return
        allowance = max(MIN_GZIP_ALLOWANCE, MAX_GZIP_RATIO * path.stat().st_size)
        with gzip.GzipFile(fileobj=file) as unpacked:
            # pandas and ijson read from anything with `read`; the buffer keeps small reads cheap.
            yield io.BufferedReader(_BoundedReader(unpacked, path, allowance), buffer_size=2**16)


class _BoundedReader(io.RawIOBase):
    """Passes on what `file` unpacks to, up to a limit."""

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
            raise DataFileError(f"{self._path} is no whole gzip file: {one_line(error)}.") from error
        self._n_read += n_bytes
        if self._n_read > self._allowance:
            raise DataFileError(
                f"{self._path} unpacks to over {self._allowance} bytes, {MAX_GZIP_RATIO} times its size or more, which "
                "files of numbers do not. If you trust it, unpack it and give the unpacked file."
            )
        return n_bytes


def one_line(error: BaseException, limit: int = 200) -> str:
    """Return the message of an error on one line, shortened, without a final full stop.

    Parsers quote what they could not read, which may be bytes that a terminal would take for commands.
    """
    text = " ".join(str(error).split()) or type(error).__name__
    text = "".join(char if char.isprintable() else "?" for char in text)
    text = text if len(text) <= limit else text[: limit - 3] + "..."
    return text.removesuffix(".")
