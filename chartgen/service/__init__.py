"""The service file: what a person writes, read, checked and completed."""
