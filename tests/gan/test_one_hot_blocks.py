"""Blocks of states in tensors: expanding, collapsing, activation, and its gradient."""

import pytest
import torch
from hypothesis import given, settings, strategies as st

from wgan_resampler.gan.one_hot_blocks import activate, activate_explicitly, backward, collapse, expand
from wgan_resampler.tables.encoding.schema import RowLayout

LAYOUT = RowLayout(2, (1, 2, 2, 4))

layouts = st.builds(
    lambda n, sizes: RowLayout(n, tuple(sorted(sizes))), st.integers(0, 3), st.lists(st.integers(1, 5), max_size=5)
).filter(lambda layout: layout.width)


def random_output(layout, n=7, seed=0, dtype=torch.float64):
    return torch.randn(n, layout.width, generator=torch.Generator().manual_seed(seed), dtype=dtype)


@settings(deadline=None)  # the first example may pay for torch's start
@given(layouts, st.integers(0, 99))
def test_collapse_undoes_expand(layout, seed):
    rng = torch.Generator().manual_seed(seed)
    values = torch.rand(6, layout.n_values, generator=rng) * 2 - 1
    states = torch.stack(
        [torch.randint(size, (6,), generator=rng) for size in layout.block_sizes]
        or [torch.zeros(6, dtype=torch.int64)],
        dim=1,
    )[:, : len(layout.block_sizes)]
    rows = expand(values, states, layout)
    assert rows.shape == (6, layout.width)
    assert torch.equal(rows[:, layout.n_values :].sum(dim=1), torch.full((6,), float(len(layout.block_sizes))))
    again_values, again_states = collapse(rows, layout)
    assert torch.equal(again_values, values)
    assert torch.equal(again_states, states)


def test_activated_rows_are_tanh_values_and_one_hot_blocks():
    output = random_output(LAYOUT)
    rows = activate(output, LAYOUT)
    torch.testing.assert_close(rows[:, :2], output[:, :2].tanh())
    torch.testing.assert_close(expand(*collapse(rows, LAYOUT), LAYOUT), rows)
    _, states = collapse(output, LAYOUT)
    assert torch.equal(collapse(rows, LAYOUT)[1], states)  # the largest logit wins


def test_gradient_of_a_block_is_that_of_its_softmax():
    # Straight-through: the forward pass uses the state, the backward pass its probability.
    layout, weight = RowLayout(0, (3,)), torch.tensor([[2.0, -1.0, 0.5]], dtype=torch.float64)
    output = random_output(layout).requires_grad_()
    (activate(output, layout) * weight).sum().backward()
    share = torch.softmax(output.detach(), dim=1)
    expected = share * (weight - (share * weight).sum(dim=1, keepdim=True))
    torch.testing.assert_close(output.grad, expected)


@settings(deadline=None)  # the first example may pay for torch's start
@given(layouts, st.integers(0, 99))
def test_explicit_activation_equals_autograd(layout, seed):
    output = random_output(layout, seed=seed).requires_grad_()
    gradient = random_output(layout, seed=seed + 1)
    rows = activate(output, layout)
    rows.backward(gradient)
    explicit_rows, shares = activate_explicitly(output.detach().clone(), layout)
    torch.testing.assert_close(explicit_rows, rows.detach(), rtol=0, atol=1e-12)
    torch.testing.assert_close(backward(gradient.clone(), shares, layout), output.grad, rtol=0, atol=1e-12)


@pytest.mark.parametrize("layout", [RowLayout(3), RowLayout(0, (2, 2)), LAYOUT])
def test_wild_outputs_stay_finite(layout):
    output = torch.full((2, layout.width), 1e30)
    output[1] = -1e30
    rows, shares = activate_explicitly(output, layout)
    assert rows.isfinite().all()
    assert backward(torch.ones_like(rows), shares, layout).isfinite().all()
