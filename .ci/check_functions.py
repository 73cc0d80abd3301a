"""Fail if a test run has left a public function of the package without a covered line.

Usage: coverage json -o coverage.json && python .ci/check_functions.py coverage.json
"""

import json
import sys
from pathlib import Path

# These adapters need packages that pip must install without their dependencies; tests/comparison/methods/test_peers.py
# runs them if the packages are installed.
NEED_PEERS = "wgan_resampler/comparison/methods/adapters.py"


def uncovered(report: dict) -> list[str]:
    """Return the public functions and methods of which no line ran, each as "file: qualified name"."""
    return [
        f"{path}: {name}"
        for path, file in report["files"].items()
        if path != NEED_PEERS
        for name, function in file["functions"].items()
        # The function "" holds the lines of the module that are outside of all functions.
        if name and _is_public(name) and function["missing_lines"] and not function["executed_lines"]
    ]


def _is_public(name: str) -> bool:
    return not any(part.startswith("_") for part in name.split("."))


if __name__ == "__main__":
    names = uncovered(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    sys.exit("Public functions that no test runs:\n  " + "\n  ".join(names) if names else 0)
