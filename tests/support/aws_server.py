"""A server that speaks as AWS does, in a process of its own: moto's, with three answers set right that Terraform needs."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from tests.support.s3_server import served_by

# Of Terraform's resources: what moto has no answer for. They are not made; nothing else may refer to them.
CAN_NOT = {"aws_budgets_budget": "DescribeSubscribersForNotification is not in moto"}


def serve(port: int) -> None:
    """Until it is killed."""
    from moto.emrserverless.models import EMRServerlessBackend
    from moto.s3.models import FakeBucket
    from moto.server import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
    from werkzeug.serving import run_simple

    create, may_log = EMRServerlessBackend.create_application, FakeBucket._log_permissions_enabled_policy

    def create_application(self: Any, release_label: str, application_type: str, **rest: Any) -> Any:
        """AWS takes the type in any case, knows releases named `emr-spark-…`, and starts no application that nobody asked for."""
        made = create(self, release_label="emr-7.0.0", application_type=application_type.upper(), **rest)
        made.release_label, made.state = release_label, "CREATED"
        return made

    def log_permissions(target_bucket: Any, target_prefix: str | None) -> bool:
        """A statement for everybody (`"Principal": "*"`) is no error."""
        if not target_bucket.policy:
            return False
        named = [one for one in json.loads(target_bucket.policy)["Statement"] if isinstance(one["Principal"], dict)]
        policy = json.dumps({"Statement": named}).encode()
        bucket: Any = SimpleNamespace(policy=policy, partition=target_bucket.partition, name=target_bucket.name)
        return bool(may_log(bucket, target_prefix))

    EMRServerlessBackend.create_application = create_application  # type: ignore[assignment]
    FakeBucket._log_permissions_enabled_policy = staticmethod(log_permissions)  # type: ignore[method-assign]
    moto = DomainDispatcherApplication(create_backend_app)
    run_simple("127.0.0.1", port, moto, threaded=True, request_handler=MotoRequestHandler)


@contextmanager
def aws_server() -> Iterator[str]:
    """Its address, while within."""
    with served_by(__name__) as address:
        yield address


def aws_environment(address: str) -> dict[str, str]:
    """The variables by which Terraform's provider and boto3 find the server, and nothing else."""
    access = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "a test's, no secret", "AWS_EC2_METADATA_DISABLED": "true"}
    return {**access, "AWS_ENDPOINT_URL": address, "AWS_DEFAULT_REGION": "eu-central-1"}
