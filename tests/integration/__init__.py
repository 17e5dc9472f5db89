"""Tests with real servers, databases and commands."""
