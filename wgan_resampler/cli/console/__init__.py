"""What a command has to do with the process and the terminal around it: streams, signals and messages."""
