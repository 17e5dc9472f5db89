"""What must hold of what an API answers, whatever its data are."""
