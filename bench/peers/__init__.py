"""The peers: the same checks, written as somebody would who has only the tool in the file's name."""
