"""Real data in a folder beside the checkout, on developers' machines. Elsewhere, tests that need it are skipped."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TRACKS = ROOT / "examples" / "data" / "gtzan_13_tracks.json"
SHARED = ROOT.parent / "shared" / "data"


def shared_file(name):
    """Return the path of a shared file. If there is no such file, skip the test."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"the shared data folder with {name} is not here")
    return path
