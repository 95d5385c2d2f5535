"""What is on a card: bytes in, values out, no I/O."""
