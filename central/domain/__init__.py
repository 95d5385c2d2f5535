"""Rules of items and cases, free of storage and network: numbers, working days, clocks, masking, steps."""
