"""report."""

from __future__ import annotations

from typing import Any


def render(result: Any, *, title: str) -> str:
    """Return the page."""
    return title
