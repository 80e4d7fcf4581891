"""Telephone numbers as all tools write them. The library phonenumbers knows the plans of all countries."""

import phonenumbers


def e164(typed: str | None, country: str | None) -> str | None:
    """As +31612345678 (ITU-T E.164); None for what is no number that can be given out. `country`: of who wrote it without a prefix."""
    if not typed:
        return None
    try:
        number = phonenumbers.parse(typed, country)
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if phonenumbers.is_valid_number(number) else None
