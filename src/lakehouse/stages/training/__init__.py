"""What a training asks before and after it: whether it is due, and what its lists would change."""
