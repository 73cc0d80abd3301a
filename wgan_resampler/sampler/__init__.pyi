from .fitting.preparation import Preparation as Preparation
from .fitting.preparation import epochs_of as epochs_of
from .fitting.preparation import prepare as prepare
from .fitting.settings import HYPER_PARAMETERS as HYPER_PARAMETERS
from .fitting.settings import INT_OR_AUTO as INT_OR_AUTO
from .fitting.settings import NOT_NEGATIVE as NOT_NEGATIVE
from .fitting.settings import POSITIVE as POSITIVE
from .fitting.settings import POSITIVE_INT as POSITIVE_INT
from .fitting.settings import PRESETS as PRESETS
from .fitting.settings import FitSettings as FitSettings
from .generator_state import (
    ModelState as ModelState,
)
from .generator_state import (
    model_from_state as model_from_state,
)
from .generator_state import (
    model_hash as model_hash,
)
from .generator_state import (
    model_to_state as model_to_state,
)
from .over_sampler import WGANGPOverSampler as WGANGPOverSampler
from .row_generator import RowModel as RowModel
from .strategies import (
    OWN_STRATEGIES as OWN_STRATEGIES,
)
from .strategies import (
    rows_to_generate as rows_to_generate,
)
