# A port of h1 that the collector could reach before a change and not after it: h1 undoes the change by itself and says
# why; h2, where nothing ever listened there, keeps it. The same layers again are tried again where they were undone.
. "$(dirname "$0")/road.sh"
lab up --hosts 2 --routes 5
layer=$(lab_dir)/fleet/layers/global.yaml

history_says() { ctl host history "$1" --no-headers | grep -q "$2"; }
is_counted() { [ "$(metric collector 'ondol_collector_trials_total{end="probe"}')" = 1 ]; }
show_says() { ctl host show "$1" | grep -q "$2"; }

story "other rules of the trial alone change no host"
printf 'trial: { deadline: 15s }\nprobes: [ { inbound: 2222, name: door } ]\n' >>"$layer"
must grep -q '0 of 2 hosts change' <<<"$(ctl config apply "$(lab_dir)/fleet")"

story "the door opens once: before the change"
on h1 python3 -c '
import socket
door = socket.socket()
door.bind(("0.0.0.0", 2222))
door.listen(1)
print("open", flush=True)
door.accept()' >"$road_work/door" &
eventually 10 "the door is open" grep -q open "$road_work/door"
sed -i '/11.0.4.0/a \    - { to: 11.0.9.0/24, via: "{{ gateway }}", reason: new }' "$layer"
must ctl config apply "$(lab_dir)/fleet"
eventually 30 "h1 undid the change" history_says h1 'generation 2 rolled back: probe: inbound tcp/2222 (door) was green before'
eventually 30 "h2 kept it" history_says h2 'generation 2 confirmed'
must has_ours h1 5
must has_ours h2 6

story "the operator sees which probe turned red, and how many were undone"
must show_says h1 'inbound tcp/2222 (door) *green *red'
must grep -q '1 rolled back' <<<"$(ctl status)"
eventually 5 "it is counted by its word" is_counted

story "the same layers again"
must grep -q '1 of 2 hosts change' <<<"$(ctl config apply "$(lab_dir)/fleet")"
eventually 30 "h1 took it this time" history_says h1 'generation 3 confirmed'
must has_ours h1 6
