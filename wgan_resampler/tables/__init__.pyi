from .columns import (
    CategoricalCells as CategoricalCells,
)
from .columns import (
    Cells as Cells,
)
from .columns import (
    NumericCells as NumericCells,
)
from .columns import (
    numeric_cells as numeric_cells,
)
from .containers.base import (
    Table as Table,
)
from .containers.base import (
    TableFormat as TableFormat,
)
from .containers.pandas_frames import (
    PandasFormat as PandasFormat,
)
from .containers.pandas_frames import (
    SeriesFormat as SeriesFormat,
)
from .containers.targets import (
    TargetFormat as TargetFormat,
)
from .containers.targets import (
    find_label as find_label,
)
from .containers.targets import (
    plain_label as plain_label,
)
from .encoding.encoder import (
    EncodedRows as EncodedRows,
)
from .encoding.encoder import (
    TableEncoder as TableEncoder,
)
from .encoding.schema import (
    BlockGroup as BlockGroup,
)
from .encoding.schema import (
    CategoricalColumn as CategoricalColumn,
)
from .encoding.schema import (
    Column as Column,
)
from .encoding.schema import (
    Link as Link,
)
from .encoding.schema import (
    NumericColumn as NumericColumn,
)
from .encoding.schema import (
    RowLayout as RowLayout,
)
from .encoding.schema import (
    Scale as Scale,
)
from .encoding.schema import (
    TableSchema as TableSchema,
)
from .encoding.state import (
    schema_from_state as schema_from_state,
)
from .encoding.state import (
    schema_to_state as schema_to_state,
)
from .state.formats import (
    check_format as check_format,
)
from .state.formats import (
    format_from_state as format_from_state,
)
from .state.formats import (
    format_to_state as format_to_state,
)
from .state.formats import (
    target_from_state as target_from_state,
)
from .state.formats import (
    target_to_state as target_to_state,
)
from .validation import (
    check_table as check_table,
)
from .validation import (
    check_target as check_target,
)
