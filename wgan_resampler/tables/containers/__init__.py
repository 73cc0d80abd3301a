"""Containers of rows and labels: read into columns, and built again from them."""
