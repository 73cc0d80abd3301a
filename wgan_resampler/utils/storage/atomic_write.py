"""Files that are there in full or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

TEMPORARY_SUFFIX = ".part"
"""Ending of the names of files that are still being written; nothing reads them."""


@contextlib.contextmanager
def atomic_writer(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Write a file under a temporary name in its folder, and give it its name once it is whole and on the disk.

    Whoever reads `path`, at whatever moment, finds the file that was there before or the new one in full. If the block
    raises, the temporary file is removed and the file that was there before stays.

    Parameters
    ----------
    path : str or os.PathLike
        Where the file goes. If it is a symbolic link, the file that it points to is replaced.

    Yields
    ------
    BinaryIO
        Write to this.

    Raises
    ------
    OSError
        If the folder does not exist or cannot be written, or the disk is full.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from wgan_resampler.utils.storage.atomic_write import atomic_writer
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     target = pathlib.Path(folder, "numbers.txt")
    ...     with atomic_writer(target) as file:
    ...         n_bytes = file.write(b"1 2 3")
    ...         before = target.exists()
    ...     before, target.read_text()
    (False, '1 2 3')
    """
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "There is no such folder to write to; make it first", str(target.parent))
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, "This is a folder; the name of a file is needed", str(target))
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}{TEMPORARY_SUFFIX}")
    try:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(target.parent)


def remove_leftovers(folder: str | os.PathLike[str]) -> None:
    """Remove temporary files that writers left in a folder when they were killed; only call it where none is at work.

    Parameters
    ----------
    folder : str or os.PathLike
        Where they may be. Nothing happens if it does not exist.
    """
    for leftover in Path(folder).glob(f".*.????????{TEMPORARY_SUFFIX}"):
        with contextlib.suppress(OSError):
            leftover.unlink()


def _sync_folder(folder: Path) -> None:
    """Make the new name last through a loss of power, where the system lets folders be opened (not on Windows)."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
