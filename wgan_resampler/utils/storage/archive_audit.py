"""Inspection of a file of ``torch.save`` before torch reads it, for anything hostile or damaged.

Everything that an archive of plain tensors and values does not need is refused: compressed entries, which can expand a
thousand times; code by name; all but a few instructions of the pickle machine; tensors whose elements are missing. The
rest is copied into a new archive, so that torch reads exactly what was inspected.
"""

from __future__ import annotations

import io
import os
import pickletools
import zipfile
from collections import deque
from collections.abc import Mapping
from typing import Any, BinaryIO, Final

import torch

from wgan_resampler.exceptions import CheckpointError

MAX_BYTES: Final = 2**31
MAX_PICKLE_BYTES: Final = 2**24
MAX_TUPLES: Final = 20_000
"""Most tuples in the structure. A tensor has six. A key that is nested 300 000 tuples deep crashes Python."""

DTYPES: Final[Mapping[torch.dtype, str]] = {
    torch.float64: "DoubleStorage",
    torch.float32: "FloatStorage",
    torch.float16: "HalfStorage",
    torch.bfloat16: "BFloat16Storage",
    torch.int64: "LongStorage",
    torch.int32: "IntStorage",
    torch.int16: "ShortStorage",
    torch.int8: "CharStorage",
    torch.uint8: "ByteStorage",
    torch.bool: "BoolStorage",
}
"""The dtypes that tensors can have, and torch's names of their storage."""

_ITEM_SIZES = {f"torch {name}": dtype.itemsize for dtype, name in DTYPES.items()}
_NAMES = {"torch._utils _rebuild_tensor_v2", "collections OrderedDict", *_ITEM_SIZES}

_PUT = {"BINPUT", "LONG_BINPUT"}
_GET = {"BINGET", "LONG_BINGET"}
_SIMPLE = {"BINUNICODE", "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "GLOBAL"}
_TUPLES = {"EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"}
_FLAGS = {"NONE", "NEWTRUE", "NEWFALSE"}
_CONTAINERS = {"EMPTY_DICT", "EMPTY_LIST", "MARK", "SETITEM", "SETITEMS", "APPEND", "APPENDS"}
_ALLOWED = {*_PUT, *_GET, *_SIMPLE, *_TUPLES, *_FLAGS, *_CONTAINERS, "PROTO", "STOP", "REDUCE", "BINPERSID"}


def verified_archive(file: BinaryIO) -> io.BytesIO:
    """Return a new archive for ``torch.load``, made of the inspected entries of a file that is open for reading.

    CheckpointError is raised for anything that a state does not need. If the file is no archive or holds no pickle, the
    errors of zipfile and pickletools are raised, for example ``zipfile.BadZipFile``.
    """
    n_bytes = os.fstat(file.fileno()).st_size
    if n_bytes > MAX_BYTES:
        raise CheckpointError(f"This file has {n_bytes} bytes; states have at most {MAX_BYTES}.")
    with zipfile.ZipFile(file) as archive:
        entries = archive.infolist()
        _check_entries(entries, n_bytes)
        contents = {entry.filename.partition("/")[2]: archive.read(entry) for entry in entries}  # checks CRC too
    if len(contents) != len(entries) or "data.pkl" not in contents:
        raise CheckpointError("This archive was not written by torch.save.")
    sizes = {name.removeprefix("data/"): len(content) for name, content in contents.items() if name[:5] == "data/"}
    _check_pickle(contents["data.pkl"], sizes)
    fresh = io.BytesIO()
    with zipfile.ZipFile(fresh, "w", zipfile.ZIP_STORED) as archive:
        for name, content in contents.items():
            # The other entries serve memory mapping, or would make torch read the file as a TorchScript program.
            if name in ("data.pkl", "version", "byteorder") or name.startswith("data/"):
                archive.writestr(f"archive/{name}", content)
    fresh.seek(0)
    return fresh


def _check_entries(entries: list[zipfile.ZipInfo], n_bytes: int) -> None:
    if any(entry.compress_type != zipfile.ZIP_STORED or entry.compress_size != entry.file_size for entry in entries):
        raise CheckpointError("This archive is compressed, which torch.save does not do.")
    # Entries that overlap could add up to many times the size of the file.
    if sum(entry.file_size for entry in entries) > n_bytes:
        raise CheckpointError("This archive claims more than the file holds.")


def _check_pickle(content: bytes, sizes: Mapping[str, int]) -> None:
    """Refuse every instruction that plain values and complete tensors do not need. None is executed.

    `sizes` are the numbers of bytes of the storages in the archive, by name.
    """
    if len(content) > MAX_PICKLE_BYTES:
        raise CheckpointError(f"The structure of this file takes {len(content)} bytes; {MAX_PICKLE_BYTES} are allowed.")
    memo: dict[Any, Any] = {}
    recent: deque[tuple[str, Any]] = deque(maxlen=5)
    n_tuples = 0
    used: set[str] = set()
    for instruction, argument, _ in pickletools.genops(content):
        name = instruction.name
        if name not in _ALLOWED or (name == "GLOBAL" and argument not in _NAMES):
            raise CheckpointError(f"This file holds {name} {str(argument or '')[:60]}, which a state does not.")
        n_tuples += name in _TUPLES
        if name in _PUT:
            memo[argument] = recent[-1][1] if recent else None
            continue
        if name == "BINPERSID":
            used.add(_check_storage(recent, sizes, used))
        recent.append((name, memo.get(argument) if name in _GET else argument))
    if n_tuples > MAX_TUPLES:
        raise CheckpointError(f"This file holds {n_tuples} tuples; {MAX_TUPLES} are allowed.")


def _check_storage(recent: deque[tuple[str, Any]], sizes: Mapping[str, int], used: set[str]) -> str:
    """Return the name of the storage that a tensor refers to, or refuse the reference.

    Not every version of torch compares the number of elements with the size of the storage. The last instructions must
    be those that torch writes: type of the storage, its name, device, number of elements, TUPLE.
    """
    if len(recent) == 5 and recent[-1][0] == "TUPLE" and all(name in _SIMPLE | _GET for name, _ in list(recent)[:4]):
        kind, key, device, n_elements = (value for _, value in list(recent)[:4])
        is_known = kind in _ITEM_SIZES and isinstance(key, str) and isinstance(device, str) and type(n_elements) is int
        if is_known and key not in used and sizes.get(key) == n_elements * _ITEM_SIZES[kind]:
            return str(key)
    raise CheckpointError("This file claims a tensor whose elements it does not hold.")
