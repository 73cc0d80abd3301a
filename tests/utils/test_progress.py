import io
import re
import sys

import pytest

from wgan_resampler.utils import progress_bar


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(("total", "n_lines"), [(1000, 10), (7, 7), (1, 1)])
def test_a_log_file_gets_a_line_for_each_tenth(capsys, total, n_lines):
    assert list(progress_bar(range(total), desc="work", total=total, unit="file")) == list(range(total))
    shown = capsys.readouterr().err
    lines = shown.splitlines()
    assert len(lines) == n_lines
    assert all(re.match(rf"work: \d+% \d+/{total} file \[", line) for line in lines)
    assert lines[-1].startswith("work: 100% ")
    assert "\r" not in shown


def test_the_last_line_shows_the_last_losses(capsys):
    with progress_bar(desc="work", total=2, initial=1) as bar:
        bar.update()
        bar.set_postfix({"loss": "0.5"}, refresh=False)
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition("[")[0] for line in lines] == ["work: 50% 1/2 it ", "work: 100% 2/2 it "]
    assert "loss=0.5" in lines[-1]


def test_work_that_stops_early_does_not_claim_to_be_done(capsys):
    with progress_bar(desc="work", total=100) as bar:
        bar.update(35)
    assert [line.partition("[")[0] for line in capsys.readouterr().err.splitlines()] == ["work: 35% 35/100 it "]


def test_a_disabled_bar_and_a_missing_stderr_show_nothing(capsys, monkeypatch):
    assert len(list(progress_bar(range(9), total=9, disable=True))) == 9
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys, "stderr", None)
    assert len(list(progress_bar(range(9), total=9))) == 9


def test_a_terminal_gets_a_bar(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    list(progress_bar(range(9), desc="work", total=9))
    assert "\rwork: 100%|" in sys.stderr.getvalue()
