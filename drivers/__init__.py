"""The terminal's hardware: one interface a device class, real drivers, and virtual devices under them."""
