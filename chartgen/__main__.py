"""`python -m chartgen` is the command line."""

from chartgen.cli import main

main()
