"""One module for each model format, imported by its name: only the one that the model needs is in the pod."""
