. "$(dirname "$0")/road.sh"
lab up --hosts 1 --routes 200
# A real systemd-networkd with a bus of its own, on the host's network; /sys read-only says that no udev is to be waited for.
networkd_start() {
  mkfifo "$road_work/asked"
  on h1 unshare --mount --propagation private bash -s "$road_work" >"$road_work/networkd" 2>&1 <<'SH' &
set -e
mount -t tmpfs tmpfs /run
mount --bind /sys /sys && mount -o remount,bind,ro /sys
mkdir -p /run/dbus /run/udev /run/systemd/network /run/systemd/netif/{links,leases,lldp}
printf '[Match]\nName=eth0\n[Network]\nKeepConfiguration=static\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n' >/run/systemd/network/10-eth0.network
chown -R systemd-network /run/systemd/netif
dbus-daemon --system --nofork --nopidfile --nosyslog &
bus=$!
until [ -S /run/dbus/system_bus_socket ]; do sleep 0.1; done
caps=-all,+net_admin,+net_raw,+net_bind_service
setpriv --reuid systemd-network --regid systemd-network --clear-groups --inh-caps $caps --ambient-caps $caps \
  /lib/systemd/systemd-networkd &
networkd=$!
trap 'kill $networkd $bus; wait' EXIT
while read -r word <"$1/asked"; do
  [ "$word" != end ] || exit 0
  networkctl reconfigure eth0
done
SH
  road_networkd=$!
}
networkd_ask() { timeout 5 bash -c 'echo "$2" >"$1"' _ "$road_work/asked" "$1"; }
story "networkd takes the link over; nothing of ours is lost for good"
networkd_start
eventually 20 "networkd has the link" grep -q 'eth0: Configuring' "$road_work/networkd"
eventually 10 "200 routes" has_ours h1 200
story "told to reconfigure the link it drops what is not its own: all of it is back, and networkd is named"
repairs() { metric h1 'ondol_agent_route_repairs_total{outcome="repaired"}'; }
repaired() { [ "$(repairs)" -ge "$1" ]; }
all_back() { has_ours h1 200 && no_drift; }
for round in 1 2; do
  before=$(repairs)
  networkd_ask reconfigure
  eventually 20 "200 repairs more, round $round" repaired $((before + 200))
  eventually 10 "200 routes back" all_back
done
must drift_says h1 '11.0.3.0/24.*systemd-networkd'
must test "$(metric h1 'ondol_agent_contested{type="routes"}')" = 0
networkd_ask end
wait $road_networkd || true
