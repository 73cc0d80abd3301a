"""State on disk: tensors and plain values in one file, which is written in full or not at all.

The file is what ``torch.save`` writes for ``{"format": ..., "version": ..., "state": ...}``: a zip archive that holds a
pickle of the structure, and the elements of each tensor. ``torch.load(weights_only=True)`` reads it, too. This package
reads it with :mod:`wgan_resampler.utils.storage.archive_reader`, which does not trust the file.

Increase `VERSION` by one when a state gets or loses an entry that other versions of the program need.
"""

from __future__ import annotations

import io
import os
import re
import reprlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, is_dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import torch
from torch import Tensor

from wgan_resampler.exceptions import CheckpointError, CheckpointVersionError, DamagedCheckpointWarning
from wgan_resampler.utils import warn_caller
from wgan_resampler.utils.storage.archive_reader import DTYPES, read_archive
from wgan_resampler.utils.storage.atomic_write import atomic_writer

_T = TypeVar("_T")

FORMAT: Final = "wgan-resampler state"
VERSION: Final = 4

MAX_DEPTH: Final = 32
"""Levels of nesting of a state."""

MAX_INT_BITS: Final = 1000

_PLAIN: Final = (bool, int, float, str)


def save_state(path: str | os.PathLike[str], state: Any) -> None:
    """Write a state to a file, which is there in full or not at all.

    A state is a mapping or a dataclass. It may hold tensors, None, bool, int, float, str, and lists, tuples, mappings
    (with keys that are str or int) and dataclasses of these. Tensors are copied to the CPU without their graph; each
    gets its own memory. CheckpointError is raised if the state holds anything else, or the file cannot be written.
    """
    payload = {"format": FORMAT, "version": VERSION, "state": _plain_copy(state, "state")}
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
    """Read a state that :func:`save_state` wrote. Return ``build(state)``; without `build`, return the state as a dict.

    The file may come from an untrusted source: nothing in it is run, and reading takes a few times its size in memory.
    CheckpointError is raised if it is damaged, of another kind or of another version, or if `build` raises this error.
    OSError is raised if it does not exist or cannot be read.
    """
    with Path(path).open("rb") as file:
        try:
            return build(_checked(read_archive(file)))
        except CheckpointError as error:
            text = "".join(char if char.isprintable() else "?" for char in " ".join(str(error).split()))[:400]
            raise type(error)(f"{path}: {text}") from error


@dataclass(frozen=True)
class FoundState:
    """The newest file that could be read, its state, and the damaged files that are newer, the newest first."""

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
    plain: dict[str, Any] = _plain_copy(state, "state")
    return plain


def _plain_copy(value: Any, where: str, depth: int = 0) -> Any:
    """Return a copy made of plain values and whole tensors. An error for anything else calls it `where`."""
    plain = _plain(value)
    if type(plain) is int and plain.bit_length() > MAX_INT_BITS:
        raise CheckpointError(f"{where} is an integer of {plain.bit_length()} bits; store it as a string.")
    if plain is None or type(plain) in _PLAIN:
        return plain
    if depth > MAX_DEPTH:
        raise CheckpointError(f"{where} nests too deep, or contains itself.")
    if isinstance(value, (list, tuple)):
        items = (_plain_copy(item, f"{where}[{i}]", depth + 1) for i, item in enumerate(value))
        return tuple(items) if isinstance(value, tuple) else list(items)
    if isinstance(value, Tensor):
        if value.layout != torch.strided or value.dtype not in DTYPES:
            raise CheckpointError(f"{where} is a tensor of {value.dtype}, {value.layout}, which cannot be stored.")
        return value.detach().cpu().contiguous().clone()
    value = vars(value) if is_dataclass(value) else value
    if isinstance(value, Mapping):
        return {
            _plain_key(key, where): _plain_copy(item, f"{where}[{key!r}]"[:200], depth + 1)
            for key, item in value.items()
        }
    raise CheckpointError(
        f"{where} is of type {type(value).__name__}. Store tensors, None, bool, int, float, str, and lists, tuples and "
        "dicts of these. torch.from_numpy() and .item() convert the values of numpy."
    )


def _plain_key(key: Any, where: str) -> str | int:
    plain = _plain(key)
    if type(plain) not in (str, int):
        raise CheckpointError(f"{where} has the key {reprlib.repr(key)}; keys must be strings or integers.")
    return plain  # type: ignore[no-any-return]


def _plain(value: Any) -> Any:
    """Turn an enumeration, or a string or a float of numpy, into the plain value that it extends."""
    if value is None or type(value) in _PLAIN:
        return value
    kind = next((kind for kind in _PLAIN if isinstance(value, kind)), None)
    return value if kind is None else kind(value)
