"""Formats of tables and targets as plain values, as files of state hold them, and back.

A state may come from an untrusted source. If anything is wrong with it, CheckpointError is raised and no other error.
"""
