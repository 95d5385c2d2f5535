"""Training mode: virtual hardware, the dock and the scripted citizen."""
