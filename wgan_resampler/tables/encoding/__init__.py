"""Columns <-> the encoded matrix that networks are trained on."""
