. "$(dirname "$0")/../../integration/road/road.sh"
lab up --hosts 1 --routes 5 --boot
dir=$(lab_dir)
logged() { on h1 journalctl --no-pager -o cat -u "$1" | grep "$2" >/dev/null; }
status_says() { on h1 ondol-agent status | grep "$1" >/dev/null; }
is_bad() { ip -n "ondol-$road_name-h1" route show 10.77.255.1 | grep 10.77.0.99 >/dev/null; }
is_well() { ! is_bad && has_ours h1 5; }
# Whoever tries this cuts himself off: the collector is reached through nobody from then on.
apply_bad_revision() {
  sed -e 's/gateway: 10.77.255.1/gateway: 10.77.0.1/' -e '/list:/a\    - { to: 10.77.255.1/32, via: 10.77.0.99, reason: bad }' \
    -e '$a trial: { deadline: 15s }' "$dir/fleet/layers/global.yaml" >"$road_work/bad.yaml"
  mkdir -p "$road_work/fleet"
  cp -r "$dir/fleet/." "$road_work/fleet/"
  mv "$road_work/bad.yaml" "$road_work/fleet/layers/global.yaml"
  ctl config apply "$road_work/fleet" >/dev/null
}

story "the agent is gone for good during a trial: the keeper undoes it from within its sandbox"
apply_bad_revision
eventually 20 "the bad revision on trial" is_bad
eventually 5 "the keeper" logged ondol-undo 'generation 2 of the agent'
on h1 systemctl mask --quiet --runtime ondol-agent
on h1 systemctl kill -s KILL ondol-agent
eventually 25 "the routes from before" is_well
eventually 5 "its words" logged ondol-undo 'generation 2: undo began'
on h1 journalctl --no-pager -o cat -u ondol-undo | grep 'undo began'

story "a power cut during a trial: the host boots the confirmed generation"
on h1 systemctl unmask --quiet --runtime ondol-agent
on h1 systemctl start ondol-agent
eventually 30 "online again" host_is h1 online
# The same again, as a new revision.
sed -i 's/reason: lab/reason: once more/' "$dir/fleet/layers/global.yaml"
apply_bad_revision
eventually 20 "the bad revision on trial" is_bad
lab kill h1
ip -n "ondol-$road_name-h1" route flush proto 79
lab start h1
eventually 30 "the routes from before after the boot" is_well
eventually 30 "the agent" status_says 'running 1'
