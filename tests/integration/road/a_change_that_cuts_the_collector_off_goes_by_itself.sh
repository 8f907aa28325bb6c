. "$(dirname "$0")/road.sh"
lab up --hosts 1 --routes 20
layer=$(lab_dir)/fleet/layers/global.yaml
applies() { ctl config apply "$(lab_dir)/fleet" >"$road_work/apply"; }
history_says() { ctl host history h1 | grep -q "$1"; }
story "the first change was tried, and confirmed over a connection of its own"
must history_says 'generation 1 on trial'
must history_says 'generation 1 confirmed'
story "a change that leads the collector's address astray is applied, and cuts the host off"
sed -i 's/gateway: 10.77.255.1 /gateway: 10.77.200.1 /' "$layer"
{ echo "    - { to: 10.77.255.1/32, via: 10.77.0.99, reason: bad }"; echo "trial: { deadline: 8s }"; } >>"$layer"
must applies
eventually 5 "the bad route on h1" on h1 sh -c 'ip route show 10.77.255.1/32 | grep -q 10.77.0.99'
story "it goes by itself at its deadline, as a whole, and the host tells why"
eventually 15 "the bad route gone" on h1 sh -c '! ip route show 10.77.255.1/32 | grep -q .'
eventually 5 "the old routes back" on h1 sh -c 'ip route show 11.0.7.0/24 | grep -q 10.77.255.1'
eventually 30 "the outcome in the history" history_says 'generation 2 rolled back: no_contact'
must test "$(ours h1)" = 20
must test "$(metric h1 'ondol_agent_trials_total{outcome="no_contact"}')" = 1
