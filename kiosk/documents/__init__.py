"""Documents on A4: made from data, sealed, printed once, on paper that is counted."""
