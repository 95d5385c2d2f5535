"""Benches of our virtual hardware, for the conformance suite."""
