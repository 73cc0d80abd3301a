from .defaults import (
    GAN_DROPOUT as GAN_DROPOUT,
)
from .defaults import (
    GAN_HIDDEN_DIM as GAN_HIDDEN_DIM,
)
from .defaults import (
    GAN_LAMBDA_GP as GAN_LAMBDA_GP,
)
from .defaults import (
    GAN_LEARNING_RATE as GAN_LEARNING_RATE,
)
from .defaults import (
    GAN_N_CRITIC as GAN_N_CRITIC,
)
from .defaults import (
    GAN_NOISE_DIM as GAN_NOISE_DIM,
)
from .defaults import (
    GAN_NUM_LAYERS as GAN_NUM_LAYERS,
)
from .losses import WGANGPLoss as WGANGPLoss
from .networks import (
    GanDiscriminator as GanDiscriminator,
)
from .networks import (
    GanGenerator as GanGenerator,
)
from .networks import (
    Normalization as Normalization,
)
from .networks import (
    RowClassifier as RowClassifier,
)
from .one_hot_blocks import collapse as collapse
from .rows.batches import ClassBalancedBatches as ClassBalancedBatches
from .rows.candidates import (
    NeighborCandidates as NeighborCandidates,
)
from .rows.candidates import (
    class_rejection_rates as class_rejection_rates,
)
from .rows.candidates import (
    generate as generate,
)
from .rows.candidates import (
    train_classifier as train_classifier,
)
from .rows.class_moments import class_moments as class_moments
from .rows.encoded_table import EncodedTable as EncodedTable
from .training.callbacks import (
    Checkpoint as Checkpoint,
)
from .training.callbacks import (
    EarlyStopping as EarlyStopping,
)
from .training.callbacks import (
    ProgressBar as ProgressBar,
)
from .training.history import TrainingHistory as TrainingHistory
from .training.trainer import (
    Callback as Callback,
)
from .training.trainer import (
    GanTrainer as GanTrainer,
)
