"""Progress of long work: a bar on a terminal and in a notebook, a few lines in a log file."""

from __future__ import annotations

import sys
from typing import Any

from tqdm.asyncio import tqdm_asyncio
from tqdm.auto import tqdm
from tqdm.std import tqdm as plain_tqdm


class _ProgressLines(plain_tqdm):
    """A tqdm bar that writes a line whenever another tenth of the work is done, and none in between.

    A bar redraws its line ten times a second. In a file, each of these lines would stay. If the total is unknown, a
    single line is written at the end.
    """

    _shown_tenths = 0

    def display(self, msg: str | None = None, pos: int | None = None) -> None:
        """Write a line if it is due. tqdm calls this where it would draw the bar."""
        # The last line is written in `close`, because the caller may add the last losses before it.
        if self.total and self.n < self.total:
            self._write_line(10 * self.n // self.total)

    def close(self) -> None:
        """Write the last line, if the work is done."""
        if not self.disable and self.n >= (self.total or 1):
            self._write_line(10)
        self.leave = False
        super().close()

    def _write_line(self, tenths: int) -> None:
        if tenths > self._shown_tenths:
            self._shown_tenths = tenths
            self.fp.write(f"{self}\n")
            self.fp.flush()


def progress_bar(iterable: Any = None, **options: Any) -> Any:
    """Return a progress bar on stderr, with the methods of tqdm's.

    If stderr is not a terminal, a line is written for each 10 % of the work. In a notebook, tqdm's widget is shown.

    Parameters
    ----------
    iterable : iterable or None, default=None
        What to iterate over while the bar advances. None for a bar that is advanced with ``update``.
    **options
        Arguments of tqdm, such as ``desc``, ``total``, ``unit`` and ``disable``.

    Returns
    -------
    tqdm

    Examples
    --------
    >>> from wgan_resampler.utils import progress_bar
    >>> sum(progress_bar(range(4), total=4, disable=True))
    6
    """
    options["file"] = stream = sys.stderr
    is_notebook = tqdm is not tqdm_asyncio
    if stream is None:  # as without a console on Windows
        options["disable"] = True
    elif not (is_notebook or stream.isatty()):
        line = "{desc}: {percentage:.0f}% {n_fmt}/{total_fmt} {unit} [{elapsed}<{remaining}{postfix}]"
        return _ProgressLines(iterable, bar_format=line if options.get("total") else None, mininterval=0, **options)
    return tqdm(iterable, **options)
