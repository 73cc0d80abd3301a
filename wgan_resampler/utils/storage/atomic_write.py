"""Files that are written in full or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from wgan_resampler.utils.storage.packings import packing_of_name

TEMPORARY_SUFFIX = ".part"
"""Ending of the names of files that are still being written. Nothing reads them."""


@contextlib.contextmanager
def atomic_writer(path: str | os.PathLike[str], *, pack: bool = True) -> Iterator[BinaryIO]:
    """Yield a temporary file beside `path`. It is renamed to `path` when the block ends and all bytes are on disk.

    A reader of `path` finds the old file or the new one in full, never a part. If the block raises, the old file stays
    and the temporary file is removed. If `path` is a symbolic link, the file that it points to is replaced. OSError is
    raised if the folder does not exist or cannot be written to, or if the disk is full.

    If the name ends in the suffix of a packing, such as ``.gz``, what is written is packed, unless `pack` is false.
    Equal content makes equal files.
    """
    target = writable_file(path)
    packing = packing_of_name(path) if pack else None
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}{TEMPORARY_SUFFIX}")
    try:
        with temporary.open("xb") as file:
            with packing.open_to_write(file, Path(path).name) if packing else contextlib.nullcontext(file) as out:
                yield out
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(target.parent)


def writable_file(path: str | os.PathLike[str]) -> Path:
    """Return the file that `path` leads to; OSError if its folder does not exist, or if it is a folder itself."""
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "There is no such folder to write to; make it first", str(target.parent))
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, "This is a folder; the name of a file is needed", str(target))
    return target


def remove_leftovers(folder: str | os.PathLike[str]) -> None:
    """Remove the temporary files of killed writers from a folder. No writer may be at work there now."""
    for leftover in Path(folder).glob(f".*.????????{TEMPORARY_SUFFIX}"):
        with contextlib.suppress(OSError):
            leftover.unlink()


def _sync_folder(folder: Path) -> None:
    """Make the new name survive a power failure, on systems that can open folders (Windows cannot)."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
