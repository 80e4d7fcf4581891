"""Addresses that are no customer's own, as data."""

# Marketplaces stand between buyer and seller: mail to these addresses is for the order alone, and their rules forbid advertising.
RELAY_DOMAINS = (
    r"marketplace\.amazon\.[a-z.]+",
    r"members\.ebay\.[a-z.]+",
    r"verkopen\.bol\.com",
    r"(?:user\.)?allegrogroup\.pl",
    r"allegromail\.pl",
    r"relay\.walmart\.com",
    r"marketplace\.emag\.[a-z]+",
)
# Names of tasks in place of a person's (RFC 2142, and what shops get besides).
ROLES = (
    *("abuse", "admin", "administrator", "billing", "contact", "hello", "help", "hostmaster", "info", "mail", "marketing"),
    *("no-reply", "noreply", "office", "orders", "postmaster", "sales", "security", "service", "shop", "support", "webmaster"),
)
