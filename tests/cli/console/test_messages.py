"""Messages of the commands."""

import shlex
import warnings

from wgan_resampler.cli import main
from wgan_resampler.cli.console.messages import say_next
from wgan_resampler.exceptions import ThinClassWarning


def test_filters_of_scikit_learns_modules_do_not_hide_our_warnings(monkeypatch, capsys):
    def run(_args):
        # As if raised in a fit: the stack level points into scikit-learn.
        for _ in range(2):
            warnings.warn_explicit("Classes\nare thin.", ThinClassWarning, "sklearn/base.py", 1, module="sklearn.base")
        return 0

    monkeypatch.setattr("wgan_resampler.cli.split.run", run)
    warnings.filterwarnings("ignore", module="sklearn")
    warnings.filterwarnings("error", category=UserWarning)
    assert main(["split", "--data", "x", "--output", "y"]) == 0
    assert capsys.readouterr().err == "wgan-resampler: warning: Classes are thin.\n" * 2


def test_the_next_command_survives_a_shell(capsys):
    words = ["train", "--data", "my music's.json", "--target", "kind of song", "--resume", "--output", "model"]
    say_next("train", data=words[2], target=words[4], split_file=None, resume=True, baseline=False, output="model")
    line = capsys.readouterr().out
    assert shlex.split(line) == ["Next:", "wgan-resampler", *words]
