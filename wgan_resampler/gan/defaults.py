"""The documented defaults of the networks and of :class:`~wgan_resampler.GanTrainer`, in one place.

The over-sampler has its own defaults, which were chosen by measurement. They are in its signature.
"""

from typing import Final

GAN_NOISE_DIM: Final = 100
"""Length of the noise vector that the generator turns into a row."""

GAN_HIDDEN_DIM: Final = 256
"""Units in each hidden layer of both networks."""

GAN_NUM_LAYERS: Final = 3
"""Hidden layers in each network."""

GAN_DROPOUT: Final = 0.2
"""Share of hidden units of the generator that are set to 0 in a training step."""

GAN_N_CRITIC: Final = 5
"""Critic updates per generator update (Gulrajani et al. 2017, Algorithm 1)."""

GAN_LAMBDA_GP: Final = 10.0
"""Weight of the gradient penalty (Gulrajani et al. 2017, Algorithm 1)."""

GAN_LEARNING_RATE: Final = 0.00005
"""Step size of Adam for both networks."""

GAN_BETAS: Final = (0.5, 0.9)
"""Decay rates of Adam's two moments."""

GAN_LEAKY_SLOPE: Final = 0.2
"""Slope of the LeakyReLU below zero, in both networks."""
