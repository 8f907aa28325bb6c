# Sourced by the road tests: a lab of real programs in namespaces, helpers that wait for facts, and a clean end.
# Each test file is one story; its name says what must hold.
set -euo pipefail
road_top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
road_name=t$$
road_work=$(mktemp -d)
chmod 755 "$road_work"
: "${ONDOL_BIN:?the directory of the built programs}"
export ONDOL_BIN

lab() { local verb=$1; shift; "$road_top/deploy/lab" "$verb" --name "$road_name" "$@"; }
ctl() { lab ctl "$@"; }
on() { lab exec "$@"; }
lab_dir() { echo "${ONDOL_LAB_DIR:-/var/tmp/ondol-lab}/$road_name"; }
road_end() {
  local code=$?
  if [ $code -ne 0 ]; then
    echo "--- failed with $code; what the programs logged:" >&2
    for target in collector h1 h2; do lab logs $target 2>/dev/null | tail -n 25 | sed "s/^/$target: /" >&2 || true; done
    ctl drift list --all 2>&1 | head -n 20 >&2 || true
  fi
  if [ -n "${road_unmount:-}" ]; then
    lab kill h1 >/dev/null 2>&1 || true
    umount "$road_unmount" || true
  fi
  lab down >/dev/null 2>&1 || true
  rm -rf "$road_work"
  exit $code
}
trap road_end EXIT

must() { "$@" || { echo "FAILED: $*" >&2; exit 1; }; }
eventually() { # SECONDS WHAT CMD...
  local limit=$1 what=$2 i; shift 2
  for ((i = 0; i < limit * 10; ++i)); do "$@" >/dev/null 2>&1 && return 0; sleep 0.1; done
  echo "FAILED: not within $limit s: $what" >&2
  exit 1
}
# As `ip` would, but the process lives a moment longer, so that its command line can surely be read: an `ip` that has
# exited before the agent was scheduled is rightly told as "unknown process (pid N)".
by_hand() { local host=$1; shift; { echo "$*"; sleep 1; } | on "$host" ip -batch -; }
ours() { on "$1" ip -4 route show table main proto 79 | wc -l; }
has_ours() { [ "$(ours "$1")" = "$2" ]; }
route_is_ours() { on "$1" ip route show "$2" | grep -q 'proto 79'; }
drift_lines() { ctl drift list --all --host "$1" --no-headers -o wide; }
drift_says() { drift_lines "$1" | grep -q "$2"; }
no_drift() { ctl drift list --exit-code; }
host_is() { ctl host list --no-headers -o wide | grep -q "^$1 .*$2"; }
metric() { # HOST NAME-WITH-LABELS
  local address
  address=$([ "$1" = collector ] && echo 10.77.255.1:9791 || echo "10.77.0.$((${1#h} + 2)):9790")
  on "$1" curl -s "http://$address/metrics" | awk -v name="$2" '$1 == name { print $2 }'
}
story() { printf -- '- %s\n' "$*"; }
