"""chartgen turns an ML model file and a small service file into a versioned Helm chart."""
