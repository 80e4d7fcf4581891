"""Exact money: cents for amounts, micro-units (a millionth) for unrounded lines, thousandths for quantities; and how they are written."""


def tax_cents(micros: int, permille: int) -> int:
    """The tax on an amount, rounded half up to cents."""
    return (micros * permille + 5_000_000) // 10_000_000


def cents_of(micros: int) -> int:
    """Rounded half up."""
    return (micros + 5_000) // 10_000


def column(cents: int) -> str:
    """As a decimal column takes it: `-12.50`."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def text(number: int, digits: int) -> str:
    """As WooCommerce writes numbers into text: no needless zeros (`text(1500, 3)` is `1.5`)."""
    if number % 10**digits == 0:
        return str(number // 10**digits)
    whole, rest = divmod(abs(number), 10**digits)
    return f"{'-' if number < 0 else ''}{whole}.{rest:0{digits}d}".rstrip("0")
