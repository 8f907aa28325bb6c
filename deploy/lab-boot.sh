# Sourced by deploy/lab for `up --boot`: hosts with a real systemd, in containers on the same namespaces.
# One Debian root is made once under build/ and shared by all, each host writes to its own overlay in memory.

boot_root=$top/build/lab-root
# What a booted host gets from here: programs, and units of which the first kind is enabled.
boot_programs="ondol-agent ondol-restore ondol-undo ondol-preflight"
boot_services="ondol-agent.service ondol-restore.service"
boot_sockets="ondol-undo.socket ondol-preflight.socket"
boot_units="$boot_services $boot_sockets ondol-undo.service ondol-preflight.service"

make_boot_root() {
  [ -e "$boot_root/.complete" ] || bootstrap_root
  fit_boot_root
}
bootstrap_root() {
  "$deploy/install-packages" test
  local runtime mirror log
  runtime=$(awk '$1 == "runtime" { print $2 }' "$deploy/packages.txt" | paste -sd,)
  mirror=$(awk '/^URIs:/ { print $2; exit }' /etc/apt/sources.list.d/debian.sources 2>/dev/null || true)
  [ -n "$mirror" ] || mirror=$(awk '$1 == "deb" { for (i = 2; i <= NF; ++i) if ($i ~ /^http/) { print $i; exit } }' /etc/apt/sources.list 2>/dev/null || true)
  echo "making a Debian root with systemd for booted hosts (once, about a minute)"
  rm -rf "$boot_root"
  mkdir -p "$boot_root"
  log=$(mktemp)
  debootstrap --variant=minbase --include="$runtime" bookworm "$boot_root" ${mirror:+"$mirror"} >"$log" 2>&1 ||
    { tail -n 5 "$log" >&2; rm -rf "$boot_root" "$log"; fail "debootstrap failed"; }
  rm -f "$log"
  touch "$boot_root/.complete"
}
# Ours in it; again each time, because a root is kept from one version of this tree to the next.
fit_boot_root() {
  local each wants=$boot_root/etc/systemd/system
  for each in $boot_programs; do touch "$boot_root/usr/bin/$each"; done
  for each in $boot_units; do touch "$boot_root/usr/lib/systemd/system/$each"; done
  mkdir -p "$wants/multi-user.target.wants" "$wants/sockets.target.wants"
  for each in $boot_services; do ln -sf "/usr/lib/systemd/system/$each" "$wants/multi-user.target.wants/$each"; done
  for each in $boot_sockets; do ln -sf "/usr/lib/systemd/system/$each" "$wants/sockets.target.wants/$each"; done
  cp "$top/systemd/ondol.sysusers" "$boot_root/usr/lib/sysusers.d/ondol.conf"
  cp "$top/systemd/ondol.tmpfiles" "$boot_root/usr/lib/tmpfiles.d/ondol.conf"
  systemd-sysusers --root="$boot_root" >/dev/null 2>&1
  mkdir -p "$boot_root/etc/ondol" "$boot_root/var/lib/ondol"
  : >"$boot_root/etc/machine-id"
}

# Whether a container boots here and powers off again; says why not.
can_boot() {
  make_boot_root >/dev/null || return 1
  local log; log=$(mktemp)
  SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 timeout -k 5 60 systemd-nspawn --quiet --directory="$boot_root" --machine="ondol-can-boot-$$" \
    --register=no --keep-unit --boot --volatile=overlay --private-network --console=passive -- --unit=poweroff.target \
    >"$log" 2>&1 </dev/null && { rm -f "$log"; return 0; }
  echo "a container with systemd does not boot here: $(tail -n 1 "$log")" >&2
  rm -f "$log"
  return 1
}

# The address and link are given from outside, before the host boots, as a cable would be.
start_booted() { # HOST
  local dir=$lab/$1 each binds=()
  for each in $boot_programs; do binds+=(--bind-ro="$bin/$each:/usr/bin/$each"); done
  for each in $boot_units; do binds+=(--bind-ro="$top/systemd/$each:/usr/lib/systemd/system/$each"); done
  SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 setsid systemd-nspawn --quiet --directory="$boot_root" --machine="ondol-$name-$1" \
    --register=no --keep-unit --boot --volatile=overlay --capability=CAP_NET_ADMIN \
    --network-namespace-path="/run/netns/$(ns_of "$1")" --console=passive \
    "${binds[@]}" --bind="$dir/etc:/etc/ondol" --bind="$dir/var:/var/lib/ondol" >>"$dir/log" 2>&1 </dev/null &
  remember "$1" $!
}

boot_pid() { # HOST: the container's init
  local outer; read -r outer _ <"$lab/$1/pid"
  pgrep -P "$outer" | head -n 1
}
in_booted() { local init; init=$(boot_pid "$1"); shift; exec nsenter --target "$init" --all -- "$@"; }

write_booted_config() { # HOST
  local dir=$lab/$1
  mkdir -p "$dir/etc" "$dir/var/agent/identity"
  chmod 755 "$dir" "$dir/etc" "$dir/var"
  cat >"$dir/etc/agent.yaml" <<YAML
collector: { address: "$collector_address:7443" }
metrics: { listen: "$(address_of "$1"):9790" }
YAML
  chown -R ondol:ondol "$dir/var/agent"
}
