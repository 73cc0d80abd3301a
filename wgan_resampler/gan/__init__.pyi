from .defaults import (
    GAN_DROPOUT as GAN_DROPOUT,
    GAN_HIDDEN_DIM as GAN_HIDDEN_DIM,
    GAN_LAMBDA_GP as GAN_LAMBDA_GP,
    GAN_LEARNING_RATE as GAN_LEARNING_RATE,
    GAN_N_CRITIC as GAN_N_CRITIC,
    GAN_NOISE_DIM as GAN_NOISE_DIM,
    GAN_NUM_LAYERS as GAN_NUM_LAYERS,
)
from .losses import WGANGPLoss as WGANGPLoss
from .networks import (
    GanDiscriminator as GanDiscriminator,
    GanGenerator as GanGenerator,
    Normalization as Normalization,
    RowClassifier as RowClassifier,
)
from .one_hot_blocks import collapse as collapse
from .rows.batches import ClassBalancedBatches as ClassBalancedBatches
from .rows.candidates import (
    NeighborCandidates as NeighborCandidates,
    class_rejection_rates as class_rejection_rates,
    generate as generate,
    train_classifier as train_classifier,
)
from .rows.class_moments import class_moments as class_moments
from .rows.encoded_table import EncodedTable as EncodedTable
from .training.callbacks import (
    Checkpoint as Checkpoint,
    EarlyStopping as EarlyStopping,
    ProgressBar as ProgressBar,
)
from .training.history import TrainingHistory as TrainingHistory
from .training.trainer import (
    Callback as Callback,
    GanTrainer as GanTrainer,
)
