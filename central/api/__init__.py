"""What terminals call: version 1 of the contract over HTTP."""
