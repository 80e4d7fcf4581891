"""Rules of lists: golden cases, and what a change of the files would do."""
