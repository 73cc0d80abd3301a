"""Small networks for tests, and trainers of them."""

import torch

from wgan_resampler import Callback, GanDiscriminator, GanGenerator, GanTrainer
from wgan_resampler.gan.losses import WGANGPLoss, gradient_norms


class SubclassedGenerator(GanGenerator):
    """A generator without closed-form gradients, so that autograd trains it."""


class SubclassedCritic(GanDiscriminator):
    """A critic without closed-form gradients, so that autograd trains it."""


class SameLoss(WGANGPLoss):
    """The default loss, but of another class, so that autograd differentiates it."""


class FailAt(Callback):
    """Raises an error in one hook, once."""

    def __init__(self, hook):
        self.hook = hook
        self.armed = True
        setattr(self, hook, self._fail)

    def _fail(self, trainer):
        if self.armed:
            self.armed = False
            raise ZeroDivisionError(self.hook)


def networks(generator_class=GanGenerator, critic_class=GanDiscriminator, feature_dim=2, **kwargs):
    """Return a generator and a critic of two classes, and by default of two features."""
    sizes = {"num_classes": 2, "feature_dim": feature_dim, "hidden_dim": 8, "num_layers": 2}
    generator = {"noise_dim": 3, "normalization": "layer", "dropout": 0.0, "random_state": 1, **kwargs}
    return generator_class(**sizes, **generator), critic_class(**sizes, random_state=2)


def trainer_of(pair=None, **kwargs):
    """Return a trainer of a generator and a critic, by default those of `networks`."""
    generator, critic = pair or networks()
    settings = {"noise_dim": 3, "num_classes": 2, "n_critic": 2, "learning_rate": 1e-2, "device": "cpu"}
    return GanTrainer(generator=generator, discriminator=critic, **{"random_state": 3, **settings, **kwargs})


def batches(n_batches=3, n_rows=6, seed=0):
    """Return batches of random rows of two classes."""
    rng = torch.Generator().manual_seed(seed)
    return [
        (torch.rand((n_rows, 2), generator=rng) * 2 - 1, torch.randint(2, (n_rows,), generator=rng))
        for _ in range(n_batches)
    ]


def weights_of(trainer):
    """Return all parameters of both networks as one vector."""
    return torch.cat([p.detach().flatten() for net in (trainer.generator, trainer.critic) for p in net.parameters()])


def without_seconds(history):
    """Return the records without the one entry that differs between equal trainings."""
    return [{key: value for key, value in record.items() if key != "seconds"} for record in history]


def gradient_penalty(critic, mixed, condition, feature_scale=None):
    """Return the gradient penalty of WGAN-GP, as autograd sees it."""
    return WGANGPLoss().penalty(gradient_norms(critic, mixed, condition, feature_scale))
