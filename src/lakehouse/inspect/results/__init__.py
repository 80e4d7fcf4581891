"""What campaigns came to, told to people."""
