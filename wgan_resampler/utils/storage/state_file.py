"""State on disk: tensors and plain values in one file that is written in full or not at all, and read without trust.

The file is what ``torch.save`` writes for ``{"format": ..., "version": ..., "state": ...}``: a zip archive that holds a
pickle of the structure, and the elements of each tensor. It is read by ``torch.load(weights_only=True)`` only, after
:mod:`wgan_resampler.utils.storage.archive_audit` has inspected the archive.

`VERSION` goes up by one when a state gains or loses something that other versions of the program need.
"""

from __future__ import annotations

import io
import os
import pickle
import re
import struct
import warnings
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, is_dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeVar

import torch
from torch import Tensor

from wgan_resampler.exceptions import CheckpointError, CheckpointVersionError, DamagedCheckpointWarning
from wgan_resampler.utils import warn_caller
from wgan_resampler.utils.storage.archive_audit import DTYPES, verified_archive
from wgan_resampler.utils.storage.atomic_write import atomic_writer

_T = TypeVar("_T")

FORMAT: Final = "wgan-resampler state"
VERSION: Final = 4

MAX_DEPTH: Final = 32
"""Levels of nesting of a state."""

MAX_INT_BITS: Final = 1000

# What zipfile, pickle and torch may raise for a damaged file. KeyboardInterrupt and ImportError are not among them.
_DAMAGE = (
    *(ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, MemoryError, OSError, RuntimeError),
    *(TypeError, ValueError, pickle.UnpicklingError, struct.error, zipfile.BadZipFile),
)


def save_state(path: str | os.PathLike[str], state: Any) -> None:
    """Write a state to a file, which is there in full or not at all.

    A state is a mapping or a dataclass. It may hold tensors, None, bool, int, float, str, and lists, tuples, mappings
    (with keys that are str or int) and dataclasses of these. Tensors are copied to the CPU without their graph; each
    gets its own memory. CheckpointError is raised if the state holds anything else, or the file cannot be written.
    """
    plain = _storable(state)
    _check_value(plain, "state", set())
    payload = {"format": FORMAT, "version": VERSION, "state": plain}
    # The file is made in memory first: torch hides the reason when a disk is full.
    buffer = io.BytesIO()
    torch.save(payload, buffer)
    try:
        with atomic_writer(path, pack=False) as file:
            file.write(buffer.getbuffer())
    except OSError as error:
        reason = error.strerror or str(error)
        raise CheckpointError(f"{path} could not be written: {reason}. No partial file was left.") from error


def load_state(path: str | os.PathLike[str], build: Callable[[dict[str, Any]], _T] = dict) -> _T:  # type: ignore[assignment]
    """Read a state that :func:`save_state` wrote. Return ``build(state)``, or without `build` the state, a dict.

    The file may come from an untrusted source: nothing in it is run, and reading takes a few times its size in memory.
    CheckpointError is raised if it is damaged, of another kind or of another version, or if `build` raises that because
    the state does not fit; OSError if it does not exist or cannot be read.
    """
    with Path(path).open("rb") as file:
        try:
            return build(_checked(_payload(file)))
        except CheckpointError as error:
            text = "".join(char if char.isprintable() else "?" for char in " ".join(str(error).split()))[:400]
            raise type(error)(f"{path}: {text}") from error


def _payload(file: BinaryIO) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pickletools warns of odd strings in a damaged file
            return torch.load(verified_archive(file), map_location="cpu", weights_only=True)
    except CheckpointError:
        raise
    except _DAMAGE as error:
        raise CheckpointError(f"The file is damaged, or not of this program: {error}") from error


@dataclass(frozen=True)
class FoundState:
    """The newest file that could be read, with its state; and the damaged files that are newer, the newest first."""

    path: Path | None
    state: dict[str, Any] | None
    damaged: tuple[Path, ...]


