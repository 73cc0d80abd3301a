from .data_warnings import ReadColumn as ReadColumn, warn_of_data as warn_of_data
from .fitting.preparation import Preparation as Preparation, epochs_of as epochs_of, prepare as prepare
from .fitting.settings import (
    HYPER_PARAMETERS as HYPER_PARAMETERS,
    OWN_STRATEGIES as OWN_STRATEGIES,
    POSITIVE_INT as POSITIVE_INT,
    PRESETS as PRESETS,
    FitSettings as FitSettings,
    Values as Values,
)
from .generator_state import (
    ModelState as ModelState,
    model_from_state as model_from_state,
    model_to_state as model_to_state,
)
from .over_sampler import WGANGPOverSampler as WGANGPOverSampler
from .row_generator import RowModel as RowModel, model_hash as model_hash
from .strategies import rows_to_generate as rows_to_generate
