"""The chart: planned, rendered in memory, written as a folder or an archive."""
