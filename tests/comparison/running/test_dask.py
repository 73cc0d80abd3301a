"""A real scheduler with two worker processes on loopback, one of which is killed halfway."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time

import pandas as pd
import pytest
from comparison.results_for_tests import unmeasured

from wgan_resampler import compare_samplers
from wgan_resampler.exceptions import InvalidParameterError

pytest.importorskip("distributed", reason="the extra 'dask' is not installed")

OPTIONS = {"classifiers": ["logistic_regression", "decision_tree"], "cv": 4, "n_repeats": 2, "verbose": 0}
SAMPLERS = ["none", "random_over", "smote"]


@contextlib.contextmanager
def cluster(folder):
    """Start a scheduler and two workers; yield the address and the worker processes."""
    file = folder / "scheduler.json"
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    log = (folder / "log.txt").open("w")
    dask = [sys.executable, "-m", "dask"]
    started = []

    def start(*arguments):
        command = [*dask, *arguments, "--no-dashboard", "--scheduler-file", str(file)]
        started.append(subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=folder))

    try:
        start("scheduler", "--host", "127.0.0.1", "--port", "0")
        wait_until(file.exists)
        for _ in range(2):
            start("worker", "--host", "127.0.0.1", "--nthreads", "1", "--no-nanny")
        yield json.loads(file.read_text())["address"], started[1:]
    finally:
        for process in started:
            process.kill()
            process.wait()
        log.close()


def wait_until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.02)


@pytest.mark.slow
def test_every_result_is_there_although_a_worker_is_killed_and_equals_the_local_run(tmp_path, two_classes, mixed):
    datasets = {"numbers": two_classes, "mixed": mixed}
    local = compare_samplers(datasets, SAMPLERS, **OPTIONS).to_frame()
    store = tmp_path / "out" / "cells.jsonl"
    n_jobs = 2 * len(SAMPLERS) * 4 * 2
    killed_after = []
    with cluster(tmp_path) as (address, workers):

        def kill_halfway():
            wait_until(lambda: store.exists() and store.read_bytes().count(b"\n") >= n_jobs // 3)
            os.kill(workers[0].pid, signal.SIGKILL)
            killed_after.append(store.read_bytes().count(b"\n"))

        killer = threading.Thread(target=kill_halfway)
        killer.start()
        remote = compare_samplers(datasets, SAMPLERS, **OPTIONS, output=tmp_path / "out", scheduler=address).to_frame()
        killer.join()
        assert workers[0].wait(timeout=10) == -signal.SIGKILL
        assert workers[1].poll() is None
    assert killed_after[0] < n_jobs
    assert len(remote) == n_jobs * 2
    pd.testing.assert_frame_equal(unmeasured(remote), unmeasured(local))


@pytest.mark.slow
def test_a_scheduler_that_does_not_answer_is_an_error(two_classes):
    with pytest.raises(InvalidParameterError, match="No Dask scheduler answers"):
        compare_samplers(two_classes, ["none"], **OPTIONS, scheduler="tcp://127.0.0.1:9")
