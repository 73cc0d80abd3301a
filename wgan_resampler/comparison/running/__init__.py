"""One job at a time: a sampler on a fold, its resources and its stored result."""
