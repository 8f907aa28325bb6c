# Sourced by deploy/lab: namespaces, processes and files of one lab. $lab $name $core $bin $top $hosts $routes are set.

ns_of() { [ "$1" = collector ] && echo "$core" || echo "ondol-$name-$1"; }
address_of() { echo "10.77.$((${1#h} / 250)).$((${1#h} % 250 + 2))"; }
collector_address=10.77.255.1

host_names() { local i; for ((i = 1; i <= $(cat "$lab/count"); ++i)); do echo "h$i"; done; }

# ---- user ----
ensure_users() {
  local user
  for user in ondol ondol-collector; do
    if ! getent passwd "$user" >/dev/null; then
      useradd --system --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin "$user"
      touch "$base/.made-$user"
    fi
  done
}
forget_users() {
  local user
  [ -z "$(find "$base" -mindepth 1 -maxdepth 1 -type d)" ] || return 0
  for user in ondol ondol-collector; do
    if [ -e "$base/.made-$user" ]; then
      userdel "$user" 2>/dev/null || true
      rm -f "$base/.made-$user"
    fi
  done
  rmdir "$base" 2>/dev/null || true
}

# ---- network ----
make_core() {
  ip netns add "$core"
  ip -n "$core" link set lo up
  ip -n "$core" link add br0 type bridge
  ip -n "$core" addr add $collector_address/16 dev br0
  ip -n "$core" link set br0 up
}
make_host_network() { # HOST
  local ns; ns=$(ns_of "$1")
  ip netns add "$ns"
  ip -n "$ns" link set lo up
  ip -n "$core" link add "v-$1" type veth peer name eth0 netns "$ns"
  ip -n "$core" link set "v-$1" master br0 up
  ip -n "$ns" addr add "$(address_of "$1")/16" dev eth0
  ip -n "$ns" link set eth0 up
}

# ---- files ----
write_collector_config() {
  install -d -o ondol-collector -g ondol-collector -m 750 "$lab/collector/state"
  cat >"$lab/collector/collector.yaml" <<YAML
state_dir: $lab/collector/state
agents: { listen: "$collector_address:7443", heartbeat: 5s }
enroll: { listen: "$collector_address:7444" }
admin: { socket: $lab/collector/admin.sock, group: ondol-collector }
metrics: { listen: "$collector_address:9791" }
names: [$collector_address]
YAML
  chown ondol-collector "$lab/collector"
}
write_agent_config() { # HOST
  local dir=$lab/$1
  install -d -o ondol -g ondol -m 750 "$dir" "$dir/state" "$dir/identity"
  cat >"$dir/agent.yaml" <<YAML
collector: { address: "$collector_address:7443" }
state_dir: $dir/state
identity_dir: $dir/identity
guard_file: $dir/guard.yaml
local_socket: $dir/agent.sock
metrics: { listen: "$(address_of "$1"):9790" }
trial: { undo_socket: $dir/undo.sock, preflight_socket: "$(if has_preflight; then echo "$dir/preflight.sock"; fi)" }
YAML
}
has_preflight() { [ -x "$bin/ondol-preflight" ]; }
write_cmdb() {
  echo "name,cluster,phase,app_type,app_group,app,service_code,owner,rack,labels"
  local host
  for host in $(host_names); do echo "$host,lab-1,live,api,payments,settlement,PAY001,platform,r$((${host#h} / 40 + 1)),lab=$name"; done
}
# N destinations of /24 under 11.0.0.0/8, all through the collector's end of the wire.
lab_route() { echo "11.$(($1 / 250 % 250)).$(($1 % 250)).0/24"; }
write_layers() {
  local i
  mkdir -p "$lab/fleet/layers"/{cluster,phase,app-type,app-group,app}
  for i in cluster/lab-1 phase/live app-type/api app-group/payments app/settlement; do echo "vars: {}" >"$lab/fleet/layers/$i.yaml"; done
  {
    echo "vars: { gateway: $collector_address }"
    echo "mode: { routes: enforce }"
    echo "routes:"
    echo "  unlisted: report"
    echo "  conflict: take_over"
    echo "  list:"
    for ((i = 0; i < routes; ++i)); do echo "    - { to: $(lab_route $i), via: \"{{ gateway }}\", reason: lab }"; done
  } >"$lab/fleet/layers/global.yaml"
}

