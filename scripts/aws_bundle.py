"""The SDK of AWS in one jar (`bundle`) without the services that nobody here asks: 22 MB in place of 640.

Spark copies its jars for every session, so their size is paid for each time. What stays is S3, and of the others those that S3A uses for
roles and keys (STS, KMS); all that the services share stays too.
"""

import sys
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

SERVICES, KEPT = "software/amazon/awssdk/services/", ("s3", "sts", "kms")


def main(jar: Path) -> None:
    small = jar.with_suffix(".small")
    with ZipFile(jar) as whole, ZipFile(small, "w", ZIP_DEFLATED) as part:
        for entry in whole.infolist():
            service = entry.filename.removeprefix(SERVICES)
            if service == entry.filename or service.split("/")[0] in KEPT:
                part.writestr(entry, whole.read(entry))
    small.replace(jar)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
