. "$(dirname "$0")/road.sh"
lab up --hosts 1 --routes 50
batch() { local i; for ((i = 0; i < 100000; ++i)); do echo "route $1 100.$((64 + i / 65536)).$((i / 256 % 256)).$((i % 256))/32 via 10.77.255.1 proto $2"; done; }
batch add bird >"$road_work/daemon"; batch add static >"$road_work/static"; batch del static >"$road_work/static-del"
story "100,000 routes of a routing daemon: counted, not compared, no overrun"
on h1 ip -batch "$road_work/daemon"
must test "$(metric h1 ondol_agent_netlink_overruns_total)" = 0
must has_ours h1 50
on h1 ip route del 11.0.7.0/24
eventually 5 "repair still works beside them" route_is_ours h1 11.0.7.0/24
on h1 ip route flush proto bird
story "100,000 static routes by hand: the agent may resync, and says so; ours stay"
on h1 ip -batch "$road_work/static"
must has_ours h1 50
on h1 ip route del 11.0.9.0/24
eventually 30 "repair still works after the storm" route_is_ours h1 11.0.9.0/24
story "one of them, beyond what is kept of foreign routes, holds a wanted key: it is known and taken over"
held=100.65.134.10/32
sed -i "/list:/a\    - { to: $held, via: \"{{ gateway }}\", reason: adopted }" "$(lab_dir)/fleet/layers/global.yaml"
ctl config apply "$(lab_dir)/fleet" >/dev/null
eventually 30 "$held taken over" route_is_ours h1 $held
sed -i "s|.*$held.*||" "$road_work/static-del"
on h1 ip -batch "$road_work/static-del"
eventually 60 "in sync again" no_drift
