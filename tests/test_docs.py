"""The examples in README and docs run, their command lines are valid, and their links and file names exist."""

import re
import shlex
from pathlib import Path

import pytest
from sklearn.datasets import make_classification

import wgan_resampler
from wgan_resampler.cli import COMMANDS, _parser

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


def commands_in(text):
    """Return the arguments of each command `wgan-resampler` in some lines of shell code."""
    lines = text.replace("\\\n", " ").splitlines()
    words = [shlex.split(part, comments=True) for line in lines for part in re.split(r"&&|\||;", line)]
    # A command with "..." repeats one that is shown in full above, so it is not tested again.
    return [found[1:] for found in words if found and Path(found[0]).name == "wgan-resampler" and "..." not in found]


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
