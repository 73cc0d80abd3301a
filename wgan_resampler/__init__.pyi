from .comparison import (
    ComparisonDisplay as ComparisonDisplay,
    ComparisonResult as ComparisonResult,
    compare_samplers as compare_samplers,
)
from .exceptions import (
    WGANResamplerError as WGANResamplerError,
    WGANResamplerWarning as WGANResamplerWarning,
)
from .gan import (
    GAN_DROPOUT as GAN_DROPOUT,
    GAN_HIDDEN_DIM as GAN_HIDDEN_DIM,
    GAN_LAMBDA_GP as GAN_LAMBDA_GP,
    GAN_LEARNING_RATE as GAN_LEARNING_RATE,
    GAN_N_CRITIC as GAN_N_CRITIC,
    GAN_NOISE_DIM as GAN_NOISE_DIM,
    GAN_NUM_LAYERS as GAN_NUM_LAYERS,
    Callback as Callback,
    Checkpoint as Checkpoint,
    EarlyStopping as EarlyStopping,
    GanDiscriminator as GanDiscriminator,
    GanGenerator as GanGenerator,
    GanTrainer as GanTrainer,
    ProgressBar as ProgressBar,
    TrainingHistory as TrainingHistory,
)
from .records import (
    GanAugmenter as GanAugmenter,
    MFCCDataset as MFCCDataset,
)
from .sampler import WGANGPOverSampler as WGANGPOverSampler

__version__: str
