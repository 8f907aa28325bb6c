. "$(dirname "$0")/road.sh"
lab up --hosts 3 --routes 20
lab kill collector
story "without a collector a route removed by hand comes back"
by_hand h2 route del 11.0.3.0/24
eventually 5 "11.0.3.0/24 back with the collector dead" route_is_ours h2 11.0.3.0/24
story "an agent killed and started with the collector dead enforces what was confirmed"
lab kill h3
on h3 ip route flush proto 79
lab start h3
eventually 10 "20 routes enforced from disk" has_ours h3 20
story "the collector comes back: all agents return and what happened meanwhile is told"
lab start collector
all_back() { [ "$(ctl host list --no-headers -o wide | grep -c online)" = 3 ]; }
eventually 90 "three agents back" all_back
eventually 10 "the edit made meanwhile is in the record" drift_says h2 '11.0.3.0/24.*ip -batch'
