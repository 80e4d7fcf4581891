"""What marketing sees of packs when the tables are published: new ones appear, expired ones go."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from lakehouse.io.host import logs
from lakehouse.io.packs.backends import packs_of
from lakehouse.io.packs.packs import Packs, is_older, latest_of
from lakehouse.ops.packs import MADE, PackLedger, PackRecord
from lakehouse.runs.stage import RunContext


def is_shown(packs: Packs, ledger: PackLedger, campaign: str, pack: str) -> bool:
    """Whether nothing is left to do for a pack that stands: a run may have been killed before all of it was done."""
    latest = packs.latest()
    is_named = latest is not None and (latest.get("pack") == pack or is_older({"run_date": pack.partition("/")[0]}, latest))
    return is_named and ledger.has(campaign, pack)


def show(run: RunContext, campaign: str, pack: str, silent: Mapping[str, int] | None = None) -> None:
    """The pack appears, `latest.json` names it, and the ledger has it. Safe to repeat.

    `silent`: shop that has not chosen a legal ground → customers who said neither yes nor no.
    """
    packs, ledger = packs_of(run.settings.export_root, campaign, run.settings.export_group), PackLedger(run.store)
    packs.promote(pack)
    manifest = packs.manifest(pack)
    if manifest is None:
        return
    packs.swap_latest(latest_of(pack, manifest))
    if not ledger.has(campaign, pack):
        ledger.record([_record(packs.place, manifest, datetime.now(UTC))])
    for code, number in (silent or {}).items():
        logs.warn(
            f"{packs.place}/{pack}: {number} customers of shop {code} are left out, since nobody knows whether they want to be written to;"
            f" shops.{code}.legal_ground chooses (conf/README.md)"
        )


def delete_expired(run: RunContext) -> None:
    """Packs whose time was over when the run began go, and the ledger keeps that they were.

    Those of another `export_root` are not looked for: a copy of a lake deletes nothing of the lake's own.
    """
    ledger = PackLedger(run.store)
    for record in ledger.expired(run.started_at):
        packs = packs_of(run.settings.export_root, record.campaign, run.settings.export_group)
        if packs.place != record.place:
            continue
        packs.delete(record.pack)
        ledger.record([record.gone(datetime.now(UTC))])
        logs.info(f"{record.place}/{record.pack} had expired and is deleted", step=f"export.{record.campaign}")


def _record(place: str, manifest: Mapping[str, Any], now: datetime) -> PackRecord:
    return PackRecord(
        campaign=manifest["campaign"],
        run_date=date.fromisoformat(manifest["run_date"]),
        run_id=manifest["run_id"],
        event=MADE,
        recorded_at=now,
        expires_at=datetime.fromisoformat(manifest["expires"]),
        place=place,
        profile=manifest["profile"],
        customers=manifest["customers"],
        recipients=manifest["recipients"],
        rows=manifest["rows"],
        suppressed=json.dumps(manifest["suppressed"]),
        model_version=manifest["model_version"],
        clipped_products=manifest.get("clipped", {}).get("products"),
        clipped_places=manifest.get("clipped", {}).get("places"),
    )
