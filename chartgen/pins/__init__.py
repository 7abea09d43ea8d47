"""Which versions of which libraries go into the pod: tables of what installs together, with the wheels' digests."""
