from .comparison import (
    ComparisonDisplay as ComparisonDisplay,
)
from .comparison import (
    ComparisonResult as ComparisonResult,
)
from .comparison import (
    compare_samplers as compare_samplers,
)
from .exceptions import (
    WGANResamplerError as WGANResamplerError,
)
from .exceptions import (
    WGANResamplerWarning as WGANResamplerWarning,
)
from .gan import (
    GAN_DROPOUT as GAN_DROPOUT,
)
from .gan import (
    GAN_HIDDEN_DIM as GAN_HIDDEN_DIM,
)
from .gan import (
    GAN_LAMBDA_GP as GAN_LAMBDA_GP,
)
from .gan import (
    GAN_LEARNING_RATE as GAN_LEARNING_RATE,
)
from .gan import (
    GAN_N_CRITIC as GAN_N_CRITIC,
)
from .gan import (
    GAN_NOISE_DIM as GAN_NOISE_DIM,
)
from .gan import (
    GAN_NUM_LAYERS as GAN_NUM_LAYERS,
)
from .gan import (
    Callback as Callback,
)
from .gan import (
    Checkpoint as Checkpoint,
)
from .gan import (
    EarlyStopping as EarlyStopping,
)
from .gan import (
    GanDiscriminator as GanDiscriminator,
)
from .gan import (
    GanGenerator as GanGenerator,
)
from .gan import (
    GanTrainer as GanTrainer,
)
from .gan import (
    ProgressBar as ProgressBar,
)
from .gan import (
    TrainingHistory as TrainingHistory,
)
from .records import (
    GanAugmenter as GanAugmenter,
)
from .records import (
    MFCCDataset as MFCCDataset,
)
from .sampler import WGANGPOverSampler as WGANGPOverSampler

__version__: str
