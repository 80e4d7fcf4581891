"""A campaign's pack: which are due, the frames that it is made from, the files, and what marketing sees after the publication."""
