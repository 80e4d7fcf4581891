"""The people of the demo shop: who they are, what they like, how often they come. A pure function of size and seed."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lakehouse.demo.world.words import COUNTRIES, DISPOSABLE_DOMAINS, FIRST_NAMES, INVALID_MAILS, LAST_NAMES, MAIL_DOMAINS

TASTES = 8
KINDS = {"account": 0.62, "guest": 0.24, "guest_then_account": 0.06, "no_email": 0.03, "anonymised": 0.02, "deleted_account": 0.03}
_WITH_ACCOUNT = ("account", "guest_then_account", "deleted_account")
_NEVER = 10**6


@dataclass(frozen=True)
class People:
    """One entry per person in each field. Days count from the first day of trade; people join before, during and after the period.

    `email_habit`: 0 types the address as it is, 1 in other case, 2 with spaces around it. `registered_day` is 10**6 without an account.
    """

    kind: list[str]
    first_name: list[str]
    last_name: list[str]
    email: list[str | None]
    email_habit: NDArray[np.int64]
    is_valid: NDArray[np.bool_]
    is_disposable: NDArray[np.bool_]
    has_consent: NDArray[np.bool_]
    country: NDArray[np.int64]
    taste: NDArray[np.float32]
    gap_days: NDArray[np.float64]
    basket_mean: NDArray[np.float64]
    joined_day: NDArray[np.int64]
    registered_day: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.kind)


def make_people(customers: int, days: int, horizon: int, seed: int) -> People:
    """`customers` who joined by day `days`, and a fifth more who join between then and `horizon`."""
    rng = np.random.default_rng([seed, 1])
    size = customers + customers // 5
    kind = rng.choice(list(KINDS), size, p=list(KINDS.values()))
    first, last = rng.choice(FIRST_NAMES, size).tolist(), rng.choice(LAST_NAMES, size).tolist()
    gap = np.clip(rng.lognormal(np.log(55), 0.6, size), 6, 400)
    joined = _joined_days(customers, size, days, horizon, rng)
    trouble = rng.random(size)
    is_disposable, is_invalid = trouble < 0.02, (trouble >= 0.02) & (trouble < 0.03)
    names = [f"{_plain(a)}.{_plain(b)}{person}" for person, (a, b) in enumerate(zip(first, last, strict=True))]
    facts = zip(names, kind, is_disposable, is_invalid, rng.random(size), strict=True)
    emails = [_email(*fact) for fact in facts]
    has_mail = np.array([email is not None for email in emails])
    return People(
        kind=kind.tolist(), first_name=first, last_name=last, email=emails,
        email_habit=rng.choice(3, size, p=[0.94, 0.04, 0.02]),
        is_valid=has_mail & ~is_invalid, is_disposable=has_mail & is_disposable,
        has_consent=(rng.random(size) < 0.7) & np.isin(kind, _WITH_ACCOUNT),
        country=rng.choice(len(COUNTRIES), size, p=[country.share for country in COUNTRIES]),
        taste=rng.normal(0, 1, (size, TASTES)).astype(np.float32),
        gap_days=gap, basket_mean=rng.gamma(6, 5 / 6, size) + 0.3, joined_day=joined,
        registered_day=_registered_days(kind, joined, gap, rng),
    )  # fmt: skip


def user_ids(people: People, until_day: int) -> NDArray[np.int64]:
    """Ids of the accounts made by `until_day`, in order of registration from 2 on (1 is the administrator); 0 for all others."""
    with_account = np.flatnonzero(people.registered_day <= until_day)
    in_order = with_account[np.argsort(people.registered_day[with_account], kind="stable")]
    ids = np.zeros(len(people), np.int64)
    ids[in_order] = np.arange(2, len(in_order) + 2)
    return ids


def typed_email(people: People, person: int, pick: float) -> str | None:
    """The address as this person types it this time."""
    email = people.email[person]
    if email is None or pick > 0.5 or people.email_habit[person] == 0:
        return email
    return email.upper() if people.email_habit[person] == 1 else f" {email} "


def _joined_days(customers: int, size: int, days: int, horizon: int, rng: np.random.Generator) -> NDArray[np.int64]:
    joined = np.where(rng.random(size) < 0.7, 0, rng.integers(0, max(days - 1, 1), size))
    joined[customers:] = rng.integers(days, horizon, size - customers)
    return joined


def _registered_days(
    kind: NDArray[Any], joined: NDArray[np.int64], gap: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Accounts exist before the first order, or from between the second and the third order on."""
    long_ago = joined - np.where(joined == 0, rng.integers(1, 700, len(joined)), 0)
    registered = np.where(kind == "guest_then_account", joined + (2.5 * gap).astype(np.int64), long_ago)
    return np.where(np.isin(kind, _WITH_ACCOUNT), registered, _NEVER)


def _email(name: str, kind: str, is_disposable: bool, is_invalid: bool, pick: float) -> str | None:
    if kind == "no_email":
        return None
    if is_invalid:
        return INVALID_MAILS[int(pick * len(INVALID_MAILS))].format(name=name)
    domains = DISPOSABLE_DOMAINS if is_disposable else MAIL_DOMAINS
    tag = "+food" if pick * 97 % 1 < 0.03 else ""
    return f"{name}{tag}@{domains[int(pick * len(domains))]}"


def _plain(name: str) -> str:
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return "".join(letter for letter in ascii_name if letter.isalnum()) or "klant"
