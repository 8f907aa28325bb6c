. "$(dirname "$0")/road.sh"
lab up --hosts 1 --routes 30
story "link down: IPv4 routes vanish without a kernel message; link up: they are back"
on h1 ip link set eth0 down
eventually 5 "routes gone" has_ours h1 0
on h1 ip link set eth0 up
eventually 10 "routes back after link up" has_ours h1 30
story "address removed and given back"
address=$(on h1 ip -4 -o addr show dev eth0 | awk '{print $4}')
on h1 ip addr del "$address" dev eth0
eventually 5 "routes gone with the address" has_ours h1 0
on h1 ip addr add "$address" dev eth0
eventually 10 "routes back with the address" has_ours h1 30
story "interface renamed: intent names no interface, so nothing is lost"
on h1 ip link set eth0 down
on h1 ip link set eth0 name lan0
on h1 ip link set lan0 up
eventually 10 "routes back on lan0" has_ours h1 30
eventually 20 "no drift in the end" no_drift
