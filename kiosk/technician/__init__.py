"""Technician mode on the terminal's own screen: who may enter, what is examined, and that nobody leaves a machine in it."""
