from .audio.dataset import MFCCDataset as MFCCDataset
from .audio.mfcc_extraction import extract as extract
from .augmentation.augmenter import GanAugmenter as GanAugmenter
from .augmentation.class_counts import (
    AUGMENT_TARGET_SAMPLES as AUGMENT_TARGET_SAMPLES,
)
from .augmentation.class_counts import (
    Augmentation as Augmentation,
)
from .augmentation.output_files import check_augmented as check_augmented
from .augmentation.output_files import check_output as check_output
from .classification.evaluation import (
    Evaluation as Evaluation,
)
from .classification.evaluation import (
    evaluate as evaluate,
)
from .classification.report import (
    show as show,
)
from .classification.report import (
    write_results as write_results,
)
from .files.json_records import JSON_SUFFIXES as JSON_SUFFIXES
from .files.json_records import write_records as write_records
from .files.labelled_data import (
    LabelledData as LabelledData,
)
from .files.labelled_data import (
    read_labelled as read_labelled,
)
from .files.splits import (
    Split as Split,
)
from .files.splits import (
    check_new as check_new,
)
from .files.splits import (
    divide as divide,
)
from .files.splits import (
    read_split as read_split,
)
from .files.splits import (
    write_split as write_split,
)
from .training_run import (
    Run as Run,
)
from .training_run import (
    train_in_folder as train_in_folder,
)
