"""On-screen input: keyboards."""
