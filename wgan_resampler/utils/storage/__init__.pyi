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
    array_from_state as array_from_state,
)
from .plain_values import (
    array_to_state as array_to_state,
)
from .plain_values import (
    dtype_from_text as dtype_from_text,
)
from .plain_values import (
    dtype_or_none as dtype_or_none,
)
from .plain_values import (
    get as get,
)
from .plain_values import (
    require_pandas as require_pandas,
)
from .plain_values import (
    value_from_state as value_from_state,
)
from .plain_values import (
    value_to_state as value_to_state,
)
from .plain_values import (
    zone_from_text as zone_from_text,
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
from .typed_state import (
    Count as Count,
)
from .typed_state import (
    NotNegative as NotNegative,
)
from .typed_state import (
    Records as Records,
)
from .typed_state import (
    Scalar as Scalar,
)
from .typed_state import (
    Share as Share,
)
from .typed_state import (
    Weights as Weights,
)
from .typed_state import (
    check_same_form as check_same_form,
)
from .typed_state import (
    checked as checked,
)
from .typed_state import (
    convert_state as convert_state,
)
