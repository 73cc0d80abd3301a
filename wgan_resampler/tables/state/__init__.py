"""Containers and their dtypes as plain values for files of state, and back."""
