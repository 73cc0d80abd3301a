from .fitting import (
    FitSettings as FitSettings,
)
from .fitting import (
    Preparation as Preparation,
)
from .fitting import (
    epochs_of as epochs_of,
)
from .fitting import (
    prepare as prepare,
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
