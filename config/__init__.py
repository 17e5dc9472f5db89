"""What is written for the servers that watch, and the code that writes a part of it."""
