"""What the trainer learns."""

import math

import numpy as np
import torch
from gan.small_networks import trainer_of, weights_of
from gan.small_tables import table_of
from torch import nn

from wgan_resampler import GanDiscriminator, GanGenerator, GanTrainer
from wgan_resampler.gan.rows.batches import ClassBalancedBatches, one_hot


def test_trainer_learns_a_mixture_of_two_classes_with_two_modes_each():
    rng = np.random.default_rng(0)
    centres = np.array([[[-0.7, -0.6], [-0.3, 0.6]], [[0.3, -0.6], [0.7, 0.6]]])
    counts = [(150, 150), (30, 30)]
    rows = [rng.normal(centres[c][m], 0.06, (counts[c][m], 2)) for c in (0, 1) for m in (0, 1)]
    features = torch.tensor(np.concatenate(rows), dtype=torch.float32)
    labels = torch.tensor([0] * 300 + [1] * 60)
    generator = GanGenerator(
        num_classes=2,
        feature_dim=2,
        noise_dim=8,
        hidden_dim=64,
        num_layers=2,
        dropout=0.0,
        normalization="layer",
        skip_connections=True,
        random_state=1,
    )
    critic = GanDiscriminator(feature_dim=2, num_classes=2, hidden_dim=64, num_layers=2, random_state=2)
    trainer = GanTrainer(
        generator=generator,
        discriminator=critic,
        noise_dim=8,
        num_classes=2,
        n_critic=4,
        learning_rate=2e-3,
        device="cpu",
        random_state=3,
        average_decay=0.99,
    )
    source = ClassBalancedBatches(table_of(features, labels), 64, torch.Generator().manual_seed(4))
    trainer.train(source, epochs=1000, max_updates=800)
    averaged = trainer.averaged_generator()
    for label in (0, 1):
        noise = torch.randn(1000, 8, generator=torch.Generator().manual_seed(5))
        made = averaged(noise, one_hot(torch.full((1000,), label), 2)).detach().numpy()
        # Each mode lies 0.63 from the mean of its class, and 1.26 from the other.
        np.testing.assert_allclose(made.mean(0), centres[label].mean(0), atol=0.2)
        distance = np.linalg.norm(made[:, None] - centres[label][None], axis=2)
        share_near = (distance < 0.3).mean(0)
        assert share_near.min() > 0.15, share_near
        share_nearest = np.bincount(distance.argmin(1), minlength=2) / 1000
        assert share_nearest.min() > 0.3, share_nearest


def test_own_modules_are_trained_by_autograd():
    class Generator(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 2))

        def forward(self, noise, condition):
            return self.layers(torch.cat([noise, condition], 1))

    class Critic(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))

        def forward(self, features, condition):
            return self.layers(torch.cat([features, condition], 1))

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        trainer = trainer_of((Generator(), Critic()), n_critic=4)
    before = weights_of(trainer)
    history = trainer.train([(torch.full((8, 2), 2.0), torch.arange(8) % 2)], epochs=200)
    assert (weights_of(trainer) != before).float().mean() > 0.9
    made = trainer.generator(torch.randn(20, 3, generator=torch.Generator().manual_seed(0)), torch.eye(2).repeat(10, 1))
    assert (made - 2.0).abs().mean() < 0.5
    assert all(math.isfinite(value) for value in history.column("critic_loss"))