# ---- processes ----
is_booted() { [ -e "$lab/booted" ] && [ "$1" != collector ]; }
# Beside its agent a host has the parts `undo` and `preflight`: processes of their own that outlive it.
pid_file() { echo "$lab/$1/${2:+$2.}pid"; }
alive() { # HOST|collector [PART]: is the process this lab started still that process?
  local file pid start
  file=$(pid_file "$@")
  [ -s "$file" ] || return 1
  read -r pid start <"$file"
  [ -r "/proc/$pid/stat" ] && [ "$(cut -d' ' -f22 "/proc/$pid/stat" 2>/dev/null)" = "$start" ]
}
remember() { # HOST|collector PID [PART]
  echo "$2 $(cut -d' ' -f22 "/proc/$2/stat")" >"$(pid_file "$1" "${3:-}")"
}
as_ondol() { # HOST CAPABILITIES CMD...: becomes CMD in the host's namespace, as user ondol with these capabilities only
  local host=$1 caps=$2; shift 2
  exec setsid ip netns exec "$(ns_of "$host")" setpriv --reuid ondol --regid ondol --clear-groups \
    --inh-caps "-all,$caps" --ambient-caps "-all,$caps" --bounding-set "-all,$caps" "$@"
}
start_part() { # HOST PART
  local host=$1 part=$2 dir=$lab/$1
  ! alive "$host" "$part" || return 0
  case $part in
    undo) as_ondol "$host" +net_admin "$bin/ondol-undo" --config "$dir/agent.yaml" >>"$dir/log" 2>&1 </dev/null & ;;
    # Makes itself a network namespace, which is why it needs more than the agent.
    preflight) as_ondol "$host" +net_admin,+sys_admin "$bin/ondol-preflight" --socket "$dir/preflight.sock" >>"$dir/log" 2>&1 </dev/null & ;;
    *) usage_error "a host has the parts undo and preflight" ;;
  esac
  remember "$host" $! "$part"
}
start_parts() { # HOST: before its agent
  start_part "$1" undo
  if has_preflight; then start_part "$1" preflight; fi
  wait_for 10 "the sockets of $1's undo keeper and preflight (deploy/lab logs --name $name $1)" part_sockets_are_there "$1"
}
part_sockets_are_there() { [ -S "$lab/$1/undo.sock" ] && { ! has_preflight || [ -S "$lab/$1/preflight.sock" ]; }; }
start_process() { # HOST|collector [PART]
  if [ -n "${2:-}" ]; then start_part "$1" "$2"; return; fi
  ! alive "$1" || fail "$1 is already running"
  if [ "$1" = collector ]; then
    setsid ip netns exec "$core" setpriv --reuid ondol-collector --regid ondol-collector --clear-groups \
      "$bin/ondol-collector" --config "$lab/collector/collector.yaml" >>"$lab/collector/log" 2>&1 </dev/null &
  elif is_booted "$1"; then
    start_booted "$1"
    return
  else
    rm -f "$lab/$1/agent.sock"
    start_parts "$1"
    setsid "$deploy/lab-process-events.py" ip netns exec "$(ns_of "$1")" nice -n -10 setpriv --reuid ondol --regid ondol --clear-groups \
      --inh-caps -all,+net_admin --ambient-caps -all,+net_admin --bounding-set -all,+net_admin \
      "$bin/ondol-agent" run --config "$lab/$1/agent.yaml" >>"$lab/$1/log" 2>&1 </dev/null &
  fi
  remember "$1" $!
}
stop_process() { # HOST|collector SIGNAL [PART]
  alive "$1" "${3:-}" || { echo "$1${3:+ $3} is not running" >&2; return 0; }
  local pid file; file=$(pid_file "$1" "${3:-}"); read -r pid _ <"$file"
  # A power cut ends everything in the container at once; its supervisor leaves by itself then.
  if [ "$2" = KILL ] && [ -z "${3:-}" ] && is_booted "$1"; then pid=$(boot_pid "$1"); fi
  kill -"$2" "$pid" 2>/dev/null || true
  local i
  for ((i = 0; i < 100; ++i)); do alive "$1" "${3:-}" || break; sleep 0.1; done
  ! alive "$1" "${3:-}" || kill -KILL "$pid"
  rm -f "$file"
}
in_host() { local target=$1; shift; ip netns exec "$(ns_of "$target")" "$@"; }
show_log() { # HOST|collector
  if is_booted "$1" && alive "$1"; then ( in_booted "$1" journalctl --no-pager -u ondol-agent -u ondol-restore -u ondol-undo -u ondol-preflight ); else cat "$lab/$1/log"; fi
}
ctl() { "$bin/ondolctl" --socket "$lab/collector/admin.sock" "$@"; }

