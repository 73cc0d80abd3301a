"""The Python examples of the documentation run, and what they say to be true is true."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = [
    pytest.param(code, id=f"{page.name} {i}")
    for page in sorted(ROOT.glob("docs/*.md"))
    for i, code in enumerate(re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL))
]


@pytest.mark.parametrize("code", EXAMPLES)
def test_examples_run(code, monkeypatch):
    monkeypatch.chdir(ROOT)
    names = {}
    exec(compile(code, "example", "exec"), names)  # noqa: S102
    for line in code.splitlines():
        if line.endswith("  # True"):
            assert eval(line, names) is True  # noqa: S307
