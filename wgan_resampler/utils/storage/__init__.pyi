from .atomic_write import (
    atomic_writer as atomic_writer,
)
from .atomic_write import (
    remove_leftovers as remove_leftovers,
)
from .plain_values import (
    Plain as Plain,
)
from .plain_values import (
    checked as checked,
)
from .plain_values import (
    get as get,
)
from .state_file import (
    FoundState as FoundState,
)
from .state_file import (
    load_state as load_state,
)
from .state_file import (
    newest_good as newest_good,
)
from .state_file import (
    save_state as save_state,
)
