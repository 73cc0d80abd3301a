from .columns import (
    CategoricalCells as CategoricalCells,
    Cells as Cells,
    NumericCells as NumericCells,
    numeric_cells as numeric_cells,
)
from .containers.base import (
    Table as Table,
    TableFormat as TableFormat,
)
from .containers.pandas_frames import (
    PandasFormat as PandasFormat,
    SeriesFormat as SeriesFormat,
)
from .containers.targets import (
    TargetFormat as TargetFormat,
    find_label as find_label,
    plain_label as plain_label,
)
from .encoding.categories import looks_like_identifier as looks_like_identifier
from .encoding.encoder import (
    EncodedRows as EncodedRows,
    TableEncoder as TableEncoder,
)
from .encoding.grid import find_grid as find_grid
from .encoding.schema import (
    BlockGroup as BlockGroup,
    CategoricalColumn as CategoricalColumn,
    Column as Column,
    Link as Link,
    NumericColumn as NumericColumn,
    RowLayout as RowLayout,
    Scale as Scale,
    TableSchema as TableSchema,
)
from .encoding.state import (
    check_columns as check_columns,
    schema_to_state as schema_to_state,
)
from .files.csv_dialect import CsvOptions as CsvOptions
from .files.new_rows import (
    IS_SYNTHETIC as IS_SYNTHETIC,
    META_SUFFIX as META_SUFFIX,
    NewRows as NewRows,
)
from .files.packed import (
    MIN_UNPACKED_ALLOWANCE as MIN_UNPACKED_ALLOWANCE,
    one_line as one_line,
    open_data as open_data,
)
from .files.table_files import (
    TABLE_NAMES as TABLE_NAMES,
    TABLE_SUFFIXES as TABLE_SUFFIXES,
    TEXT_NAMES as TEXT_NAMES,
    TableFile as TableFile,
    check_kind as check_kind,
    open_table as open_table,
    read_table as read_table,
    synthetic_rows as synthetic_rows,
    table_suffix as table_suffix,
    write_table as write_table,
)
from .state.formats import (
    check_format as check_format,
    format_from_state as format_from_state,
    format_to_state as format_to_state,
    target_from_state as target_from_state,
    target_to_state as target_to_state,
)
from .state.plain_values import (
    value_from_state as value_from_state,
    value_to_state as value_to_state,
)
from .validation import (
    check_table as check_table,
    check_target as check_target,
)
