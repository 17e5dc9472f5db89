"""What the search for secrets looks for besides what detect-secrets knows of."""
