"""Adam and the moving average on flat vectors, against hand-computed numbers and torch's own Adam."""

import pytest
import torch
from torch import nn

from wgan_resampler.gan.gradients.flat_optimizers import Adam, FlatParameters, MovingAverage


def small_network(dtype=torch.float64):
    network = nn.Sequential(nn.Linear(3, 4, dtype=dtype), nn.Tanh(), nn.Linear(4, 1, dtype=dtype))
    rng = torch.Generator().manual_seed(0)
    for parameter in network.parameters():
        parameter.data.normal_(generator=rng)
    return network


class OneNumber(nn.Module):
    """A parameter and a buffer whose averages can be worked out by hand."""

    def __init__(self, value):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([value], dtype=torch.float64))
        self.register_buffer("running", torch.tensor([10.0 * value], dtype=torch.float64))
        self.register_buffer("count", torch.tensor(0))


def test_flat_parameters_share_their_memory_with_the_module():
    network = small_network()
    before = [p.detach().clone() for p in network.parameters()]
    flat = FlatParameters(network)
    assert flat.values.shape == (3 * 4 + 4 + 4 + 1,)
    for p, old in zip(network.parameters(), before, strict=True):
        assert torch.equal(p, old)
    flat.values.add_(1.0)
    flat.gradient.fill_(5.0)
    for p, old in zip(network.parameters(), before, strict=True):
        assert torch.equal(p, old + 1.0)
        assert torch.equal(p.grad, torch.full_like(p, 5.0))


def test_backward_writes_into_the_flat_gradient():
    network = small_network()
    flat = FlatParameters(network)
    loss = network(torch.ones(2, 3, dtype=torch.float64)).sum()
    expected = torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(network.parameters()))])
    network(torch.ones(2, 3, dtype=torch.float64)).sum().backward()
    assert torch.equal(flat.gradient, expected)


def test_frozen_parameters_stay_out():
    network = small_network()
    network[0].weight.requires_grad_(False)
    assert FlatParameters(network).values.shape == (4 + 4 + 1,)


def test_three_adam_steps_equal_the_numbers_by_hand():
    module = OneNumber(1.0)
    flat = FlatParameters(module)
    adam = Adam(flat, learning_rate=0.1, betas=(0.5, 0.9))
    # Gradient 2: m = 0.5 * 2 = 1, v = 0.1 * 4 = 0.4; corrected m = 1 / 0.5 = 2, v = 0.4 / 0.1 = 4; step 0.1 * 2 / 2.
    flat.gradient.fill_(2.0)
    adam.step()
    assert module.weight.item() == pytest.approx(1.0 - 0.1 * 2 / (2 + 1e-8), abs=1e-15)
    # Gradient -1: m = 0.5 * 1 + 0.5 * -1 = 0, so the weight stays where it is.
    flat.gradient.fill_(-1.0)
    adam.step()
    assert module.weight.item() == pytest.approx(0.9, abs=1e-9)
    # Gradient 1: m = 0.5, v = 0.9 * (0.9 * 0.4 + 0.1) + 0.1 = 0.514; corrected m = 0.5 / 0.875, v = 0.514 / 0.271.
    flat.gradient.fill_(1.0)
    adam.step()
    step = 0.1 * (0.5 / 0.875) / ((0.514 / 0.271) ** 0.5 + 1e-8)
    assert module.weight.item() == pytest.approx(0.9 - step, abs=1e-9)


@pytest.mark.parametrize("betas", [(0.5, 0.9), (0.0, 0.99), (0.9, 0.999)])
@pytest.mark.parametrize("scale", [1.0, 1e-9])
def test_steps_equal_those_of_torch_adam(betas, scale):
    ours, theirs = small_network(), small_network()
    flat = FlatParameters(ours)
    adam = Adam(flat, 0.01, betas)
    reference = torch.optim.Adam(theirs.parameters(), lr=0.01, betas=betas)
    rng = torch.Generator().manual_seed(1)
    for _ in range(20):
        x = torch.randn(5, 3, generator=rng, dtype=torch.float64)
        for network in (ours, theirs):
            for p in network.parameters():
                p.grad = None if p.grad is None or network is theirs else p.grad.zero_()
            (network(x).square().mean() * scale).backward()
        adam.step()
        reference.step()
    assert adam.n_steps == 20
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine, other, rtol=0, atol=1e-12)


def test_moving_average_equals_the_numbers_by_hand():
    module = OneNumber(1.0)
    flat = FlatParameters(module)
    average = MovingAverage(module, flat, decay=0.5)
    for value in (2.0, 3.0):
        flat.values.fill_(value)
        module.running.fill_(10.0 * value)
        average.update()
    # Weights of the past: 2 / 11, then 3 / 12.
    first = 2 / 11 * 1.0 + 9 / 11 * 2.0
    expected = 0.25 * first + 0.75 * 3.0
    copied = average.averaged_copy(module)
    assert copied.weight.item() == pytest.approx(expected, abs=1e-12)
    assert copied.running.item() == pytest.approx(10.0 * expected, abs=1e-12)


def test_moving_average_reaches_the_decay_that_was_asked_for():
    module = OneNumber(0.0)
    flat = FlatParameters(module)
    average = MovingAverage(module, flat, decay=0.5)
    for _ in range(10):
        average.update()
    flat.values.fill_(1.0)
    average.update()  # (1 + 11) / (10 + 11) is above 0.5 by now
    assert average.values.item() == pytest.approx(0.5)


def test_averaged_copy_shares_nothing_with_the_network():
    module = OneNumber(1.0)
    flat = FlatParameters(module)
    average = MovingAverage(module, flat, decay=0.0)
    copied = average.averaged_copy(module)
    flat.values.fill_(7.0)
    module.running.fill_(7.0)
    average.update()
    assert (copied.weight.item(), copied.running.item(), copied.count.item()) == (1.0, 10.0, 0)
    assert module.weight.item() == 7.0


def test_averaged_copy_keeps_frozen_parameters():
    network = small_network()
    network[0].weight.requires_grad_(False)
    flat = FlatParameters(network)
    average = MovingAverage(network, flat, decay=0.0)
    flat.values.fill_(7.0)
    average.update()
    copied = average.averaged_copy(network)
    assert torch.equal(copied[0].weight, network[0].weight)
    assert (copied[2].weight - 7.0).abs().max() < 7.0 * 0.2
