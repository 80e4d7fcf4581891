"""Data Docs: the newest verdict of every table as a static site that needs no server.

The library's pages fetch styles and scripts from the internet, and its front page is drawn by such scripts. Here pages are made to do
without (`offline.py`), and the front page is our own (`front_page.py`): it says first what somebody looks for at night.
"""

import json
import shutil
from collections.abc import Collection, Sequence
from itertools import groupby
from pathlib import Path

import great_expectations as gx
from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResult, ExpectationValidationResult
from great_expectations.core.run_identifier import RunIdentifier
from great_expectations.data_context.types.resource_identifiers import ExpectationSuiteIdentifier, ValidationResultIdentifier
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

from lakehouse.io.quality.expectations import quiet_context
from lakehouse.io.quality.front_page import front_page
from lakehouse.io.quality.offline import make_offline
from lakehouse.ops.quality_results import ERROR, QUARANTINED, QualityResult


def write_site(results: Sequence[QualityResult], folder: Path, drawn: Collection[str] | None = None) -> None:
    """`folder`/index.html and all below it. `results` are in the order of their tables.

    `drawn` are the tables whose pages are drawn (None: of all); the front page has all of them and names the others' pages too.
    """
    context = quiet_context()
    context.variables.data_docs_sites = {}
    store = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)}
    lists = {"class_name": "DefaultSiteIndexBuilder"}
    context.add_data_docs_site(
        "lakehouse", {"class_name": "SiteBuilder", "site_index_builder": lists, "store_backend": store, "show_how_to_buttons": False}
    )
    for table, of_table in groupby(results, key=lambda result: result.table_name):
        if drawn is None or table in drawn:
            _add(context, table, list(of_table))
    context.build_data_docs()
    shutil.rmtree(folder / "static" / "images", ignore_errors=True)  # pictures of how-tos
    make_offline(folder)
    front = front_page(results, {result.table_name: page_of(result) for result in results})
    (folder / "index.html").write_text(front, encoding="utf-8")


def page_of(result: QualityResult) -> str:
    """The page of the verdict that a result belongs to, below the site's folder: where Great Expectations puts it."""
    table = result.table_name.replace(".", "/")
    return f"validations/{table}/{result.run_id}/{result.checked_at:%Y%m%dT%H%M%S.%fZ}/version_{result.table_version}.html"


def has_pages(folder: Path, results: Sequence[QualityResult]) -> bool:
    """Whether a site stands there that has the pages of all these verdicts."""
    return (folder / "index.html").is_file() and all((folder / page_of(result)).is_file() for result in results)


def renew_site(new: Path, folder: Path, results: Sequence[QualityResult]) -> None:
    """Put the pages of `new` into the site that stands in `folder`: first all others, then the front page. Old verdicts' pages go last."""
    shutil.copytree(new, folder, dirs_exist_ok=True, ignore=lambda _, names: [name for name in names if name == "index.html"])
    unfinished = folder / ".index.html.unfinished"
    shutil.copyfile(new / "index.html", unfinished)
    unfinished.replace(folder / "index.html")
    newest = {folder / page_of(result) for result in results}
    for page in set((folder / "validations").rglob("*.html")) - newest:
        page.unlink()


def _add(context: gx.data_context.EphemeralDataContext, table: str, results: Sequence[QualityResult]) -> None:
    """The table's suite, and what came of it."""
    configurations = [ExpectationConfiguration(**json.loads(result.expectation)) for result in results]
    context.suites.add(gx.ExpectationSuite(name=table, expectations=configurations))
    first = results[0]
    run = RunIdentifier(run_name=first.run_id, run_time=first.checked_at)
    good = sum(result.is_good for result in results)
    found = ExpectationSuiteValidationResult(
        success=good == len(results),
        results=[_result(result, config) for result, config in zip(results, configurations, strict=True)],
        suite_name=table,
        statistics={
            "evaluated_expectations": len(results),
            "successful_expectations": good,
            "unsuccessful_expectations": len(results) - good,
            "success_percent": 100 * good / len(results),
        },
        meta={"run_id": run, "active_batch_definition": {"data_asset_name": table}, "great_expectations_version": gx.__version__},
    )
    suite = ExpectationSuiteIdentifier(name=table)
    key = ValidationResultIdentifier(suite, run, f"version_{first.table_version}")
    context.stores[context.validation_results_store_name].set(key, found)


def _result(result: QualityResult, configuration: ExpectationConfiguration) -> ExpectationValidationResult:
    observed = "left out of the table, in quarantine" if result.status == QUARANTINED else result.observed
    told: dict[str, object] = {} if result.is_good and not observed else {"observed_value": observed or result.status}
    if result.unexpected is not None:
        told |= {
            "element_count": result.table_rows,
            "unexpected_count": result.unexpected,
            "unexpected_percent": 100 * result.unexpected / result.table_rows if result.table_rows else 100,
            "partial_unexpected_list": result.sample_keys,
            "partial_unexpected_counts": [{"value": key, "count": 1} for key in result.sample_keys],
        }
    info = {"raised_exception": result.status == ERROR, "exception_message": "it could not be told", "exception_traceback": ""}
    return ExpectationValidationResult(success=result.is_good, expectation_config=configuration, result=told, exception_info=info)
