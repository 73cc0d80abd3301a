"""The training loop: one step, the optimizers, hooks and the history."""
