from .audio.dataset import MFCCDataset as MFCCDataset
from .audio.mfcc_extraction import extract as extract
from .augmentation import AUGMENT_TARGET_SAMPLES as AUGMENT_TARGET_SAMPLES
from .augmentation.augmenter import GanAugmenter as GanAugmenter
from .augmentation.class_counts import Augmentation as Augmentation
from .augmentation.output_files import check_output as check_output
from .classification import CLASSIFIERS as CLASSIFIERS
from .classification.evaluation import (
    Evaluation as Evaluation,
    evaluate as evaluate,
)
from .classification.gain import gain_in_words as gain_in_words
from .classification.report import (
    columns_of as columns_of,
    write_results as write_results,
)
from .files.json_records import (
    JSON_SUFFIXES as JSON_SUFFIXES,
    mean_over_time as mean_over_time,
    write_records as write_records,
)
from .files.labelled_data import (
    LabelledData as LabelledData,
    read_labelled as read_labelled,
)
from .files.splits import (
    Split as Split,
    check_split_output as check_split_output,
    divide as divide,
    groups_of as groups_of,
    read_split as read_split,
    write_split as write_split,
)
from .training_run import (
    Run as Run,
    train_in_folder as train_in_folder,
)
