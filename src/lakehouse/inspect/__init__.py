"""Questions about a lake: these modules only look."""
