"""Over-sampling of imbalanced tables with a conditional Wasserstein GAN with gradient penalty."""

from wgan_resampler.callbacks import Callback, ProgressBar
from wgan_resampler.constants import (
    GAN_DROPOUT,
    GAN_HIDDEN_DIM,
    GAN_LAMBDA_GP,
    GAN_LEARNING_RATE,
    GAN_N_CRITIC,
    GAN_NOISE_DIM,
    GAN_NUM_LAYERS,
)
from wgan_resampler.exceptions import (
    DeviceUnavailableError,
    IdentifierColumnWarning,
    InvalidDataError,
    InvalidParameterError,
    ThinClassWarning,
    TrainingDivergedError,
    TrainingStoppedEarlyWarning,
    WGANResamplerError,
    WGANResamplerWarning,
)
from wgan_resampler.history import TrainingHistory
from wgan_resampler.networks import GanDiscriminator, GanGenerator
from wgan_resampler.sampler import WGANGPOverSampler
from wgan_resampler.training import GanTrainer

__version__ = "0.1.0"

__all__ = [
    "GAN_DROPOUT",
    "GAN_HIDDEN_DIM",
    "GAN_LAMBDA_GP",
    "GAN_LEARNING_RATE",
    "GAN_NOISE_DIM",
    "GAN_NUM_LAYERS",
    "GAN_N_CRITIC",
    "Callback",
    "DeviceUnavailableError",
    "GanDiscriminator",
    "GanGenerator",
    "GanTrainer",
    "IdentifierColumnWarning",
    "InvalidDataError",
    "InvalidParameterError",
    "ProgressBar",
    "ThinClassWarning",
    "TrainingDivergedError",
    "TrainingHistory",
    "TrainingStoppedEarlyWarning",
    "WGANGPOverSampler",
    "WGANResamplerError",
    "WGANResamplerWarning",
    "__version__",
]