wait_for() { # SECONDS WHAT CMD...
  local limit=$1 what=$2 i; shift 2
  for ((i = 0; i < limit * 10; ++i)); do
    if "$@" >/dev/null 2>&1; then return 0; fi
    sleep 0.1
  done
  echo "lab: gave up after $limit s waiting for: $what" >&2
  return 1
}

enrol_host() { # HOST
  local token
  token=$(ctl enroll token create --host "$1" 2>/dev/null)
  [ -n "$token" ] || fail "no token for $1"
  local where=(--config "$lab/$1/agent.yaml")
  if is_booted "$1"; then where=(--config "$lab/$1/etc/agent.yaml" --identity-dir "$lab/$1/var/agent/identity"); fi
  in_host "$1" setpriv --reuid ondol --regid ondol --clear-groups \
    "$bin/ondol-agent" enroll --token "$token" "${where[@]}" >>"$lab/$1/log" 2>&1 ||
    { tail -n 5 "$lab/$1/log" >&2; fail "enrolment of $1 failed"; }
}
ours_in_kernel() { ip -n "$(ns_of "$1")" -4 route show table main proto 79 | wc -l; }
has_lab_routes() { [ "$(ours_in_kernel "$1")" = "$routes" ]; }
all_online() { [ "$(ctl host list -o json | grep -c '"state": *"online"')" = "$(cat "$lab/count")" ]; }

# ---- verbs ----
lab_up() {
  [ -n "${ONDOL_BIN:-}" ] || "$deploy/build" release programs >/dev/null
  "$deploy/install-packages" lab
  mkdir -p "$base" && chmod 755 "$base"
  ensure_users
  mkdir -p "$lab/collector"
  chmod 755 "$lab" "$lab/collector"
  echo "$hosts" >"$lab/count"
  if [ -n "$boot" ]; then touch "$lab/booted"; make_boot_root; fi
  trap 'echo "lab: up failed; what was logged is in $lab (deploy/lab down --name $name removes it)" >&2' ERR
  make_core
  write_collector_config
  start_process collector
  wait_for 20 "the collector's admin socket (deploy/lab logs --name $name collector)" ctl status
  write_cmdb >"$lab/cmdb.csv"
  ctl cmdb import "$lab/cmdb.csv" >/dev/null
  echo "collector up, $hosts hosts in the record"
  local host
  for host in $(host_names); do
    make_host_network "$host"
    if [ -n "$boot" ]; then write_booted_config "$host"; else write_agent_config "$host"; fi
    enrol_host "$host"
    start_process "$host"
  done
  wait_for 60 "all agents online (deploy/lab ctl --name $name host list)" all_online
  echo "$hosts agents enrolled and online"
  if [ "$routes" -gt 0 ]; then
    write_layers
    ctl config apply "$lab/fleet" >/dev/null
    for host in $(host_names); do
      wait_for 60 "$routes routes of protocol 79 on $host (now $(ours_in_kernel "$host"))" has_lab_routes "$host"
    done
    echo "$routes routes enforced and read back on each host"
  fi
  echo "lab '$name' is up: deploy/lab ctl --name $name host list"
}

lab_down() {
  local target ns i
  for target in $(host_names) collector; do
    for i in "" undo preflight; do
      if alive "$target" "$i"; then stop_process "$target" TERM "$i"; fi
    done
  done
  for ns in $(ip netns list | awk '{print $1}' | grep -E "^ondol-$name-(core|h[0-9]+)\$" || true); do
    for i in $(ip netns pids "$ns"); do kill -KILL "$i" 2>/dev/null || true; done
    ip netns delete "$ns"
  done
  rm -rf "$lab"
  forget_users
}

list_labs() {
  local dir target
  [ -d "$base" ] || return 0
  for dir in "$base"/*/; do
    [ -d "$dir" ] || continue
    lab=${dir%/}; name=${lab##*/}
    for target in collector $(host_names); do
      printf '%-16s %-10s %s\n' "$name" "$target" "$(alive "$target" && echo running || echo stopped)"
    done
  done
}
