"""The demo's own settings: those that are shipped, and two campaigns of which a share is held out, so that there is a result to read."""

import shutil
from importlib.resources import as_file
from pathlib import Path

from lakehouse.io.config.settings import shipped_conf
from lakehouse.sources.channels import EMAIL, PUSH

HEAD = "# Made by `lakehouse demo run`, anew each time.\n"
# A fifth gets no mail. A shop would hold out less and wait for longer.
HOLD_OUT = "hold_out: {share: 0.2, salt: the newsletter of the demo}\n"
PUSH_CAMPAIGN = """\
# A message to the apps of those who have one, every seventh night. There are few of them, so half is held out.
channel: push
profile: fcm
list_name: discover
slots: 1
languages: {otherwise: en, by_country: {NL: nl, BE: nl, DE: de, AT: de, CH: de, FR: fr, LU: fr, PL: pl, GB: en, IE: en, US: en}}
utm: {source: app, medium: push}
hold_out: {share: 0.5, salt: the messages of the demo}
every_days: 7
"""


def make_settings(folder: Path) -> Path:
    """Write the folder that LAKEHOUSE_CONF names: the shipped files, the shipped campaign with a hold-out, and one of push messages."""
    conf, campaigns = folder / "conf", folder / "conf" / "campaigns"
    campaigns.mkdir(parents=True, exist_ok=True)
    with as_file(shipped_conf()) as shipped:
        for file in shipped.glob("*.yaml"):
            shutil.copyfile(file, conf / file.name)
        email = (shipped / "campaigns" / f"{EMAIL}.yaml").read_text(encoding="utf-8")
    (campaigns / f"{EMAIL}.yaml").write_text(HEAD + email + HOLD_OUT, encoding="utf-8")
    (campaigns / f"{PUSH}.yaml").write_text(HEAD + PUSH_CAMPAIGN, encoding="utf-8")
    return conf
