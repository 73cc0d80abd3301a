"""What a command returns to the shell."""

from __future__ import annotations

from typing import Final

DONE: Final = 0
FAILED: Final = 1
INTERRUPTED: Final = 130
TERMINATED: Final = 143


class Terminated(KeyboardInterrupt):
    """SIGTERM arrived. Code that tidies up after Ctrl-C tidies up after this too."""
