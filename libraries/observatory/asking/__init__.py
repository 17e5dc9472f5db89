"""What a person asks for, as requests: ranges of resources, addresses found in answers, pages of lists."""
