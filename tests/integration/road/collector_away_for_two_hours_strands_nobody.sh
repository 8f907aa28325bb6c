. "$(dirname "$0")/road.sh"
# Time is moved, not slept: the programs read the wall clock through libfaketime; timers go on as they are.
road_clock="$road_work/clock"
set_clock() { echo "$1" >"$road_clock.new" && mv "$road_clock.new" "$road_clock"; }
with_our_clock() {
  LD_PRELOAD=/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1 FAKETIME_TIMESTAMP_FILE="$road_clock" \
    FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 "$@"
}
set_clock "+0"
with_our_clock lab up --hosts 2 --routes 20
expires() { metric "$1" ondol_agent_certificate_expiry_timestamp_seconds | awk '{ printf "%d\n", $1 }'; }
must test "$(expires h1)" -gt "$(date +%s)"
story "the collector is gone, and two hours later every certificate has expired"
lab kill collector
set_clock "+7500"
must test "$(expires h1)" -lt $(($(date +%s) + 7500))
story "routes are enforced all along, also by an agent that restarts meanwhile"
by_hand h1 route del 11.0.3.0/24
eventually 5 "11.0.3.0/24 back" route_is_ours h1 11.0.3.0/24
lab kill h2
on h2 ip route flush proto 79
with_our_clock lab start h2
eventually 10 "20 routes enforced from disk by h2" has_ours h2 20
story "the collector is back: expired certificates are renewed on proof of their key, and the sessions return"
with_our_clock lab start collector
all_back() { [ "$(ctl host list --no-headers -o wide | grep -c online)" = 2 ]; }
eventually 120 "both agents back" all_back
for host in h1 h2; do
  must test "$(expires $host)" -gt $(($(date +%s) + 7500))
  lab logs $host | grep -q 'certificate_renewed'
done
lab logs collector | grep -q 'certificate_renewed_late.*h[12]'
eventually 10 "the edit made meanwhile is in the record" drift_says h1 '11.0.3.0/24.*ip -batch'
