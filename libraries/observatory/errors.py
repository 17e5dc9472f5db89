"""Every error the observatory raises on purpose: one small tree, each message a sentence that says what to do."""


class ObservatoryError(Exception):
    """Something went wrong that a person can understand and mend; the message is the whole story."""


class SettingsError(ObservatoryError):
    """A setting is missing or wrong; the message names the variable, the value seen and what is accepted."""


class HistoryError(ObservatoryError):
    """The history could not be read or written."""
