"""Card readers through PC/SC."""
