from .atomic_write import (
    atomic_writer as atomic_writer,
    remove_leftovers as remove_leftovers,
    writable_file as writable_file,
)
from .state_file import (
    FoundState as FoundState,
    load_state as load_state,
    newest_good as newest_good,
    save_state as save_state,
)
from .typed_state import (
    Count as Count,
    NotNegative as NotNegative,
    Records as Records,
    Scalar as Scalar,
    Share as Share,
    Weights as Weights,
    check_same_form as check_same_form,
    convert_state as convert_state,
    refusing as refusing,
)
