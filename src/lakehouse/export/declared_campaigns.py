"""All campaigns of the settings folder, with the profiles and sentences that they name, checked against each other."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from lakehouse.errors import ConfigError
from lakehouse.export.campaign import Campaign, parse_campaign
from lakehouse.export.channels.channel import channel_of, every_value
from lakehouse.export.profile import Profile, parse_profile
from lakehouse.export.texts import BECAUSE, Texts, languages_of, parse_texts
from lakehouse.io.config.settings import read_conf_folder
from lakehouse.ops.packs import AUDIENCE, CRM_PACK
from lakehouse.recommend import customer_products

Kind = TypeVar("Kind")


@dataclass(frozen=True)
class Declared:
    """`campaigns` by name, in the order of their names, which is that in which a night makes their packs."""

    campaigns: Mapping[str, Campaign]
    profiles: Mapping[str, Profile]
    texts: Texts

    def campaign(self, name: str) -> Campaign:
        """ConfigError (2) if there is none of that name."""
        return _named(self.campaigns, name, "campaign")

    def profile(self, name: str) -> Profile:
        """ConfigError (2) if there is none of that name."""
        return _named(self.profiles, name, "profile")

    def profile_of(self, campaign: Campaign) -> Profile:
        """ConfigError (2) if the campaign names a profile that does not exist."""
        return self.profile(campaign.profile)


def read_campaigns() -> Declared:
    """ConfigError (2) names the file and what is wrong with it."""
    profiles = {name: parse_profile(name, values) for name, values in read_conf_folder("profiles").items()}
    campaigns = {name: parse_campaign(name, values) for name, values in sorted(read_conf_folder("campaigns").items())}
    declared = Declared(campaigns, profiles, parse_texts(read_conf_folder("texts").get("reasons", {})))
    _refuse_reasons_without_text(declared.texts)
    for campaign in campaigns.values():
        _refuse_misfit(campaign, declared)
    return declared


def _refuse_reasons_without_text(texts: Texts) -> None:
    codes = next(column.accepted for column in customer_products.TABLE.columns if column.name == "reason_code")
    if missing := {*codes, BECAUSE} - set(texts):
        raise ConfigError(f"texts/reasons.yaml has no text for {', '.join(sorted(missing))}", "add one in each language")


def _refuse_misfit(campaign: Campaign, declared: Declared) -> None:
    file, profile = f"campaigns/{campaign.name}.yaml", declared.profile_of(campaign)
    if campaign.name == CRM_PACK or campaign.name.startswith(AUDIENCE):
        raise ConfigError(
            f"{file}: {CRM_PACK} and names that begin with {AUDIENCE} are those of other packs",
            "give the file another name (docs/campaigns.md)",
        )
    if campaign.slots > profile.max_slots:
        raise ConfigError(f"{file}: profile {profile.name} takes {profile.max_slots} products at most", "give fewer slots")
    if profile.rows == "customer":
        raise ConfigError(f"{file}: profile {profile.name} is for the pack of customers (setting crm_profile)", "take another profile")
    channel = channel_of(campaign.channel)
    if profile.values & (every_value().keys() - channel.values) or profile.rows not in channel.row_kinds:
        raise ConfigError(f"{file}: profile {profile.name} is not for {campaign.channel}", "take a profile of that channel")
    spoken = languages_of(declared.texts)
    asked = {campaign.languages.otherwise, *campaign.languages.by_country.values()}
    if asked - spoken:
        raise ConfigError(f"{file}: texts/reasons.yaml speaks no {', '.join(sorted(asked - spoken))}", f"take {', '.join(sorted(spoken))}")


def _named(all_of_them: Mapping[str, Kind], name: str, what: str) -> Kind:
    if name not in all_of_them:
        raise ConfigError(f"there is no {what} {name}", f"there are {', '.join(sorted(all_of_them))}")
    return all_of_them[name]
