"""Idempotency keys: UUIDv7, so that they sort by time and never repeat."""

from __future__ import annotations

from uuid6 import uuid7


def new_key() -> str:
    """Return a new UUIDv7."""
    return str(uuid7())
