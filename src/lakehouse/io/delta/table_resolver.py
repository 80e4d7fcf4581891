"""Where a table is: a folder below a root, or a table of a catalog. Every table is found by this alone."""

from dataclasses import dataclass
from pathlib import Path

from lakehouse.io.config.settings import Settings
from lakehouse.io.delta.delta_files import is_local


@dataclass(frozen=True)
class TableResolver:
    """Names of tables are `<layer>.<table>`. Personal ones are below the vault's root, or in its catalog.

    Without a catalog tables are folders below the roots. A root may be an object store's.
    """

    lake_root: str
    vault_root: str
    catalog: str | None = None
    vault_catalog: str | None = None

    @classmethod
    def of(cls, settings: Settings) -> "TableResolver":
        """The resolver that the settings describe."""
        return cls(settings.lake_root, settings.vault_root, settings.catalog, settings.vault_catalog)

    def path(self, name: str) -> str | None:
        """The table's folder; None of a table in a catalog, whose place is the catalog's own affair."""
        if self._catalog_of(name):
            return None
        layer, table = name.split(".")
        root = self.vault_root if _is_personal(name) else self.lake_root
        return f"{root.rstrip('/')}/{layer}/{table}"

    def local_path(self, name: str) -> str | None:
        """The table's folder on this machine; None where it is in a catalog or an object store, so that it is Spark's."""
        path = self.path(name)
        return path if path is not None and is_local(path) else None

    def folder(self, name: str) -> str:
        """The same of a table that is known to be on this machine."""
        path = self.local_path(name)
        assert path is not None, f"{name} is Spark's"
        return path

    def identifier(self, name: str) -> str:
        """The table for Spark SQL: `` `catalog`.`layer`.`table` `` or ``delta.`path` ``."""
        path = self.path(name)
        if path is None:
            return ".".join(f"`{part}`" for part in self.full_name(name).split("."))
        return f"delta.`{Path(path).resolve() if is_local(path) else path}`"

    def full_name(self, name: str) -> str:
        """The name with its catalog, if it has one."""
        catalog = self._catalog_of(name)
        return f"{catalog}.{name}" if catalog else name

    def schema(self, name: str) -> str:
        """The schema of a catalog that the table is in, for Spark SQL."""
        return f"`{self._catalog_of(name)}`.`{name.split('.')[0]}`"

    @property
    def is_local(self) -> bool:
        """Whether all tables are folders on this machine."""
        return not (self.catalog or self.vault_catalog) and is_local(self.lake_root) and is_local(self.vault_root)

    def _catalog_of(self, name: str) -> str | None:
        return self.vault_catalog if _is_personal(name) else self.catalog


def _is_personal(name: str) -> bool:
    """Tables of the vault, and rows of them in quarantine."""
    layer, table = name.split(".")
    return layer == "vault" or table.startswith("vault__")
