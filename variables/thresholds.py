"""What the suites hold the API to. Change a number here, or with `--variable`, and no suite needs to be touched."""

QUICK_RESPONSE = "5 s"
