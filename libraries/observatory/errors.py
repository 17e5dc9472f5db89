"""Every error the observatory raises on purpose: one small tree, each message a sentence that says what to do."""


class ObservatoryError(Exception):
    """Something went wrong that a person can understand and mend; the message is the whole story."""


class SettingsError(ObservatoryError):
    """A setting is missing or wrong; the message names the variable, the value seen and what is accepted."""


class StandInError(SettingsError):
    """The stand-in, a server of our own, could not be started."""


class HistoryError(ObservatoryError):
    """The history could not be read or written."""
