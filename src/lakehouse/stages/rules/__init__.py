"""Rules of lists beside the scoring: what they did, and what a change of the files would do."""
