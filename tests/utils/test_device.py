"""Devices, seeds and the settings under which the networks run."""

import contextlib
import threading

import pytest
import torch

from wgan_resampler.exceptions import (
    DeviceUnavailableError,
    InvalidParameterError,
    OutOfDeviceMemoryError,
    WGANResamplerError,
)
from wgan_resampler.utils.device import N_THREADS, computing, new_generator, resolve_device

CPU = torch.device("cpu")


@pytest.fixture
def no_cuda(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.fixture
def two_cuda_devices(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)


@pytest.mark.usefixtures("no_cuda")
def test_auto_is_the_cpu_without_cuda():
    assert resolve_device("auto") == CPU


@pytest.mark.usefixtures("two_cuda_devices")
@pytest.mark.parametrize(("device", "expected"), [("auto", "cuda"), ("cuda", "cuda"), ("cuda:1", "cuda:1")])
def test_cuda_is_taken_where_there_is_one(device, expected):
    assert resolve_device(device) == torch.device(expected)


@pytest.mark.parametrize("device", ["cpu", CPU])
def test_cpu_is_taken_as_text_or_as_device(device):
    assert resolve_device(device) == CPU


@pytest.mark.usefixtures("no_cuda")
@pytest.mark.parametrize("device", ["cuda", "cuda:0", "cuda:1", torch.device("cuda")])
def test_cuda_that_does_not_exist_is_an_error_and_no_fall_back(device):
    with pytest.raises(DeviceUnavailableError, match=r"finds 0 CUDA device\(s\).*Use device='cpu' or 'auto'") as caught:
        resolve_device(device)
    assert isinstance(caught.value, RuntimeError)
    assert isinstance(caught.value, WGANResamplerError)


@pytest.mark.usefixtures("two_cuda_devices")
def test_cuda_index_beyond_the_last_device_is_an_error():
    with pytest.raises(DeviceUnavailableError, match=r"device='cuda:2'.*finds 2 CUDA device"):
        resolve_device("cuda:2")


@pytest.mark.parametrize("device", ["gpu", "", "meta", "mps", "cuda:x", "cpu:-1", None, 1.5])
def test_what_names_no_usable_device_is_refused(device):
    with pytest.raises(InvalidParameterError, match=r"device must be 'auto', 'cpu', 'cuda' or 'cuda:N'; got"):
        resolve_device(device)


def test_seeded_generators_repeat_and_unseeded_ones_do_not():
    def draw(seed):
        return torch.rand(8, generator=new_generator(seed, CPU)).tolist()

    before = torch.get_rng_state()
    assert draw(5) == draw(5)
    assert draw(5) != draw(6)
    assert draw(None) != draw(None)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("seed", [0, 2**63 - 1])
def test_seeds_span_63_bits(seed):
    assert new_generator(seed, CPU).initial_seed() == seed


def test_block_runs_on_a_fixed_number_of_threads_without_gradients_inference_mode_or_autocast():
    weights = torch.ones(2, 2, requires_grad=True)
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16), computing(CPU):
        assert torch.get_num_threads() == N_THREADS
        assert not torch.is_grad_enabled()
        assert not torch.is_inference_mode_enabled()
        assert not torch.is_autocast_enabled("cpu")
        product = weights @ weights
    assert product.dtype == torch.float32
    assert not product.requires_grad
    assert not product.is_inference()


@pytest.mark.parametrize("error", [None, ZeroDivisionError, KeyboardInterrupt])
def test_callers_settings_come_back_even_after_an_error(error):
    n_threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        expected = contextlib.nullcontext() if error is None else pytest.raises(error)
        with expected, computing(CPU), computing(CPU):
            if error is not None:
                raise error
        assert torch.get_num_threads() == 2
        assert torch.is_grad_enabled()
        assert not torch.is_inference_mode_enabled()
    finally:
        torch.set_num_threads(n_threads)


def test_too_little_memory_of_a_gpu_is_a_named_error_that_says_what_to_lower():
    message = r"not enough memory on device 'cuda:1'\. Use a smaller batch_size or hidden_dim.* Tried to allocate 2 GiB"
    with pytest.raises(OutOfDeviceMemoryError, match=message) as caught, computing(torch.device("cuda:1")):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.")
    assert isinstance(caught.value, RuntimeError)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_generators_on_cuda_are_private_and_repeat():
    device = resolve_device("auto")
    assert device.type == "cuda"
    before = torch.cuda.get_rng_state()
    draws = [torch.rand(8, generator=new_generator(5, device), device=device) for _ in range(2)]
    assert torch.equal(*draws)
    assert torch.equal(torch.cuda.get_rng_state(), before)


def test_a_thread_that_left_another_behind_restores_the_callers_count():
    # bug: what such a thread found when it came back was the count of the block, which it then "restored"
    inside, leave = threading.Event(), threading.Event()

    def first():
        with computing(CPU):
            inside.set()
            leave.wait(timeout=10)

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        other = threading.Thread(target=first)
        other.start()
        inside.wait(timeout=10)
        with computing(CPU):
            pass
        leave.set()
        other.join()
        with computing(CPU):
            assert torch.get_num_threads() == N_THREADS
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
