"""Cameras: frame sources, code decoding, photographs of papers."""
