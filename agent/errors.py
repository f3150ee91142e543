"""How a call to the broker can fail, by what its caller must do about it."""


class BrokerError(Exception):
    """A call had no success; the text is fit for a log: no token, no vault."""


class UnavailableError(BrokerError):
    """The broker could not be reached or could not answer now.

    Attributes:
        retry_seconds: how long the caller must wait before the call is made again.
    """

    def __init__(self, message: str, retry_seconds: float) -> None:
        super().__init__(message)
        self.retry_seconds = retry_seconds


class TokenRefusedError(BrokerError):
    """401 or 403: nothing this agent asks will be answered."""


class RefusedError(BrokerError):
    """Any other answer that is no success.

    Attributes:
        status: the HTTP status.
        repeated: whether an earlier try of the same call may have arrived.
    """

    def __init__(self, status: int, message: str, repeated: bool) -> None:
        super().__init__(f"{status} {message}")
        self.status = status
        self.repeated = repeated


class PollEndedError(BrokerError):
    """end_polls() was called: no more work is wanted."""
