"""Where a campaign pack is, and how it appears: in a folder of this machine by a rename, in a bucket by its last file."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path

from lakehouse.io.files import campaign_files
from lakehouse.io.files.s3_packs import S3Packs


def place_of(export_root: str, channel: str, run_date: date, run_id: str) -> str:
    """`<root>/<channel>/<run date>`, which is replaced as a whole; in a bucket, where nothing can be, with a folder for each run."""
    dated = f"{export_root.rstrip('/')}/{channel}/{run_date}"
    return f"{dated}/{run_id}" if "://" in export_root else dated


def standing(place: str, made_from: str) -> str | None:
    """The pack that readers are shown for that date, if it was made from the same and its files are as they were written.

    What runs that died left beside it goes first.
    """
    if "://" not in place:
        return place if campaign_files.stands(Path(place), made_from) else None
    packs, pack = _of(place)
    packs.sweep()
    found = packs.standing(pack.split("/")[0], made_from)
    return f"{packs.place}/{found}" if found is not None and (packs.latest() or {}).get("pack") == found else None


def prepare(
    place: str,
    file_name: str,
    header: Sequence[str],
    rows: Iterable[Sequence[str | None]],
    facts: Mapping[str, object],
    group: str | None = None,
) -> dict[str, object]:
    """Write a pack that nobody sees yet; gives its manifest. As campaign_files.prepare_pack, whose rights are those of a folder."""
    if "://" not in place:
        return campaign_files.prepare_pack(Path(place), file_name, header, rows, facts, group)
    packs, pack = _of(place)
    with packs.unfinished(pack) as folder:
        return campaign_files.write_pack(folder, file_name, header, rows, facts)


def promote(place: str) -> None:
    """Let the prepared pack appear, in place of the one that readers were shown. Safe to repeat."""
    if "://" not in place:
        return campaign_files.promote_pack(Path(place))
    packs, pack = _of(place)
    packs.promote(pack)
    if (manifest := packs.manifest(pack)) is not None:
        packs.swap_latest({"pack": pack, "run_date": manifest.get("run_date"), "run_id": manifest.get("run_id")})


def is_replaced(place: str) -> bool:
    """Whether a pack of that date is there that another one would take the place of."""
    if "://" not in place:
        return Path(place).exists()
    packs, pack = _of(place)
    return (packs.latest() or {}).get("run_date") == pack.split("/")[0]


def _of(place: str) -> tuple[S3Packs, str]:
    root, date_, run = place.rsplit("/", 2)
    return S3Packs(*root.rsplit("/", 1)), f"{date_}/{run}"
