"""A module for each channel of campaigns: whom it reaches, by what, and who is left out of it."""
