"""Files of records, tables and splits: reading, checking and writing them."""
