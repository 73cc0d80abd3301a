"""The losses of the Wasserstein GAN with gradient penalty, against numbers worked out by hand."""

import pytest
import torch
from gan.small_networks import gradient_penalty

from wgan_resampler.gan.losses import WGANGPLoss, mix_rows

WEIGHTS = torch.tensor([[3.0], [4.0]])


def linear(features, condition):
    return features @ WEIGHTS


def test_linear_critic_of_norm_five_has_penalty_sixteen():
    rows = torch.randn(7, 2, generator=torch.Generator().manual_seed(0))
    assert gradient_penalty(linear, rows, torch.ones(7, 1)).item() == 16.0


def test_linear_critic_of_norm_one_has_no_penalty():
    assert gradient_penalty(lambda x, c: x @ WEIGHTS / 5, torch.zeros(7, 2), torch.ones(7, 1)).item() == pytest.approx(
        0.0, abs=1e-12
    )


def test_critic_without_slope_has_penalty_one_and_a_finite_gradient():
    weights = torch.zeros(2, 1, requires_grad=True)
    penalty = gradient_penalty(lambda x, c: x @ weights, torch.zeros(7, 2), torch.ones(7, 1))
    penalty.backward()
    assert penalty.item() == 1.0
    assert weights.grad.tolist() == [[0.0], [0.0]]


def test_penalty_takes_the_norm_row_by_row_before_the_mean():
    # The score x^2 / 2 has the gradient x: norms 3 and 1, so ((3 - 1)^2 + (1 - 1)^2) / 2.
    rows = torch.tensor([[3.0, 0.0], [0.0, -1.0]])
    penalty = gradient_penalty(lambda x, c: x.square().sum(1, keepdim=True) / 2, rows, torch.ones(2, 1))
    assert penalty.item() == 2.0


def test_penalty_ignores_the_slope_with_respect_to_the_condition():
    def critic(features, condition):
        return linear(features, condition) + 1000.0 * condition.sum(1, keepdim=True)

    condition = torch.ones(3, 1, requires_grad=True)
    assert gradient_penalty(critic, torch.zeros(3, 2), condition).item() == 16.0


def test_penalty_measures_features_in_their_scale():
    # (3 * 2, 4 * 2) has norm 10, so (10 - 1)^2.
    scale = torch.tensor([2.0, 2.0])
    assert gradient_penalty(linear, torch.zeros(3, 2), torch.ones(3, 1), scale).item() == 81.0
    # (3 * 4, 4 * 0) has norm 12, so (12 - 1)^2.
    scale = torch.tensor([4.0, 0.0])
    assert gradient_penalty(linear, torch.zeros(3, 2), torch.ones(3, 1), scale).item() == 121.0


def test_penalty_can_be_differentiated_with_respect_to_the_critic():
    # d/dw (|w| - 1)^2 = 2 (|w| - 1) w / |w| = 2 * 4 * (3, 4) / 5.
    weights = WEIGHTS.clone().requires_grad_()
    gradient_penalty(lambda x, c: x @ weights, torch.zeros(7, 2), torch.ones(7, 1)).backward()
    torch.testing.assert_close(weights.grad, torch.tensor([[4.8], [6.4]]))


def test_penalty_leaves_the_rows_without_gradient():
    rows = torch.zeros(3, 2, requires_grad=True)
    weights = WEIGHTS.clone().requires_grad_()
    gradient_penalty(lambda x, c: x @ weights, rows, torch.ones(3, 1)).backward()
    assert rows.grad is None


def test_critic_loss_is_fake_minus_real_plus_weighted_penalty():
    real_score, fake_score = torch.tensor([[1.0], [3.0]]), torch.tensor([[5.0], [8.0]])
    loss = WGANGPLoss().critic_loss(real_score, fake_score, torch.tensor(0.25), 10.0)
    assert loss.item() == 6.5 - 2.0 + 2.5


def test_generator_loss_is_minus_the_mean_fake_score():
    assert WGANGPLoss().generator_loss(torch.tensor([[1.0], [-4.0]])).item() == 1.5


def test_mixed_rows_lie_between_real_and_fake_with_share_one_at_the_real_row():
    real, fake = torch.tensor([[4.0, 0.0]] * 3), torch.tensor([[0.0, 8.0]] * 3)
    mixed = mix_rows(real, fake, torch.tensor([[0.0], [0.25], [1.0]]))
    assert mixed.tolist() == [[0.0, 8.0], [1.0, 6.0], [4.0, 0.0]]
