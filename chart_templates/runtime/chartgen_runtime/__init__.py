"""What runs in the pod: reads one model and answers predictions, under whichever server an adapter puts in front.

A request's way through the modules: `front` (HTTP) - `dataplane` (bytes in, bytes out) - `codec` (JSON) - `predictor`,
with the user's `handler` - `protocol` and `arrays` (JSON values to arrays) - `formats` (the model) - `outputs`.
The usual request of numbers goes the short way through `quick` instead, from bytes to bytes.
"""
