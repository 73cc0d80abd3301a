"""The ways in which data files may be packed. This list is the only place that names them.

To add one, add an entry to `PACKINGS`. Readers of tables and of JSON build their lists of suffixes from
`PACKED_SUFFIXES`.
"""

from __future__ import annotations

import bz2
import contextlib
import gzip
import importlib
import io
import lzma
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from wgan_resampler.utils.optional_dependencies import FILES, require

MAX_XZ_MEMORY = 2**27
"""Bytes that unpacking an xz file may take, beside what is unpacked. The strongest setting, ``xz -9``, needs half."""

try:
    _zstd: Any = importlib.import_module("compression.zstd")  # from Python 3.14 on
except ImportError:
    _zstd = None

DAMAGE: tuple[type[Exception], ...] = (
    *(OSError, EOFError, ValueError, RuntimeError, LookupError),
    *(zlib.error, lzma.LZMAError, zipfile.BadZipFile, struct.error),
    *([] if _zstd is None else [_zstd.ZstdError]),
)
"""What the readers raise for a damaged or incomplete file. pyarrow raises OSError or ValueError."""

_ZIP_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)
_CHUNK = 2**16


@dataclass(frozen=True)
class Packing:
    """One way to pack a file.

    Parameters
    ----------
    suffix : str
        What the name of a packed file ends in.
    name : str
        Name of the packing in messages.
    marks : tuple of bytes
        What a packed file begins with.
    open_to_read : callable
        Takes the open packed file. Returns a file of the unpacked content, or raises one of `DAMAGE`.
    open_to_write : callable
        Takes the open file and the name of the packed file. Returns a context with a file that packs what is written.
        Equal content gives equal bytes, because no time is stored.
    """

    suffix: str
    name: str
    marks: tuple[bytes, ...]
    open_to_read: Callable[[BinaryIO], Any]
    open_to_write: Callable[[BinaryIO, str], AbstractContextManager[Any]]


def packing_of_name(path: str | os.PathLike[str]) -> Packing | None:
    """Return the packing that the name of a file ends in, or None.

    Examples
    --------
    >>> from wgan_resampler.utils.storage.packings import packing_of_name
    >>> packing_of_name("songs.csv.GZ").name, packing_of_name("songs.csv")
    ('gzip', None)
    """
    suffix = Path(path).suffix.lower()
    return next((packing for packing in PACKINGS if packing.suffix == suffix), None)


def packing_of_content(start: bytes) -> Packing | None:
    """Return the packing of a file that begins with these bytes, or None. `MARK_LENGTH` bytes are enough.

    Examples
    --------
    >>> import gzip
    >>> from wgan_resampler.utils.storage.packings import packing_of_content
    >>> packing_of_content(gzip.compress(b"text")).name, packing_of_content(b"text")
    ('gzip', None)
    """
    return next((packing for packing in PACKINGS if start.startswith(packing.marks)), None)


class SeveralFilesError(ValueError):
    """A zip archive holds no file, or several files."""


class _XzReader(io.RawIOBase):
    """Unpacks an xz file in bounded memory.

    `lzma.LZMAFile` would take as much memory as the file asks for, up to 4 GiB.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._stream = self._new_stream()

    @staticmethod
    def _new_stream() -> lzma.LZMADecompressor:
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MAX_XZ_MEMORY)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        unpacked = b""
        while not unpacked:
            packed = b""
            if self._stream.eof:
                # Another stream may follow. Zeros between streams are padding.
                packed = self._stream.unused_data.lstrip(b"\0")
                while not packed:
                    chunk = self._file.read(_CHUNK)
                    if not chunk:
                        return 0
                    packed = chunk.lstrip(b"\0")
                self._stream = self._new_stream()
            elif self._stream.needs_input:
                packed = self._file.read(_CHUNK)
                if not packed:
                    raise EOFError("it ends too early")
            unpacked = self._stream.decompress(packed, len(buffer))
        buffer[: len(unpacked)] = unpacked
        return len(unpacked)


class _Unclosed(io.RawIOBase):
    """Passes `write` on to a file, but not `close`: pyarrow's streams would close the file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return self._file.write(data)


