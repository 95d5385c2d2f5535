"""One suite of trouble for every device of every driver, ours or a vendor's."""