def newest_good(folder: str | os.PathLike[str], pattern: str = "checkpoint_epoch_*.pth") -> FoundState:
    """Return the state of the newest file that is not damaged: the one with the greatest number in its name.

    A missing folder counts as an empty one. DamagedCheckpointWarning is given for each newer file that is damaged.
    CheckpointVersionError is raised if a newer file has another version: it is not damaged, and an older file must not
    replace it.
    """
    damaged: list[Path] = []
    for path in sorted(Path(folder).glob(pattern), key=_numbers, reverse=True):
        try:
            return FoundState(path, load_state(path), tuple(damaged))
        except CheckpointVersionError:
            raise
        except (CheckpointError, OSError) as error:
            message = str(error) if str(path) in str(error) else f"{path}: {error}"
            warn_caller(f"{message} The checkpoint before it is tried.", DamagedCheckpointWarning)
            damaged.append(path)
    return FoundState(None, None, tuple(damaged))


def _numbers(path: Path) -> tuple[list[int], str]:
    return [int(digits) for digits in re.findall(r"\d{1,18}", path.name)], path.name


def _storable(value: Any, depth: int = 0) -> Any:
    """Return a copy made of plain types only, as far as possible, in which no container and no memory occurs twice."""
    if isinstance(value, Tensor) and value.layout == torch.strided:
        return value.detach().cpu().contiguous().clone()
    value = vars(value) if is_dataclass(value) else value
    if depth > MAX_DEPTH:  # which `_check_value` refuses
        return value
    if isinstance(value, Mapping):
        return {_plain(key): _storable(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        items = [_storable(item, depth + 1) for item in value]
        return tuple(items) if isinstance(value, tuple) else items
    return _plain(value)


def _plain(value: Any) -> Any:
    """Turn an enumeration, or a string or a float of numpy, into the plain value that it extends."""
    kind = next((kind for kind in (bool, int, float, str) if isinstance(value, kind)), None)
    return value if kind is None else kind(value)


def _checked(payload: Any) -> dict[str, Any]:
    """Return the state in the payload of a file, after checking that `save_state` could have written it."""
    if type(payload) is not dict or payload.get("format") != FORMAT:
        raise CheckpointError(f"This is not a state file of this program; its format is not {FORMAT!r}.")
    version, state = payload.get("version"), payload.get("state")
    if type(version) is not int or version < 1 or type(state) is not dict:
        raise CheckpointError("This file is damaged: it has no version or no state.")
    if version != VERSION:
        advice = "Install a newer wgan-resampler." if version > VERSION else "Train again with this version."
        raise CheckpointVersionError(
            f"This file has version {version} of the format; this program reads version {VERSION}. {advice}"
        )
    _check_value(state, "state", set())
    return state


def _check_value(value: Any, where: str, seen: set[int], depth: int = 0) -> None:
    """Raise CheckpointError for anything but plain values and whole tensors, each in one place. `where` is its name."""
    kind = type(value)
    if kind in (dict, list, tuple):
        # A few bytes can make a list of lists of lists ... of one list. Visiting all of it would never end.
        if depth > MAX_DEPTH or (len(value) and id(value) in seen):
            raise CheckpointError(f"{where[:80]} nests too deep, contains itself, or is in two places.")
        seen.add(id(value))
        for key, item in value.items() if kind is dict else enumerate(value):
            if type(key) not in (str, int):
                raise CheckpointError(f"{where} has the key {key!r}; keys must be strings or integers.")
            _check_value(item, f"{where}[{key!r}]", seen, depth + 1)
    elif kind is Tensor:
        if value.layout != torch.strided or value.dtype not in DTYPES:
            raise CheckpointError(f"{where} is a tensor of {value.dtype}, {value.layout}, which cannot be stored.")
        # With strides of 0, a few bytes can claim 10^12 elements. The first copy would try to make them.
        is_whole = value.is_contiguous() and value.numel() * value.element_size() == value.untyped_storage().nbytes()
        if not is_whole or value.requires_grad or id(value) in seen:
            raise CheckpointError(f"{where} claims a tensor of shape {tuple(value.shape)} that the file does not hold.")
        seen.add(id(value))
    elif kind is int and value.bit_length() > MAX_INT_BITS:
        raise CheckpointError(f"{where} is an integer of {value.bit_length()} bits; store it as a string.")
    elif value is not None and kind not in (bool, int, float, str):
        raise CheckpointError(
            f"{where} is of type {kind.__name__}. Store tensors, None, bool, int, float, str, and lists, tuples and "
            "dicts of these. torch.from_numpy() and .item() convert the values of numpy."
        )
