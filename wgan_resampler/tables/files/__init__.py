"""Table files: CSV and Parquet, read with limits on what they unpack to, and written in full or not at all."""
