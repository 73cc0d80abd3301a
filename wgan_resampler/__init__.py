"""Over-sampling of imbalanced tables with a conditional Wasserstein GAN with gradient penalty.

Names are imported when they are first used, so that the command line answers before torch is loaded.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wgan_resampler.augment import GanAugmenter
    from wgan_resampler.callbacks import Callback, Checkpoint, EarlyStopping, ProgressBar
    from wgan_resampler.comparison import ComparisonDisplay as ComparisonDisplay
    from wgan_resampler.comparison import ComparisonResult as ComparisonResult
    from wgan_resampler.comparison import compare_samplers as compare_samplers
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
        CheckpointError,
        CheckpointVersionError,
        ComparisonStoreError,
        ComparisonWarning,
        DamagedCheckpointWarning,
        DataFileError,
        DeviceUnavailableError,
        IdentifierColumnWarning,
        InvalidDataError,
        InvalidParameterError,
        LeakWarning,
        MissingDependencyError,
        SkippedFilesWarning,
        SplitWarning,
        ThinClassWarning,
        TrainingDivergedError,
        TrainingStoppedEarlyWarning,
        WGANResamplerError,
        WGANResamplerWarning,
        WorkerLostError,
    )
    from wgan_resampler.history import TrainingHistory
    from wgan_resampler.mfcc import MFCCDataset
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
    "Checkpoint",
    "CheckpointError",
    "CheckpointVersionError",
    "ComparisonStoreError",
    "ComparisonWarning",
    "DamagedCheckpointWarning",
    "DataFileError",
    "DeviceUnavailableError",
    "EarlyStopping",
    "GanAugmenter",
    "GanDiscriminator",
    "GanGenerator",
    "GanTrainer",
    "IdentifierColumnWarning",
    "InvalidDataError",
    "InvalidParameterError",
    "LeakWarning",
    "MFCCDataset",
    "MissingDependencyError",
    "ProgressBar",
    "SkippedFilesWarning",
    "SplitWarning",
    "ThinClassWarning",
    "TrainingDivergedError",
    "TrainingHistory",
    "TrainingStoppedEarlyWarning",
    "WGANGPOverSampler",
    "WGANResamplerError",
    "WGANResamplerWarning",
    "WorkerLostError",
    "__version__",
]

_HOMES = {
    "augment": ("GanAugmenter",),
    "callbacks": (
        "Callback",
        "Checkpoint",
        "EarlyStopping",
        "ProgressBar",
    ),
    "constants": (
        "GAN_DROPOUT",
        "GAN_HIDDEN_DIM",
        "GAN_LAMBDA_GP",
        "GAN_LEARNING_RATE",
        "GAN_N_CRITIC",
        "GAN_NOISE_DIM",
        "GAN_NUM_LAYERS",
    ),
    "exceptions": (
        "CheckpointError",
        "CheckpointVersionError",
        "ComparisonStoreError",
        "ComparisonWarning",
        "DamagedCheckpointWarning",
        "DataFileError",
        "DeviceUnavailableError",
        "IdentifierColumnWarning",
        "InvalidDataError",
        "InvalidParameterError",
        "LeakWarning",
        "MissingDependencyError",
        "SkippedFilesWarning",
        "SplitWarning",
        "ThinClassWarning",
        "TrainingDivergedError",
        "TrainingStoppedEarlyWarning",
        "WGANResamplerError",
        "WGANResamplerWarning",
        "WorkerLostError",
    ),
    "history": ("TrainingHistory",),
    "mfcc": ("MFCCDataset",),
    "networks": (
        "GanDiscriminator",
        "GanGenerator",
    ),
    "sampler": ("WGANGPOverSampler",),
    "training": ("GanTrainer",),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

_COMPARISON = ("ComparisonDisplay", "ComparisonResult", "compare_samplers")
"""They need the packages of the extra "compare", so a star import leaves them out."""


def __getattr__(name: str) -> Any:
    """Import a public name from its module, the first time that it is asked for."""
    if name in _COMPARISON:
        from wgan_resampler.extras import COMPARE, require

        require("pandas", name, COMPARE)
        module = "comparison"
    elif name in _HOME_OF:
        module = _HOME_OF[name]
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_COMPARISON})
