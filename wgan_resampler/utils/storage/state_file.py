"""State on disk: tensors and plain values in one file, written in full or not at all, and read without trusting it.

The file is what ``torch.save`` writes of ``{"format": ..., "version": ..., "state": ...}``: a zip archive with a pickle
of the structure and the elements of each tensor. It is loaded with ``torch.load(weights_only=True)`` and in no other
way, after :mod:`wgan_resampler.utils.storage.archive_audit` has looked at the archive.

When a state gains or loses something that older programs cannot do without, `VERSION` goes up by one.
"""

from __future__ import annotations

import io
import os
import pickle
import re
import struct
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from wgan_resampler.exceptions import CheckpointError, CheckpointVersionError, DamagedCheckpointWarning
from wgan_resampler.utils.storage.archive_audit import DTYPES, verified_archive
from wgan_resampler.utils.storage.atomic_write import atomic_writer

FORMAT: Final = "wgan-resampler state"
VERSION: Final = 1

MAX_DEPTH: Final = 32
"""Levels of nesting of a state."""

MAX_INT_BITS: Final = 1000

# What zipfile, pickle and torch raise, or may raise, for damaged files; not KeyboardInterrupt and the like.
_DAMAGE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    pickle.UnpicklingError,
    struct.error,
    zipfile.BadZipFile,
)


def save_state(path: str | os.PathLike[str], state: Mapping[str, Any]) -> None:
    """Write a state so that the file is there in full or not at all.

    Parameters
    ----------
    path : str or os.PathLike
        Where to; what is there is replaced.
    state : mapping
        Tensors, None, bool, int, float, str, and lists, tuples and mappings (with keys that are str or int) of these.
        Tensors are stored on the CPU without their graph; each gets memory of its own.

    Raises
    ------
    CheckpointError
        If the state holds something else, or the file cannot be written.

    See Also
    --------
    load_state : Reads it.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import torch
    >>> from wgan_resampler.utils.storage.state_file import load_state, save_state
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "state.pth")
    ...     save_state(path, {"weights": torch.ones(2, 3), "epoch": 7})
    ...     state = load_state(path)
    >>> state["weights"].shape, state["epoch"]
    (torch.Size([2, 3]), 7)
    """
    payload = {"format": FORMAT, "version": VERSION, "state": _storable(dict(state), "state", 0)}
    # By way of memory, because torch hides what went wrong when a disk is full.
    buffer = io.BytesIO()
    torch.save(payload, buffer)
    try:
        with atomic_writer(path) as file:
            file.write(buffer.getbuffer())
    except OSError as error:
        reason = error.strerror or str(error)
        raise CheckpointError(f"{path} could not be written: {reason}. Nothing was left half written.") from error


