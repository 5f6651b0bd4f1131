"""Training of parrotlet's streaming models."""
