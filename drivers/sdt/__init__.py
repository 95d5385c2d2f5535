"""Serial ID-card readers (GA/T 467)."""
