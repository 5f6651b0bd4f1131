"""The one error raised on purpose; its text says what was expected, what came, what to do."""


class TrainingError(Exception):
    """Shown without a traceback by the command line."""
