#!/usr/bin/env bash
# What runs in an executor's pod of Spark on Kubernetes: the pod template names it, and Spark says by variables what it shall be.
# The packages of pyspark have no such script; that of Spark's own images is made for their folders.
set -euo pipefail

# spark.executor.extraJavaOptions and others come as SPARK_JAVA_OPT_0, SPARK_JAVA_OPT_1 ...
options=()
while IFS='=' read -r -d '' name value; do
    [[ $name == SPARK_JAVA_OPT_* ]] && options+=("$value")
done < <(env -0 | sort -zV)

# An executor fetches jars and the zip from its driver into the folder in which it is: not into the volume that all pods share.
cd "$(mktemp -d)"
exec "${JAVA_HOME:+$JAVA_HOME/bin/}java" "${options[@]}" -Xms"$SPARK_EXECUTOR_MEMORY" -Xmx"$SPARK_EXECUTOR_MEMORY" \
    -cp "${SPARK_CLASSPATH:-}:${SPARK_CONF_DIR:-}:$SPARK_HOME/jars/*" \
    org.apache.spark.scheduler.cluster.k8s.KubernetesExecutorBackend \
    --driver-url "$SPARK_DRIVER_URL" --executor-id "$SPARK_EXECUTOR_ID" --cores "$SPARK_EXECUTOR_CORES" \
    --app-id "$SPARK_APPLICATION_ID" --hostname "$SPARK_EXECUTOR_POD_IP" --podName "$SPARK_EXECUTOR_POD_NAME" \
    --resourceProfileId "$SPARK_RESOURCE_PROFILE_ID"
