"""The examples in README and docs run, their command lines are valid, and their links and file names exist."""

import glob
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from sklearn.datasets import make_classification

import wgan_resampler
from wgan_resampler.cli import COMMANDS, _parser, main

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/*.md"))]


def blocks(page, language):
    return re.findall(rf"^ *```{language}\n(.*?)^ *```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


EXAMPLES = [
    pytest.param(page, code, id=f"{page.name} {i}")
    for page in PAGES
    if page.name != "CONTRIBUTING.md"  # its examples are parts of modules and do not run alone
    for i, code in enumerate(blocks(page, "python"))
]


@pytest.mark.parametrize(("page", "code"), EXAMPLES)
def test_examples_run(page, code, monkeypatch, tmp_path):
    # The README's examples write files, and use the reader's X and y. The examples in docs/ read the repository's data.
    monkeypatch.chdir(tmp_path if page.name == "README.md" else ROOT)
    X, y = make_classification(n_samples=150, weights=[0.8], random_state=0)
    names = {"X": X, "y": ["frequent" if label == 0 else "rare" for label in y]} if page.name == "README.md" else {}
    if page.name == "README.md":
        # The README's comparison takes minutes, because it has all classifiers and metrics. So a smaller one runs here.
        compare = wgan_resampler.compare_samplers
        small = {"classifiers": ["knn"], "cv": 2, "n_repeats": 1, "n_jobs": None, "scoring": ["balanced_accuracy"]}
        monkeypatch.setattr(
            wgan_resampler,
            "compare_samplers",
            lambda *args, **options: compare(*args, **(options | small | {"verbose": 0})),
        )
    exec(compile(code, "example", "exec"), names)  # noqa: S102
    for line in code.splitlines():
        if line.endswith("  # True"):
            assert eval(line, names) is True  # noqa: S307


NOT_RUN = {
    "python3 -m venv": "makes an environment, with packages from the network",
    ".venv/bin/pip install": "installs packages from the network",
    "pip install": "installs packages from the network",
    "dask scheduler": "needs several machines",
    "python benchmarks/": "needs data sets that are not in the repository",
    "wgan-resampler compare FOLDER": "needs data sets that are not in the repository",
    "wgan-resampler compare FILES": "needs data sets that are not in the repository",
}
"""Beginnings of shell blocks that are not run here, with the reason. Their command lines are still parsed."""


def blocks_to_run(page):
    return [block for block in blocks(page, "sh") if not block.startswith(tuple(NOT_RUN))]


PAGES_TO_RUN = [pytest.param(page, id=page.name) for page in PAGES if blocks_to_run(page)]

QUICK = {
    "extract": ["--jobs", "1"],
    "train": ["--epochs", "1"],
    "compare": shlex.split("--samplers none,smote --classifiers knn --scoring f1 --cv 2 --repeats 1 --jobs 1 --quiet"),
}
"""Flags that make the commands of the pages quick. If a flag is given twice, the last one counts."""


def steps_of(block):
    """Return the steps of a shell block: Python code as a string, or the words of a line."""
    parts = re.findall(r"^python - <<'END'\n([\s\S]*?)^END\n|^(.+)\n", block.replace("\\\n", " "), re.MULTILINE)
    for code, line in parts:
        words = shlex.split(line, comments=True)
        yield code or (words[2] if words[:2] == ["python", "-c"] else words)


@pytest.fixture
def folder_of_reader(tmp_path, monkeypatch):
    """Go to an empty folder. The README's reader is in a clone, so the examples are there."""
    monkeypatch.chdir(tmp_path)

    def prepare(page):
        if page.name == "README.md":
            (tmp_path / "examples").symlink_to(ROOT / "examples")
        return tmp_path

    return prepare


@pytest.mark.parametrize("page", PAGES_TO_RUN)
def test_shell_blocks_run_in_order_with_short_trainings(page, folder_of_reader, capsys):
    folder_of_reader(page)
    for block in blocks_to_run(page):
        for step in steps_of(block):
            if isinstance(step, str):
                exec(compile(step, page.name, "exec"), {})  # noqa: S102
                continue
            program, command, *arguments = step
            assert program == "wgan-resampler", f"{page.name} runs {step}"
            words = [found for word in arguments for found in (sorted(glob.glob(word)) or [word])]  # noqa: PTH207
            assert main([command, *words, *QUICK.get(command, [])]) == 0, capsys.readouterr().err
    shown = re.findall(r"^Next: .*$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(shown) <= set(capsys.readouterr().out.splitlines())


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES_TO_RUN)
def test_shell_blocks_run_word_by_word(page, folder_of_reader):
    folder = folder_of_reader(page)
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": programs, "PYTHONPATH": str(ROOT)}
    for block in blocks_to_run(page):
        done = subprocess.run(["bash", "-e", "-c", block], cwd=folder, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, f"{block}\n{done.stderr}"


def test_every_block_that_is_not_run_is_known():
    found = [block for page in PAGES for block in blocks(page, "sh")]
    for start in NOT_RUN:
        assert any(block.startswith(start) for block in found), f"no page has a block that begins with {start}"


def commands_in(block):
    """Return the arguments of each command `wgan-resampler` in a shell block."""
    # A here-document ends a command, and its lines are not commands.
    lines = re.sub(r"<<'END'[\s\S]*?^END$", "", block.replace("\\\n", " "), flags=re.MULTILINE).splitlines()
    words = [shlex.split(part, comments=True) for line in lines for part in re.split(r"&&", line)]
    return [found[1:] for found in words if found and Path(found[0]).name == "wgan-resampler"]


COMMAND_LINES = [
    pytest.param(arguments, id=f"{page.name} {i} {arguments[0]}")
    for page in PAGES
    for i, arguments in enumerate(line for block in blocks(page, "sh") for line in commands_in(block))
]


@pytest.mark.parametrize("arguments", COMMAND_LINES)
def test_command_lines_are_valid(arguments):
    _parser().parse_args(arguments)


def test_every_command_is_shown():
    assert {param.values[0][0] for param in COMMAND_LINES} == set(COMMANDS)


def test_modules_that_the_pages_name_exist():
    for page in PAGES:
        for name in re.findall(r"`(wgan_resampler(?:/\w+)+\.pyi?)`", page.read_text(encoding="utf-8")):
            assert (ROOT / name).exists(), f"{page.name} names {name}"


def test_links_between_pages_lead_somewhere():
    for page in [*PAGES, ROOT / "CHANGELOG.md", ROOT / "SECURITY.md"]:
        for target in re.findall(r"\]\((?!https?://)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_picture_of_the_architecture_shows_every_module():
    picture = re.search(
        r"```\n(wgan_resampler/\n.*?)^tests/", (ROOT / "docs/architecture.md").read_text(), re.S | re.M
    )[1]
    shown = set(re.findall(r"[\w/]+", picture))
    modules = [path for path in (ROOT / "wgan_resampler").rglob("*.py") if path.stem != "__init__"]
    folders = {f"{path.parent.name}/" for path in modules}
    assert {path.stem for path in modules} | folders <= shown
    # A name with at least two spaces on both sides, or at the end of a line, is a module.
    named = re.findall(r"(?<=  )[a-z_]+(?=  |$)", picture, re.M)
    assert set(named) <= {path.stem for path in modules} | {"__init__"}
