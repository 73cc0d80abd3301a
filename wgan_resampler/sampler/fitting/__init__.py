"""Training: its settings, its parts before the first update, and how a later call resumes it."""
