#!/usr/bin/env bash
# The units stay within their exposure limits (systemd-analyze security, tenths) and are well-formed.
set -euo pipefail
units=$1
check() { # UNIT LIMIT
  systemd-analyze security --offline=yes --threshold="$2" "$units/$1" >/dev/null ||
    { systemd-analyze security --offline=yes "$units/$1" | tail -n 1; echo "FAILED: $1 is above $2 tenths"; exit 1; }
  systemd-analyze security --offline=yes "$units/$1" | tail -n 1
}
check ondol-agent.service 19
check ondol-collector.service 15
check ondol-restore.service 15
check ondol-preflight.service 15
check ondol-undo.service 15

# Well-formed where the programs are not installed: the same units with a program that is.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/units"
for unit in "$units"/*.service "$units"/*.socket; do
  sed 's|/usr/bin/ondol-[a-z]*|/bin/true|' "$unit" > "$scratch/units/$(basename "$unit")"
done
complaints=$(systemd-analyze verify --man=no "$scratch"/units/*.service "$scratch"/units/*.socket 2>&1)
[ -z "$complaints" ] || { echo "FAILED: systemd-analyze verify: $complaints"; exit 1; }

# The users and directories that the units name come out of the shipped files.
root=$scratch/root
mkdir -p "$root/etc" "$root/usr/lib/sysusers.d" "$root/usr/lib/tmpfiles.d"
touch "$root/etc/passwd" "$root/etc/group"
cp "$units/ondol.sysusers" "$root/usr/lib/sysusers.d/ondol.conf"
cp "$units/ondol.tmpfiles" "$root/usr/lib/tmpfiles.d/ondol.conf"
systemd-sysusers --root="$root" ondol.conf >/dev/null
for user in ondol ondol-collector; do
  grep -q "^$user:" "$root/etc/passwd" || { echo "FAILED: sysusers makes no $user"; exit 1; }
done
grep -q '^ondol:.*ondol-collector' "$root/etc/group" || { echo "FAILED: ondol-collector is not in group ondol"; exit 1; }
systemd-tmpfiles --root="$root" --create ondol.conf
group=$(awk -F: '$1 == "ondol-run" { print $3 }' "$root/etc/group")
[ "$(stat -c '%a %g' "$root/run/ondol")" = "1775 $group" ] || { echo "FAILED: /run/ondol is $(stat -c '%a %g' "$root/run/ondol")"; exit 1; }
