"""Packs: folders of files that appear at once or not at all, on a disk of this machine or in a bucket."""
