"""A model served on this computer by the code that its pod runs."""
