"""A safe reader of files of ``torch.save`` that hold tensors and plain values.

Everything that such a file does not need is refused: compressed entries, which can expand a thousand times; names of
functions; all but a few instructions of the unpickler; tensors whose elements are missing.
"""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import sys
import zipfile
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, ClassVar, Final

import torch
from torch import Tensor

from wgan_resampler.exceptions import CheckpointError
from wgan_resampler.utils.storage.typed_state import refusing

MAX_BYTES: Final = 2**31
MAX_PICKLE_BYTES: Final = 2**24
MAX_TUPLES: Final = 20_000
"""Largest number of tuples in a file. A tensor has six. A key that is nested 300 000 tuples deep crashes Python."""

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

_STORAGES = {f"torch {name}": dtype for dtype, name in DTYPES.items()}

_TUPLES = (pickle.EMPTY_TUPLE, pickle.TUPLE, pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3)
_GETS = (pickle.BINGET, pickle.LONG_BINGET)
_INSTRUCTIONS = (
    *(pickle.PROTO, pickle.STOP, pickle.BINPUT, pickle.LONG_BINPUT),
    *(pickle.NONE, pickle.NEWTRUE, pickle.NEWFALSE, pickle.BININT, pickle.BININT1, pickle.BININT2, pickle.LONG1),
    *(pickle.BINFLOAT, pickle.BINUNICODE, pickle.EMPTY_DICT, pickle.SETITEM, pickle.SETITEMS, pickle.EMPTY_LIST),
    *(pickle.APPEND, pickle.APPENDS, pickle.MARK, pickle.GLOBAL, pickle.REDUCE, pickle.BINPERSID),
)


@refusing
def read_archive(file: BinaryIO) -> Any:
    """Return what ``torch.save`` wrote to a file that is open for reading.

    CheckpointError is raised if the file is damaged, if it holds anything but whole tensors and plain values, or if one
    of them is in two places.
    """
    return _Reader(_entries(file, os.fstat(file.fileno()).st_size)).load()


def _entries(file: BinaryIO, n_bytes: int) -> dict[str, bytes]:
    """Return the entries of an archive of this many bytes, without the name of the folder that they are in."""
    if n_bytes > MAX_BYTES:
        raise CheckpointError(f"This file has {n_bytes} bytes; states have at most {MAX_BYTES}.")
    with zipfile.ZipFile(file) as archive:
        infos = archive.infolist()
        if any(info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size for info in infos):
            raise CheckpointError("This archive is compressed, which torch.save does not do.")
        # Entries that overlap could add up to many times the size of the file.
        if sum(info.file_size for info in infos) > n_bytes:
            raise CheckpointError("This archive claims more than the file holds.")
        entries = {info.filename.partition("/")[2]: archive.read(info) for info in infos}  # checks CRC too
    if len(entries) != len(infos) or entries.get("byteorder", b"little") != sys.byteorder.encode():
        raise CheckpointError("This archive was not written by torch.save on a machine like this one.")
    return entries


class _Reader(pickle._Unpickler):
    """Python's unpickler with few instructions. No name in a file leads to anything outside this class.

    It extends the unpickler that is written in Python. The one in C allocates memory for as many objects as the file
    claims to hold.
    """

    dispatch: ClassVar[dict[int, Callable[[Any], None]]] = {}

    def __init__(self, entries: dict[str, bytes]) -> None:
        content = entries["data.pkl"]
        if len(content) > MAX_PICKLE_BYTES:
            raise CheckpointError(f"The structure takes {len(content)} bytes; {MAX_PICKLE_BYTES} are allowed.")
        super().__init__(io.BytesIO(content))
        self.n_tuples = 0
        self._entries = entries
        self._known = {**_STORAGES, "torch._utils _rebuild_tensor_v2": self._tensor, "collections OrderedDict": dict}

    def find_class(self, module: str, name: str) -> Any:
        """Return what stands for a name: a dtype, the method that makes a tensor, or the type of its empty hooks."""
        if f"{module} {name}" not in self._known:
            raise CheckpointError(f"This file holds GLOBAL {module[:60]} {name[:60]}, which a state does not.")
        return self._known[f"{module} {name}"]

    def persistent_load(self, pid: Any) -> Any:
        """Return the description of a storage as it is. `_tensor` reads it."""
        return pid

    def _tensor(self, storage: Any, offset: int, shape: Any, strides: Any, requires_grad: bool, hooks: Any) -> Tensor:
        """Return a tensor of all elements of a storage. Each storage is used once, so no two tensors share memory."""
        _, dtype, name, _, n_elements = storage
        content = self._entries.pop("data/" + name, b"")
        # With strides of 0, a few elements could be read as 10^12 elements.
        with contextlib.suppress(RuntimeError, TypeError, ValueError):
            # torch refuses a buffer without bytes.
            elements = torch.frombuffer(bytearray(content), dtype=dtype) if content else torch.empty(0, dtype=dtype)
            tensor = elements.reshape(shape)
            claim = (elements.numel(), 0, tuple(tensor.shape), tensor.stride(), False)
            if claim == (n_elements, offset, shape, strides, requires_grad):
                return tensor
        raise CheckpointError("This file claims a tensor whose elements it does not hold.")


def _limited(code: bytes) -> Callable[[Any], None]:
    """Return an instruction of the unpickler, with a limit on what it may put on the stack."""
    load: Callable[[Any], None] = pickle._Unpickler.dispatch[code[0]]

    def load_limited(reader: Any) -> None:
        load(reader)
        reader.n_tuples += code in _TUPLES
        if reader.n_tuples > MAX_TUPLES:
            raise CheckpointError(f"This file holds too many tuples; {MAX_TUPLES} are allowed.")
        # A few bytes can make a list of lists of lists ... of one list. Visiting all of it would never end.
        if code in _GETS and isinstance(reader.stack[-1], (dict, list, tuple, Tensor)):
            raise CheckpointError("This file holds a list, a dict or a tensor in two places.")

    return load_limited


_Reader.dispatch.update({code[0]: pickle._Unpickler.dispatch[code[0]] for code in _INSTRUCTIONS})
_Reader.dispatch.update({code[0]: _limited(code) for code in (*_TUPLES, *_GETS)})
