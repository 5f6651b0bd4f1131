"""The one error this package raises on purpose; its text says what was expected, came, and to do."""


class TrainingError(Exception):
    """Shown without a traceback by the command line."""
