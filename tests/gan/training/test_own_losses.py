"""Training with a user's own losses, which autograd differentiates."""

import pytest
import torch
from gan.small_networks import SameLoss, batches, networks, trainer_of, weights_of, without_seconds

from wgan_resampler.gan import WGANGPLoss
from wgan_resampler.gan.rows.batches import one_hot


class OneSidedPenalty(WGANGPLoss):
    """Punishes only norms above 1."""

    def penalty(self, norms):
        return (norms - 1.0).relu().square().mean()


class Hinge(WGANGPLoss):
    """The hinge loss, without a penalty."""

    def critic_loss(self, real_score, fake_score, penalty, lambda_gp):
        return (1.0 - real_score).relu().mean() + (1.0 + fake_score).relu().mean()


class LeastSquares(WGANGPLoss):
    """The generator wants scores of 1."""

    def generator_loss(self, fake_score):
        return (fake_score - 1.0).square().mean()


def train(loss, **kwargs):
    trainer = trainer_of(loss=loss, **kwargs)
    trainer.train(batches(n_rows=2), epochs=2)
    return trainer


def test_default_loss_by_autograd_trains_the_same_weights_as_in_closed_form():
    explicit, autograd = train(None), train(SameLoss())
    torch.testing.assert_close(weights_of(autograd), weights_of(explicit), rtol=0, atol=1e-5)
    for ours, theirs in zip(without_seconds(autograd.history), without_seconds(explicit.history), strict=True):
        assert ours == pytest.approx(theirs, abs=1e-5)


@pytest.mark.parametrize("loss", [OneSidedPenalty(), Hinge(), LeastSquares()], ids=lambda loss: type(loss).__name__)
def test_an_own_loss_trains_other_weights(loss):
    assert not torch.allclose(weights_of(train(loss)), weights_of(train(None)), atol=1e-4)


def test_records_hold_the_values_of_the_own_loss():
    # At this step size the networks do not move, so the scores are those of the initial networks.
    ((features, labels),) = data = batches(1)
    trainer = trainer_of(loss=Hinge(), learning_rate=1e-12, n_critic=1)
    (record,) = trainer.train(data, epochs=1)
    generator, critic = networks()
    condition, rng = one_hot(labels, 2), torch.Generator().manual_seed(3)  # the trainer's seed
    with torch.no_grad():
        made = generator(torch.randn(12, 3, generator=rng)[:6], condition)
        real, fake = critic(features, condition), critic(made, condition)
    expected = (1 - real).relu().mean() + (1 + fake).relu().mean()
    assert record["critic_loss"] == pytest.approx(expected.item(), rel=1e-5)
    assert record["wasserstein_estimate"] == pytest.approx((real.mean() - fake.mean()).item(), rel=1e-4)
    assert record["gradient_penalty"] > 0


def test_hinge_loss_learns_where_the_rows_are():
    generator, critic = networks(skip_connections=True)
    trainer = trainer_of((generator, critic), loss=Hinge(), n_critic=2, learning_rate=5e-3)
    trainer.train([(torch.full((16, 2), 0.6), torch.arange(16) % 2)], epochs=150)
    made = generator(torch.randn(50, 3, generator=torch.Generator().manual_seed(0)), torch.eye(2).repeat(25, 1))
    assert (made - 0.6).abs().mean() < 0.2


def test_a_state_can_be_loaded_into_a_trainer_with_an_own_loss():
    trainer = trainer_of(loss=Hinge())
    trainer.load_state_dict(train(None).state_dict())
    assert len(trainer.train(batches(), epochs=1)) == 3
