"""What plugins write under a consent key, and what it means. Data: whatever is not known to mean yes is none."""

# Said in the languages of the shops, and as programs say it. Compared in lower case, without white space around it.
YES = (
    *("1", "yes", "y", "true", "on", "subscribed", "opted_in", "opt-in", "optin", "granted", "accepted", "agreed"),
    *("ja", "oui", "si", "sí", "sì"),
)
# On an order: a box that was left alone, which says nothing.
LEFT_ALONE = ("", "0", "no", "n", "false", "off")
