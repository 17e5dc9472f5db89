"""Asks for abilities as often as it can, with nothing but Locust's own fast user; read by Locust."""

from __future__ import annotations

import random

from locust import FastHttpUser, constant, task

from bench.load_bodies import ABILITIES


class BareUser(FastHttpUser):
    """Looks up abilities, and looks at nothing that comes."""

    wait_time = constant(0)

    @task
    def get_ability(self) -> None:
        """Look up any ability."""
        self.client.get(f"/ability/{random.randint(1, ABILITIES)}/", name="ability")
