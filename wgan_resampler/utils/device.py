"""Torch settings under which the networks run: device, threads, gradient mode, random generators."""

from __future__ import annotations

import contextlib
import secrets
import threading
from collections.abc import Iterator

import torch

from wgan_resampler.exceptions import DeviceUnavailableError, InvalidParameterError, OutOfDeviceMemoryError

N_THREADS = 1
"""Number of threads that torch uses while a network trains or generates.

For networks of this size, a second thread makes a step slower, and much slower if another process is running. The order
of floating point sums depends on the number of threads, so a fixed number also makes results independent of the
caller's setting.
"""


def resolve_device(device: str | torch.device) -> torch.device:
    """Return the torch device for ``"auto"``, ``"cpu"``, ``"cuda"``, ``"cuda:1"`` and the like.

    Parameters
    ----------
    device : str or torch.device
        ``"auto"`` means CUDA if there is a CUDA device, otherwise the CPU.

    Returns
    -------
    torch.device

    Raises
    ------
    DeviceUnavailableError
        If the device does not exist here. Another device is never used instead.
    InvalidParameterError
        If the string names no device.

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
                f"device={device!r} was asked for, but torch {torch.__version__} finds {n_devices} CUDA device(s). Use "
                "device='cpu' or 'auto', or install a CUDA build of torch and a driver."
            )
    return resolved


def new_generator(seed: int | None, device: torch.device) -> torch.Generator:
    """Return a private random generator. If `seed` is None, the operating system gives the seed."""
    return torch.Generator(device=device).manual_seed(secrets.randbits(63) if seed is None else seed)


class _Threads:
    """Context that limits torch to `N_THREADS` threads, and restores the former number when the last block ends.

    torch keeps its number of threads partly for the whole process. If several Python threads train at once, only the
    first may remember the number, and only the last may restore it. The other threads leave the block while `N_THREADS`
    is set. When such a thread enters again, it finds `N_THREADS` and not the caller's number. `was_left` marks these
    threads.
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
    """Run a block under the torch settings of this package, and restore the caller's settings.

    Inference mode and autocast are off, and torch uses `N_THREADS` threads. Gradients are off, too; blocks that need
    autograd switch it on.

    Raises
    ------
    OutOfDeviceMemoryError
        If a GPU does not have enough memory.
    """
    with (
        _threads,
        torch.inference_mode(False),
        torch.no_grad(),
        torch.autocast(device_type=device.type, enabled=False),
    ):
        try:
            yield
        except torch.OutOfMemoryError as error:
            raise OutOfDeviceMemoryError(
                f"There is not enough memory on device {str(device)!r}. Use a smaller batch_size or hidden_dim, or "
                f"device='cpu'. The message of torch: {error}"
            ) from error
