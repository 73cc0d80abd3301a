import joblib
import numpy as np
import torch
from threadpoolctl import threadpool_info

from wgan_resampler.comparison.runtime import Meter, one_thread


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


def test_the_highest_memory_is_measured():
    with Meter() as meter:
        rows = np.ones(2**23)
        rows += 1
        del rows
    assert 50 < meter.peak_mb < 400
