"""Over-sampling of imbalanced tables with a conditional Wasserstein GAN with gradient penalty."""

import importlib
from typing import TYPE_CHECKING, Any

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
    ComparisonStoreError,
    ComparisonWarning,
    DeviceUnavailableError,
    InvalidDataError,
    InvalidParameterError,
    MissingDependencyError,
    TrainingDivergedError,
    TrainingStoppedEarlyWarning,
    WGANResamplerError,
    WGANResamplerWarning,
    WorkerLostError,
)
from wgan_resampler.history import TrainingHistory
from wgan_resampler.networks import GanDiscriminator, GanGenerator
from wgan_resampler.sampler import WGANGPOverSampler
from wgan_resampler.training import GanTrainer

if TYPE_CHECKING:
    from wgan_resampler.comparison import ComparisonDisplay as ComparisonDisplay
    from wgan_resampler.comparison import ComparisonResult as ComparisonResult
    from wgan_resampler.comparison import compare_samplers as compare_samplers

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
    "ComparisonStoreError",
    "ComparisonWarning",
    "DeviceUnavailableError",
    "GanDiscriminator",
    "GanGenerator",
    "GanTrainer",
    "InvalidDataError",
    "InvalidParameterError",
    "MissingDependencyError",
    "ProgressBar",
    "TrainingDivergedError",
    "TrainingHistory",
    "TrainingStoppedEarlyWarning",
    "WGANGPOverSampler",
    "WGANResamplerError",
    "WGANResamplerWarning",
    "WorkerLostError",
    "__version__",
]

# Imported when asked for: they need the packages of the extra "compare". For the same reason a star import leaves
# them out.
_COMPARISON = ("ComparisonDisplay", "ComparisonResult", "compare_samplers")


def __getattr__(name: str) -> Any:
    if name not in _COMPARISON:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from wgan_resampler.extras import COMPARE, require

    require("pandas", name, COMPARE)
    return getattr(importlib.import_module("wgan_resampler.comparison"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_COMPARISON})
