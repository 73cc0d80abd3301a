from .caller_settings import own_settings as own_settings
from .caller_warnings import warn_caller as warn_caller
from .device import (
    computing as computing,
    new_generator as new_generator,
    resolve_device as resolve_device,
)
from .optional_dependencies import (
    AUDIO as AUDIO,
    CLASSIFY as CLASSIFY,
    COMPARE as COMPARE,
    DASK as DASK,
    FILES as FILES,
    FOREST_DIFFUSION as FOREST_DIFFUSION,
    PEERS as PEERS,
    SMOTE_VARIANTS as SMOTE_VARIANTS,
    require as require,
)
from .progress import progress_bar as progress_bar
from .seeding import (
    SAMPLE_KEY as SAMPLE_KEY,
    next_seed as next_seed,
    seed_for as seed_for,
    seed_sequence as seed_sequence,
)
