"""Checks that tell a technician what is wrong."""
