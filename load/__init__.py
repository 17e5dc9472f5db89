"""The load: Locust's users, shapes and profiles. Start one with `inv load --profile light`, or with Locust itself."""
