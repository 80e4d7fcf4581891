"""Who a person is must not be readable outside the vault."""
