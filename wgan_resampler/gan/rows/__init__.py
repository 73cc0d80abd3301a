"""Rows: real rows for each batch, and the choice among generated rows."""
