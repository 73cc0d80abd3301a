"""Ctrl-C and SIGTERM at any moment: the exit code is right, one line gives the reason, and no import breaks."""

import signal
import subprocess
import sys
import time

import pytest

from wgan_resampler.cli import main

SPLIT = ["split", "--data", "x", "--output", "y"]
STOPS = [(signal.SIGINT, 130, "stopped by Ctrl-C"), (signal.SIGTERM, 143, "stopped by SIGTERM")]


@pytest.fixture(autouse=True)
def signals_are_not_ignored():
    """Handle SIGINT, which a shell ignores in its background jobs."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def run(monkeypatch, capsys):
    """Return a function that runs another one as the command `split`, and returns its exit code and stderr."""

    def run(function):
        monkeypatch.setattr("wgan_resampler.cli.split.run", lambda _args: function() or 0)
        return main(SPLIT), capsys.readouterr().err

    return run


@pytest.fixture
def modules(monkeypatch, tmp_path):
    """Return a folder of modules that can be imported."""
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for path in tmp_path.glob("*.py"):
        sys.modules.pop(path.stem, None)


def write_module_that_gets(folder, number, name):
    (folder / f"{name}.py").write_text(f"import signal\nsignal.raise_signal({int(number)})\nis_whole = True\n")


@pytest.mark.parametrize(("number", "code", "line"), STOPS)
def test_a_signal_during_an_import_of_torch_waits_for_its_end(run, modules, number, code, line):
    name = f"gets_{int(number)}"
    write_module_that_gets(modules, number, name)
    seen = []

    def work():
        seen.append(__import__(name).is_whole)
        time.sleep(20)
        seen.append("not stopped")

    assert run(work) == (code, f"wgan-resampler: {line}\n")
    assert seen == [True]


def test_a_signal_during_the_last_import_of_a_command_counts(run, modules):
    write_module_that_gets(modules, signal.SIGTERM, "last")

    def fail():
        __import__("last")
        raise OSError("a fault that is not said any more")

    assert run(lambda: __import__("last") and None) == (143, "wgan-resampler: stopped by SIGTERM\n")
    del sys.modules["last"]
    assert run(fail) == (143, "wgan-resampler: stopped by SIGTERM\n")


def test_before_work_has_begun_a_signal_ends_the_process_at_once(modules):
    (modules / "slow.py").write_text("import time\nprint('importing', flush=True)\ntime.sleep(60)\n")
    program = f"""
import sys
sys.path.insert(0, {str(modules)!r})
import wgan_resampler.cli.split
wgan_resampler.cli.split.run = lambda args: __import__("slow")
sys.exit(wgan_resampler.cli.main())
"""
    command = [sys.executable, "-c", program, *SPLIT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "importing\n"
        process.terminate()
        _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (143, "wgan-resampler: stopped by SIGTERM\n")


def test_two_signals_of_one_stop_do_not_disturb_the_cleaning(run):
    cleaned = []

    def work():
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            signal.raise_signal(signal.SIGTERM)
            cleaned.append(True)

    assert run(work) == (130, "wgan-resampler: stopped by Ctrl-C\n")
    assert cleaned == [True]


def test_a_signal_that_the_parent_ignores_stays_ignored(run):
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert run(lambda: signal.raise_signal(signal.SIGINT)) == (0, "")
    finally:
        signal.signal(signal.SIGINT, before)


def test_all_handlers_are_put_back(run):
    numbers = [signal.SIGINT, signal.SIGTERM, signal.SIGALRM]
    before = [signal.getsignal(number) for number in numbers]
    run(lambda: None)
    assert [signal.getsignal(number) for number in numbers] == before
