"""The reference central platform and the operators console."""
