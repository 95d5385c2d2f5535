"""One screen a step kind."""
