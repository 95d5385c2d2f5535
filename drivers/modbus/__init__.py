"""Modbus RTU over a serial line: frames by pymodbus, waits by our own serial line."""
