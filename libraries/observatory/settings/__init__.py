"""The settings of a run: one frozen object, and the messages about what is wrong with it."""

from observatory.settings.settings import (
    ENV_FILE,
    PROJECT_ROOT,
    Settings,
    load_settings,
    retries_of_tests,
    variable_name,
)

__all__ = ["ENV_FILE", "PROJECT_ROOT", "Settings", "load_settings", "retries_of_tests", "variable_name"]
