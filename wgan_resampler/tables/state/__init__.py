"""Formats of tables and targets as plain values, as files of state hold them, and back.

A state may come from anywhere: whatever is wrong with it, only CheckpointError is raised.
"""
