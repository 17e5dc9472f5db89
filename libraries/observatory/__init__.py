"""The engine of the PokéAPI Observatory: plain Python, used by keywords, command line and load tests alike."""