def name_in_zip(path: str | os.PathLike[str]) -> str | None:
    """Return the name of the first file in a zip archive; None if it holds none, or cannot be read."""
    try:
        with zipfile.ZipFile(path) as archive:
            return next((member.filename for member in _members(archive)), None)
    except DAMAGE:
        return None


def _members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    # macOS adds a second file of properties for each file, in a folder of this name.
    return [m for m in archive.infolist() if not m.is_dir() and not m.filename.startswith("__MACOSX/")]


def _read_zip(file: BinaryIO) -> Any:
    archive = zipfile.ZipFile(file)
    members = _members(archive)
    if len(members) != 1:
        names = ", ".join(repr(member.filename[:40]) for member in members[:3]) + ", ..." * (len(members) > 3)
        raise SeveralFilesError(f"holds {len(members)} files{': ' * bool(members)}{names}")
    if members[0].compress_type not in _ZIP_METHODS:
        raise ValueError("its file is packed with a method that is not supported")
    return archive.open(members[0])


@contextlib.contextmanager
def _write_zip(file: BinaryIO, name: str) -> Iterator[Any]:
    member = zipfile.ZipInfo(Path(name).stem)  # its time is the fixed start of 1980
    member.compress_type = zipfile.ZIP_DEFLATED
    member.create_system = 3  # the same on every system
    with zipfile.ZipFile(file, "w") as archive, archive.open(member, "w", force_zip64=True) as packed:
        yield packed


def _write_gzip(file: BinaryIO, name: str) -> Any:
    return gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=file, mtime=0)


def _write_xz(file: BinaryIO, name: str) -> Any:
    return lzma.LZMAFile(file, "w")


def _read_zstd(file: BinaryIO) -> Any:
    if _zstd is not None:
        return _zstd.ZstdFile(file)
    pa = require("pyarrow", "Reading .zst files", FILES)
    return pa.CompressedInputStream(pa.PythonFile(file, "r"), "zstd")


def _write_zstd(file: BinaryIO, name: str) -> Any:
    if _zstd is not None:
        return _zstd.ZstdFile(file, "w")
    pa = require("pyarrow", "Writing .zst files", FILES)
    return pa.CompressedOutputStream(pa.PythonFile(_Unclosed(file), "w"), "zstd")


# A bzip2 file begins with its level and the digits of pi, or of the square root of pi if it is empty.
_BZIP2_MARKS = tuple(b"BZh%d" % level + digits for level in range(1, 10) for digits in (b"1AY&SY", b"\x17rE8P\x90"))
# Programs that pack in parallel begin a Zstandard file with a frame that readers skip. Its first byte may vary.
_ZSTD_MARKS = (b"\x28\xb5\x2f\xfd", *(bytes([first]) + b"\x2a\x4d\x18" for first in range(0x50, 0x60)))

PACKINGS = (
    Packing(".gz", "gzip", (b"\x1f\x8b",), lambda file: gzip.GzipFile(fileobj=file), _write_gzip),
    Packing(".bz2", "bzip2", _BZIP2_MARKS, bz2.BZ2File, lambda file, name: bz2.BZ2File(file, "w")),
    Packing(".xz", "xz", (b"\xfd7zXZ\0",), _XzReader, _write_xz),
    Packing(".zst", "Zstandard", _ZSTD_MARKS, _read_zstd, _write_zstd),
    Packing(".zip", "zip", (b"PK\x03\x04", b"PK\x05\x06"), _read_zip, _write_zip),
)

PACKED_SUFFIXES = ("", *(packing.suffix for packing in PACKINGS))
"""What may follow the suffix of a data file, such as ``.csv``: nothing, or the suffix of a packing."""

MARK_LENGTH = max(len(mark) for packing in PACKINGS for mark in packing.marks)
