"""What is told: the structured log, the blocks of log.html, and how secrets are kept out of both."""
