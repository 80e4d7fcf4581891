"""Folder or bucket: what `export_root` is."""

from lakehouse.errors import ConfigError
from lakehouse.io.packs.local_packs import LocalPacks
from lakehouse.io.packs.packs import Packs


def packs_of(root: str, campaign: str, group: str | None = None) -> Packs:
    """The place of a campaign's packs. ConfigError (2) for one that packs can't be kept in."""
    scheme, separator, _ = root.partition("://")
    if not separator:
        return LocalPacks(root, campaign, group)
    if scheme not in ("s3", "s3a"):
        raise ConfigError(f"packs can't be kept under {scheme}://", "use a folder or s3a://bucket/prefix as export_root")
    from lakehouse.io.packs.s3_packs import S3Packs

    return S3Packs(root, campaign)
