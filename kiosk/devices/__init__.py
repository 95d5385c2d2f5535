"""Devices at work: a thread each, with deadlines, back-off and availability."""
