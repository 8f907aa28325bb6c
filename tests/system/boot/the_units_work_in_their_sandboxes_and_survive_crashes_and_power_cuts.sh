. "$(dirname "$0")/../../integration/road/road.sh"
lab up --hosts 1 --routes 5 --boot
unit() { on h1 systemctl show --value --property "$2" "$1"; }
unit_is() { [ "$(unit "$1" "$2")" = "$3" ]; }
status_says() { on h1 ondol-agent status | grep "$1" >/dev/null; }
logged() { on h1 journalctl --no-pager -o cat -u "$1" | grep "$2" >/dev/null; }
restarted_beyond() { [ "$(unit ondol-agent NRestarts)" -gt "$1" ] && on h1 ondol-agent status >/dev/null; }

story "every unit of the host started"
must test "$(on h1 systemctl --failed --no-legend | wc -l)" = 0
must unit_is ondol-agent.service ActiveState active
must unit_is ondol-undo.socket ActiveState active
must logged ondol-undo 'generation 1 of the agent'
must test "$(unit ondol-agent.service User)" = ondol

story "another user cannot reach the keeper"
must test "$(on h1 stat -c '%a %U' /run/ondol/undo.sock)" = "600 ondol"

story "three crashes within five minutes: safe mode, confirmed routes enforced"
for crash in 1 2 3; do
  before=$(unit ondol-agent NRestarts)
  on h1 systemctl kill -s KILL ondol-agent
  eventually 20 "the agent after crash $crash" restarted_beyond "$before"
done
eventually 10 "safe mode" status_says 'safe_mode: 3 crashes in 5 minutes'
eventually 20 "the collector shows why" bash -c "'$road_top/deploy/lab' ctl --name $road_name host show h1 | grep -q safe_mode"
by_hand h1 route del 11.0.3.0/24
eventually 5 "11.0.3.0/24 back in safe mode" route_is_ours h1 11.0.3.0/24

story "a new generation waits until a person ends it"
dir=$(lab_dir)
sed -i '/list:/a\    - { to: 11.9.9.0/24, via: "{{ gateway }}", reason: later }' "$dir/fleet/layers/global.yaml"
ctl config apply "$dir/fleet" >/dev/null
eventually 20 "the generation that waits" status_says 'received 2, applied 1, running 1'
must has_ours h1 5
must test "$(on h1 ondol-agent release)" = released
eventually 20 "six routes" has_ours h1 6

story "a hung agent is noticed by the watchdog and started again"
before=$(unit ondol-agent NRestarts)
on h1 systemctl kill -s STOP ondol-agent
eventually 60 "the agent after the watchdog" restarted_beyond "$before"
must logged ondol-agent 'Watchdog timeout'

story "power cut with the collector dead: it boots the confirmed generation"
eventually 20 "confirmed" status_says 'running 2'
lab kill collector
lab kill h1

ip -n "ondol-$road_name-h1" route flush proto 79
lab start h1
eventually 30 "six routes after the boot" has_ours h1 6
eventually 20 "the agent" status_says 'running 2'
