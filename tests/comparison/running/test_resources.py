import gc
import os
import subprocess
import sys
import threading

import joblib
import numpy as np
import torch
from threadpoolctl import threadpool_info

from wgan_resampler.comparison.running.resources import Meter, one_thread


def test_a_worker_has_one_thread_and_gives_the_others_back():
    before = torch.get_num_threads(), [pool["num_threads"] for pool in threadpool_info()]
    torch.set_num_threads(2)
    try:
        with one_thread():
            assert torch.get_num_threads() == 1
            assert all(pool["num_threads"] == 1 for pool in threadpool_info())
            assert joblib.effective_n_jobs(None) == 1
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before[0])
    assert [pool["num_threads"] for pool in threadpool_info()] == before[1]


def test_a_library_that_is_loaded_by_a_sampler_has_one_thread_too():
    script = (
        "import sys\n"
        "from wgan_resampler.comparison.running.resources import one_thread\n"
        "assert 'torch' not in sys.modules\n"
        "with one_thread():\n"
        "    import torch\n"
        "    print(torch.get_num_threads())\n"
        "import os; print(torch.get_num_threads(), os.environ.get('OMP_NUM_THREADS'))\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment
    ).stdout.split()
    assert answer == ["1", str(joblib.cpu_count(only_physical_cores=True)), "None"]


def test_threads_that_overlap_give_all_threads_back():
    torch.set_num_threads(2)
    before = [(pool["internal_api"], pool["num_threads"]) for pool in threadpool_info()]
    first_inside, second_inside, first_out = threading.Event(), threading.Event(), threading.Event()
    inside = []

    def first():
        with one_thread():
            first_inside.set()
            second_inside.wait(10)
        first_out.set()

    def second():
        first_inside.wait(10)
        with one_thread():
            second_inside.set()
            first_out.wait(10)
            inside.append((torch.get_num_threads(), {pool["num_threads"] for pool in threadpool_info()}))

    workers = [threading.Thread(target=work) for work in (first, second)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert inside == [(1, {1})]
    assert [(pool["internal_api"], pool["num_threads"]) for pool in threadpool_info()] == before
    assert torch.get_num_threads() == 2


def test_the_highest_memory_is_measured():
    gc.collect()  # memory that others free meanwhile would be subtracted
    with Meter() as meter:
        rows = np.ones(2**24)
        rows += 1
        del rows
    assert 100 < meter.peak_mb < 400
