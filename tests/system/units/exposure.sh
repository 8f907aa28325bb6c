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
