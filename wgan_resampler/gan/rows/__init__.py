"""Rows before and after the networks: real rows for each batch, and the choice among generated ones."""
