"""The connection of a command to its process and terminal: streams, signals and messages."""
