"""Virtual hardware under the real drivers, at the lowest port."""
