"""Printers of documents that speak IPP, through pyipp."""
