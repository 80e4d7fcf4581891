"""This machine: lock, disks, logs."""
