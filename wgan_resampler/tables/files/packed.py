"""Opening data files, packed ones included, with a limit on the unpacked size."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from wgan_resampler.exceptions import DataFileError
from wgan_resampler.utils.storage import (
    DAMAGE,
    MARK_LENGTH,
    SeveralFilesError,
    packing_of_content,
    packing_of_name,
)

MAX_UNPACKED_RATIO = 100
"""How many bytes one byte of a packed file may unpack to. Numbers as text reach about 5, hostile files over 1000."""

MIN_UNPACKED_ALLOWANCE = 4 * 2**20
"""Bytes that any packed file may unpack to, however small it is."""


@contextlib.contextmanager
def open_data(path: str | os.PathLike[str]) -> Iterator[io.BufferedReader]:
    """Open a file for reading, unpacked if its name ends in ``.gz``, ``.bz2``, ``.xz``, ``.zst`` or ``.zip``.

    Parameters
    ----------
    path : str or os.PathLike
        The file. A zip archive must hold exactly one file.

    Yields
    ------
    io.BufferedReader
        Reading from it raises DataFileError if the packed file is damaged or unpacks to over 100 times its size.

    Raises
    ------
    DataFileError
        If the content of the file is packed in another way than its name says, or a zip archive holds several files.
    MissingDependencyError
        If the file ends in ``.zst`` and pyarrow is not installed. Python 3.14 does not need pyarrow for this.
    OSError
        If the file does not exist or cannot be read.
    """
    path = Path(path)
    with path.open("rb") as file:
        named, found = packing_of_name(path), packing_of_content(file.peek(MARK_LENGTH)[:MARK_LENGTH])
        if found is not None and found is not named:
            raise DataFileError(
                f"{path} is packed with {found.name}, but its name does not end in {found.suffix}. Rename it."
            )
        if named is None:
            yield file
            return
        if found is None and file.peek(1):
            raise DataFileError(
                f"{path} is not a complete {named.name} file: it begins differently. If it is not packed, remove "
                f"{named.suffix} from its name."
            )
        allowance = max(MIN_UNPACKED_ALLOWANCE, MAX_UNPACKED_RATIO * os.fstat(file.fileno()).st_size)
        with _damage_named(path, named.name):
            unpacked = named.open_to_read(file)
        with unpacked:
            # pandas and ijson read from any object with `read`. The buffer makes small reads cheap.
            yield io.BufferedReader(_BoundedReader(unpacked, path, named.name, allowance), buffer_size=2**16)


@contextlib.contextmanager
def _damage_named(path: Path, packing: str) -> Iterator[None]:
    """Turn what a damaged packed file raises into an error that names the file."""
    try:
        yield
    except SeveralFilesError as error:
        raise DataFileError(f"{path} {error}. It must hold exactly one. Unpack it and give that file.") from error
    except DAMAGE as error:
        raise DataFileError(f"{path} is not a complete {packing} file: {one_line(error)}.") from error


class _BoundedReader(io.RawIOBase):
    """Reads the unpacked content of `file`, up to `allowance` bytes."""

    def __init__(self, file: Any, path: Path, packing: str, allowance: int) -> None:
        self._file = file
        self._path = path
        self._packing = packing
        self._allowance = allowance
        self._n_read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        with _damage_named(self._path, self._packing):
            n_bytes: int = self._file.readinto(buffer)
        self._n_read += n_bytes
        if self._n_read > self._allowance:
            raise DataFileError(
                f"{self._path} unpacks to over {self._allowance} bytes. That is more than {MAX_UNPACKED_RATIO} times "
                "its size, which files of numbers do not reach. If you trust it, unpack it and pass the unpacked file."
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
