"""A shop's database into its mirrors."""
