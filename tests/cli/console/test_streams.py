"""Output that cannot be written changes neither the work of a command nor its exit code."""

import os
import subprocess
import sys

import pytest

LINUX_ONLY = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110

PROGRAM = r"""
import os, sys
import wgan_resampler.cli.split
def run(args):
    with open(args.output, "wb", buffering=0) as file:
        for i in range(2000):
            print("hür \ud83d", i)
            print("dört", i, file=sys.stderr)
        os.write(1, b"noise from a library")
        file.write(b"the work")
    return int(args.seed)
wgan_resampler.cli.split.run = run
sys.exit(wgan_resampler.cli.main())
"""

BROKEN = {
    "stdout closed": ">&-",
    "stderr closed": "2>&-",
    "all closed": "<&- >&- 2>&-",
    "stdout full": ">/dev/full",
    "stderr full": "2>/dev/full",
    "stdout without a reader": "> >(exec <&-)",
    "stderr without a reader": "2> >(exec <&-)",
}


def start(folder, name, redirections, *more, **environment):
    command = f'exec "$@" --data x --output {name.replace(" ", "_")} {redirections}'
    arguments = ["bash", "-c", command, "bash", sys.executable, "-c", PROGRAM, "split", *more]
    environment = {**os.environ, **environment}
    return subprocess.Popen(arguments, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@LINUX_ONLY
def test_work_is_done_and_the_exit_code_true_with_broken_streams(tmp_path):
    processes = {name: start(tmp_path, name, redirections) for name, redirections in BROKEN.items()}
    for name, process in processes.items():
        output, errors = process.communicate(timeout=60)
        assert process.returncode == 0, (name, errors)
        assert b"Traceback" not in errors, name
        # No file of the command got the number of a closed stream.
        assert (tmp_path / name.replace(" ", "_")).read_bytes() == b"the work", name
        if not name.startswith(("stdout", "all")):
            assert b"1999" in output, name
        if not name.startswith(("stderr", "all")):
            assert b"1999" in errors, name


@LINUX_ONLY
def test_a_failure_stays_a_failure_with_broken_streams(tmp_path):
    process = start(tmp_path, "out", "2>/dev/full >&-", "--seed", "1")
    assert process.communicate(timeout=60) == (b"", b"")
    assert process.returncode == 1


def test_characters_that_stdout_does_not_have_are_escaped(tmp_path):
    process = start(tmp_path, "out", "", PYTHONIOENCODING="ascii")
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert output.splitlines()[0] == rb"h\xfcr \ud83d 0"


@LINUX_ONLY
def test_help_into_a_full_disk_is_no_failure():
    command = f"{sys.executable} -m wgan_resampler split --help >/dev/full"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