def load_state(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a state that :func:`save_state` wrote, on the CPU.

    Parameters
    ----------
    path : str or os.PathLike
        The file. It may come from anywhere: nothing in it is run, and memory stays within a few times its size.

    Returns
    -------
    dict

    Raises
    ------
    CheckpointError
        If the file is damaged, of another kind or of a newer version.
    OSError
        If it does not exist or cannot be read.
    """
    with Path(path).open("rb") as file:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about odd texts in a damaged file
                archive = verified_archive(file)
                payload = torch.load(archive, map_location="cpu", weights_only=True)
            return _checked(path, payload)
        except CheckpointError as error:
            raise type(error)(f"{path}: {error}") from error
        except _DAMAGE as error:
            text = "".join(char if char.isprintable() else "?" for char in " ".join(str(error).split()))[:200]
            raise CheckpointError(f"{path} is damaged, or no file of this program: {text}") from error


@dataclass(frozen=True)
class FoundState:
    """What :func:`newest_good` found.

    Parameters
    ----------
    path : Path or None
        The newest file that could be read; None if there is none.
    state : dict or None
        What it holds.
    damaged : tuple of Path
        Newer files that are damaged, newest first.
    """

    path: Path | None
    state: dict[str, Any] | None
    damaged: tuple[Path, ...]


def newest_good(folder: str | os.PathLike[str], pattern: str = "checkpoint_epoch_*.pth") -> FoundState:
    """Return the state of the newest file that is not damaged.

    Parameters
    ----------
    folder : str or os.PathLike
        Where the files are. One that does not exist counts as empty.
    pattern : str, default="checkpoint_epoch_*.pth"
        Which files; the one with the greatest number in its name is the newest.

    Returns
    -------
    FoundState

    Raises
    ------
    CheckpointVersionError
        If a file is of a newer version: then it is not damaged, and an older one must not take its place.

    Warns
    -----
    DamagedCheckpointWarning
        For each damaged file that is newer than the one returned.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from wgan_resampler.utils.storage.state_file import newest_good, save_state
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for epoch in (9, 10):
    ...         save_state(pathlib.Path(folder, f"checkpoint_epoch_{epoch}.pth"), {"epoch": epoch})
    ...     newest_good(folder).path.name
    'checkpoint_epoch_10.pth'
    """
    damaged: list[Path] = []
    for path in sorted(Path(folder).glob(pattern), key=_numbers, reverse=True):
        try:
            return FoundState(path, load_state(path), tuple(damaged))
        except CheckpointVersionError:
            raise
        except (CheckpointError, OSError) as error:
            message = str(error) if str(path) in str(error) else f"{path}: {error}"
            warnings.warn(f"{message} Trying the one before.", DamagedCheckpointWarning, stacklevel=2)
            damaged.append(path)
    return FoundState(None, None, tuple(damaged))


def _numbers(path: Path) -> tuple[list[int], str]:
    return [int(digits) for digits in re.findall(r"\d{1,18}", path.name)], path.name


def _storable(value: Any, where: str, depth: int) -> Any:
    """Return a copy of plain types only, in which no container or memory occurs twice."""
    if depth > MAX_DEPTH:
        raise CheckpointError(f"{where[:80]} is nested over {MAX_DEPTH} levels deep, or holds itself.")
    if isinstance(value, Tensor):
        if value.layout != torch.strided or value.dtype not in DTYPES:
            raise CheckpointError(f"{where} is a tensor of {value.dtype}, {value.layout}, which cannot be stored.")
        return value.detach().cpu().contiguous().clone()
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Mapping):
        return {_key(key, where): _storable(item, f"{where}[{key!r}]", depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        items = [_storable(item, f"{where}[{i}]", depth + 1) for i, item in enumerate(value)]
        return tuple(items) if isinstance(value, tuple) else items
    for kind in (int, float, str):  # also enumerations and numpy's texts and floats, as what they are at heart
        if isinstance(value, kind):
            if isinstance(value, int) and value.bit_length() > MAX_INT_BITS:
                raise CheckpointError(f"{where} is a whole number of {value.bit_length()} bits; store it as text.")
            return kind(value)
    raise CheckpointError(
        f"{where} is of type {type(value).__name__}. Store tensors, None, bool, int, float, str, and lists, tuples and "
        "dicts of these: torch.from_numpy() and .item() turn numpy's values into such."
    )


def _key(key: Any, where: str) -> str | int:
    if isinstance(key, bool) or not isinstance(key, (str, int)):
        raise CheckpointError(f"{where} has the key {key!r}; keys must be texts or whole numbers.")
    return str(key) if isinstance(key, str) else int(key)


def _checked(path: str | os.PathLike[str], payload: Any) -> dict[str, Any]:
    """Return the state in what a file holds, once it is known to be one and every tensor to be what it claims."""
    if type(payload) is not dict or payload.get("format") != FORMAT:
        raise CheckpointError(f"This is no state file of this program; its format is not {FORMAT!r}.")
    version, state = payload.get("version"), payload.get("state")
    if type(version) is not int or version < 1 or type(state) is not dict:
        raise CheckpointError("This file is damaged: it has no version or no state.")
    if version > VERSION:
        raise CheckpointVersionError(
            f"This file has version {version} of the format; this program reads up to version {VERSION}. Install a "
            "newer wgan-resampler."
        )
    _check_value(state, set(), 0)
    return state


def _check_value(value: Any, seen: set[int], depth: int) -> None:
    """Raise for anything that :func:`save_state` does not write."""
    kind = type(value)
    if kind in (dict, list, tuple):
        # A few bytes can make a list of lists of lists ... of one list: small, but endless to walk through.
        if depth > MAX_DEPTH or (len(value) and id(value) in seen):
            raise CheckpointError("This file nests too deep, or holds a container in two places.")
        seen.add(id(value))
        if kind is dict and not all(type(key) in (str, int) for key in value):
            raise CheckpointError("This file has keys that are neither texts nor whole numbers.")
        for item in value.values() if kind is dict else value:
            _check_value(item, seen, depth + 1)
    elif kind is Tensor:
        # Strides of 0 let a few bytes claim 10^12 elements, which the first copy would try to make.
        is_whole = value.is_contiguous() and value.numel() * value.element_size() == value.untyped_storage().nbytes()
        if value.layout != torch.strided or not is_whole or value.requires_grad or id(value) in seen:
            raise CheckpointError(f"This file claims a tensor of shape {tuple(value.shape)} that it does not hold.")
        seen.add(id(value))
    elif value is not None and kind not in (bool, int, float, str):
        raise CheckpointError(f"This file holds a {kind.__name__}, which a state does not.")
