"""Where and under which torch settings the networks run: device, threads, gradient mode, random seeds."""

from __future__ import annotations

import contextlib
import secrets
import threading
from collections.abc import Iterator

import torch

from wgan_resampler.exceptions import DeviceUnavailableError, InvalidParameterError

N_THREADS = 1
"""Threads that torch may use while a network trains or generates.

For networks of tabular size a second thread makes a step slower, and much slower where another process runs too. A
fixed number also makes the result independent of the caller's setting, since the order of floating point sums follows
the number of threads.
"""


def resolve_device(device: str | torch.device) -> torch.device:
    """Return the torch device for ``"auto"``, ``"cpu"``, ``"cuda"``, ``"cuda:1"`` and the like.

    Parameters
    ----------
    device : str or torch.device
        ``"auto"`` takes CUDA where there is one, else the CPU.

    Returns
    -------
    torch.device

    Raises
    ------
    DeviceUnavailableError
        If the device does not exist here. There is no silent fall-back.
    InvalidParameterError
        If the text names no device.

    Examples
    --------
    >>> from wgan_resampler.utils.device import resolve_device
    >>> resolve_device("cpu")
    device(type='cpu')
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        resolved = torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise InvalidParameterError(f"device must be 'auto', 'cpu', 'cuda' or 'cuda:N'; got {device!r}.") from error
    if resolved.type not in ("cpu", "cuda"):
        raise InvalidParameterError(f"device must be 'auto', 'cpu', 'cuda' or 'cuda:N'; got {device!r}.")
    if resolved.type == "cuda":
        n_devices = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if (resolved.index or 0) >= n_devices:
            raise DeviceUnavailableError(
                f"device={device!r} was asked for, but torch {torch.__version__} sees {n_devices} CUDA device(s) "
                "here. Use device='cpu' or 'auto', or install a CUDA build of torch and a driver."
            )
    return resolved


def new_generator(seed: int | None, device: torch.device) -> torch.Generator:
    """Return a private random generator; `seed` None seeds it from the operating system."""
    return torch.Generator(device=device).manual_seed(secrets.randbits(63) if seed is None else seed)


class _Threads:
    """Holds torch to `N_THREADS` threads while any block is inside, then puts the count back that it found.

    Part of torch's count belongs to the whole process, so of several Python threads that train at once only the first
    may remember it, and only the last may restore it. The others leave with the count of the block, so that what such a
    thread finds when it comes back says nothing about the caller's.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._before = N_THREADS
        self._thread = threading.local()

    def __enter__(self) -> None:
        with self._lock:
            found = torch.get_num_threads()
            if self._inside == 0 and not (found == N_THREADS and getattr(self._thread, "was_left", False)):
                self._before = found
            self._inside += 1
            torch.set_num_threads(N_THREADS)

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            self._thread.was_left = self._inside > 0
            if self._inside == 0:
                torch.set_num_threads(self._before)


_threads = _Threads()


@contextlib.contextmanager
def computing(device: torch.device) -> Iterator[None]:
    """Run a block under this package's torch settings, whatever the caller's are, and put those back.

    Gradients are off (blocks that need autograd turn it on), inference mode and autocast are off, and torch uses
    `N_THREADS` threads.
    """
    with (
        _threads,
        torch.inference_mode(False),
        torch.no_grad(),
        torch.autocast(device_type=device.type, enabled=False),
    ):
        yield
