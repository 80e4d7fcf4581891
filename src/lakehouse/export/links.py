"""Links that say where a visitor came from."""

from collections.abc import Mapping
from urllib.parse import quote_plus, unquote_plus, urlsplit, urlunsplit


def with_parameters(url: str, parameters: Mapping[str, str]) -> str:
    """The address with these parameters at the end of its query, before the fragment. Those of the same names go, all others stay as
    they are written: nothing is decoded and encoded again. What is no address stays as it is."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    if not parts.netloc:
        return url
    kept = [given for given in parts.query.split("&") if given and unquote_plus(given.partition("=")[0]) not in parameters]
    added = [f"{quote_plus(name)}={quote_plus(value)}" for name, value in parameters.items()]
    return urlunsplit(parts._replace(query="&".join([*kept, *added])))
