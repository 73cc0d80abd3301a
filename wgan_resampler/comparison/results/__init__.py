"""Scores of all jobs: tables, tests, pictures, the report."""
