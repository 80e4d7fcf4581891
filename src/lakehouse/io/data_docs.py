"""Data Docs: the newest verdict of every table as a static site that needs no server.

The lists of Great Expectations' own front page are drawn by scripts from the internet. What somebody looks for at night stands above
them, as plain text (`front_page.py`).
"""

import json
import shutil
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import great_expectations as gx
from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResult, ExpectationValidationResult
from great_expectations.core.run_identifier import RunIdentifier
from great_expectations.data_context.types.resource_identifiers import ExpectationSuiteIdentifier, ValidationResultIdentifier
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

from lakehouse.io.expectations import quiet_context
from lakehouse.io.front_page import front_page
from lakehouse.io.quality_results import ERROR, QUARANTINED, QualityResult


def write_site(results: Sequence[QualityResult], folder: Path) -> None:
    """`folder`/index.html and all below it. `results` are in the order of their tables."""
    context = quiet_context()
    context.variables.data_docs_sites = {}
    store = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)}
    lists = {"class_name": "DefaultSiteIndexBuilder"}
    context.add_data_docs_site(
        "lakehouse", {"class_name": "SiteBuilder", "site_index_builder": lists, "store_backend": store, "show_how_to_buttons": False}
    )
    for table, of_table in groupby(results, key=lambda result: result.table_name):
        _add(context, table, list(of_table))
    context.build_data_docs()
    shutil.rmtree(folder / "static" / "images", ignore_errors=True)  # pictures of how-tos
    index = folder / "index.html"
    before, body, after = index.read_text(encoding="utf-8").partition("<body>")
    index.write_text(before + body + front_page(results, _pages(results, folder)) + after, encoding="utf-8")


def _pages(results: Sequence[QualityResult], folder: Path) -> dict[str, str]:
    """Table → the page of its verdict, below `folder`."""
    of_runs = {result.table_name: folder / "validations" / result.table_name.replace(".", "/") / result.run_id for result in results}
    return {table: next(of_run.rglob("*.html")).relative_to(folder).as_posix() for table, of_run in of_runs.items()}


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
