"""A lock that is held, for who works under it."""


class HeldLock:
    """Of this kind none can be lost: the system keeps it for the process, or somebody else promises it."""

    is_lost = False

    def check(self) -> None:
        """Before every commit. LockLostError (75) if this process knows that it has lost the lock; costs nothing."""

    def confirm(self) -> None:
        """Before anything is shown. The same, asked of the place where the lock is."""
