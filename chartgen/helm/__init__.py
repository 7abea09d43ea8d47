"""Drives the user's own helm program, version 3.18 or newer, or 4: the only writer to the cluster."""
