from .device import (
    computing as computing,
)
from .device import (
    new_generator as new_generator,
)
from .device import (
    resolve_device as resolve_device,
)
from .optional_dependencies import (
    COMPARE as COMPARE,
)
from .optional_dependencies import (
    DASK as DASK,
)
from .optional_dependencies import (
    FILES as FILES,
)
from .optional_dependencies import (
    FOREST_DIFFUSION as FOREST_DIFFUSION,
)
from .optional_dependencies import (
    PEERS as PEERS,
)
from .optional_dependencies import (
    SMOTE_VARIANTS as SMOTE_VARIANTS,
)
from .optional_dependencies import (
    require as require,
)
from .seeding import (
    SAMPLE_KEY as SAMPLE_KEY,
)
from .seeding import (
    next_seed as next_seed,
)
from .seeding import (
    seed_for as seed_for,
)
from .seeding import (
    seed_sequence as seed_sequence,
)
