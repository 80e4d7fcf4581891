#!/usr/bin/env bash
# Builds the Dockerfile where no registry of images can be reached: by Buildah, on a base that debootstrap makes of Debian's own packages, and
# starts `lakehouse` in it as its user. As root, with buildah and debootstrap installed; leaves the image `lakehouse` in Buildah's storage.
# MIRROR=http://... is another mirror of Debian.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mirror=${MIRROR:-http://deb.debian.org/debian}
export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=vfs
work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT

debootstrap --variant=minbase bookworm "$work/base" "$mirror" > "$work/log" || { tail -20 "$work/log" >&2; exit 1; }
printf 'deb %s %s main\n' "$mirror" bookworm "$mirror" bookworm-updates > "$work/base/etc/apt/sources.list"
# Authorities that this machine trusts beside the usual ones: what stands between it and the registries of packages may be signed by one.
cp /usr/local/share/ca-certificates/*.crt "$work/base/usr/local/share/ca-certificates/" 2> /dev/null || true
tar -C "$work/base" --exclude='./proc/*' --exclude='./sys/*' -cf "$work/base.tar" .
base=$(buildah from scratch)
buildah add -q "$base" "$work/base.tar" /
buildah config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    --env PIP_CERT=/etc/ssl/certs/ca-certificates.crt "$base"
buildah commit -q --rm "$base" docker.io/library/debian:12-slim > /dev/null

buildah bud --pull-never --format docker --network host -t lakehouse .
container=$(buildah from --pull-never lakehouse)
echo "As $(buildah run "$container" -- id -un): lakehouse $(buildah run "$container" -- lakehouse --version)"
buildah rm "$container" > /dev/null
