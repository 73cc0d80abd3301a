from .atomic_write import (
    atomic_writer as atomic_writer,
    remove_leftovers as remove_leftovers,
    writable_file as writable_file,
)
from .packings import (
    DAMAGE as DAMAGE,
    MARK_LENGTH as MARK_LENGTH,
    PACKED_SUFFIXES as PACKED_SUFFIXES,
    SeveralFilesError as SeveralFilesError,
    name_in_zip as name_in_zip,
    packing_of_content as packing_of_content,
    packing_of_name as packing_of_name,
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
