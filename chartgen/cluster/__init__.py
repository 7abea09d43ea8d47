"""Reads the cluster through kr8s (extra `[cluster]`) and calls deployed models through its API server; never writes."""
